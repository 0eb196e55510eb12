// A run that is killed in mid-download, as a real process: bundled as the plugin is.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { buildSync } from "esbuild";
import { CancelledError } from "../errors";
import { closeServersAfterAll, serve, startServer } from "./http-server.fixture";
import { createImageSources } from "./image-sources";
import { checksumOf, contentOf, quickTiming, rawImage, requestFor, scratchFolder } from "./scratch.fixture";

const scratch = scratchFolder();
closeServersAfterAll();

/** A program that opens the image of its first argument and prints what it is. */
function bundledProgram(): string {
  const program = `
    import { createImageSources } from ${JSON.stringify(`${__dirname}/image-sources`)};
    const [source, hex, cacheDir] = process.argv.slice(2);
    const checksum = { algorithm: "sha256", hex };
    createImageSources({ cacheDir, env: {} }).open({ source, checksum, signal: new AbortController().signal, status: () => {} })
      .then((image) => { console.log(image.sha256); return image.close(); });`;
  const options = { bundle: true, platform: "node", format: "cjs", outfile: scratch.path("program.js") } as const;
  buildSync({ ...options, stdin: { contents: program, loader: "ts", resolveDir: __dirname } });
  return options.outfile;
}

const start = (program: string, ...args: readonly string[]) => {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (text: Buffer) => (printed += text.toString()));
  const ended = new Promise<string>((resolve) => child.on("close", () => resolve(printed.trim())));
  return { child, ended };
};

test("killed in mid-download, a run leaves nothing that looks whole, and the next one goes on", async () => {
  const content = rawImage(2_000_000);
  const cacheDir = scratch.path("cache");
  mkdirSync(cacheDir);
  const server = await startServer({
    "/d": (request, response, count) => {
      if (count > 0) {
        serve(content, { etag: '"1"' })(request, response, count);
        return;
      }
      response.writeHead(200, { "content-length": content.length, etag: '"1"' });
      response.write(content.subarray(0, 1_000_000));
    },
  });
  const { child, ended } = start(bundledProgram(), `${server.url}/d`, checksumOf(content).hex, cacheDir);
  const parts = () => readdirSync(cacheDir).filter((name) => name.includes(".part.") && !name.endsWith(".version"));
  while (!parts().some((name) => statSync(scratch.path("cache", name)).size > 0)) await sleep(20);
  child.kill("SIGKILL");
  await ended;
  expect(readdirSync(cacheDir).filter((name) => name.endsWith(".image"))).toEqual([]);

  const next = createImageSources({ cacheDir, env: {}, timing: quickTiming });
  const image = await next.open(requestFor(`${server.url}/d`, { checksum: checksumOf(content) }));
  expect((await contentOf(image)).equals(content)).toBe(true);
  expect(server.seen[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  expect(parts()).toEqual([]);
}, 30_000);

test("two processes at once download once", async () => {
  const content = rawImage(2_000_000);
  const cacheDir = scratch.path("shared");
  mkdirSync(cacheDir);
  const server = await startServer({
    "/d": (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 1_000_000));
      setTimeout(() => response.end(content.subarray(1_000_000)), 2_000);
    },
  });
  const program = bundledProgram();
  const args = [`${server.url}/d`, checksumOf(content).hex, cacheDir] as const;
  const first = start(program, ...args);
  while (server.seen.length === 0) await sleep(20);
  const second = start(program, ...args);
  expect(await Promise.all([first.ended, second.ended])).toEqual([checksumOf(content).hex, checksumOf(content).hex]);
  expect(server.seen).toHaveLength(1);
}, 30_000);

test("who waits for another run can be cancelled, and hurts nothing", async () => {
  const content = rawImage();
  const cacheDir = scratch.path("waiting");
  const server = await startServer({ "/d": serve(content, {}) });
  const request = requestFor(`${server.url}/d`, { checksum: "none" });
  const sources = createImageSources({ cacheDir, env: {}, timing: quickTiming });
  await (await sources.open(request)).close();
  const [image = ""] = readdirSync(cacheDir).filter((name) => name.endsWith(".image"));
  writeFileSync(scratch.path("waiting", `${image.replace(".image", "")}.part.1.1.1.elsewhere`), "x");
  await expect(sources.open({ ...request, signal: AbortSignal.timeout(200) })).rejects.toBeInstanceOf(CancelledError);
  expect(statSync(scratch.path("waiting", image)).size).toBe(content.length);
});
