import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeOrSkip } from "../../tools/lab/lab";
import { CancelledError, ImageError } from "../errors";
import type { ImageSourcesOptions } from "./image-sources";
import { createImageSources } from "./image-sources";
import { checksumOf, contentOf, quickTiming, rawImage, requestFor, scratchFolder, sha256 } from "./scratch.fixture";
import { parseListing } from "./sftp-fetch";
import { sftpFailure } from "./sftp-failures";
import type { SftpServer } from "./sftp-server.fixture";
import { missingForSftp, startSftpServer } from "./sftp-server.fixture";

test.each([
  {
    line: "-rw-r--r--    ? 0        0          123456 Aug  1 10:00 /images/a b.img",
    is: { kind: "file", sizeBytes: 123_456, version: { listing: "123456 Aug 1 10:00" } },
    because: "as it is printed",
  },
  { line: "lrwxrwxrwx    ? 0        0              12 Jan 12  2024 /latest", is: { kind: "link", sizeBytes: 12 }, because: "a link" },
  { line: "drwxr-xr-x    ? 0        0            4096 Aug  1 10:00 /images/old", is: { kind: "other" }, because: "a folder" },
  { line: 'sftp> ls -ln "/images"', is: undefined, because: "the echo of a command" },
])("a listing: $because", ({ line, is }) => {
  if (is === undefined) expect(parseListing(line)).toBeUndefined();
  else expect(parseListing(line)).toMatchObject(is);
});

test("an end without a word is a connection that was cut off", () => {
  expect(sftpFailure("\n", { kind: "sftp", host: "h", path: "/x" })).toMatchObject({
    wrong: "the connection to h was cut off.",
    details: { isTransient: true },
  });
});

test("a failure that nobody has met yet is told as it is", () => {
  expect(sftpFailure("warning: x\nsomething odd\n", { kind: "sftp", host: "h", path: "/x" }).wrong).toBe("sftp failed: something odd.");
});

describeOrSkip(missingForSftp(), "sftp, through a real sshd", () => {
  const scratch = scratchFolder();
  let server: SftpServer;
  let images = "";
  beforeAll(async () => {
    server = await startSftpServer(scratch.path("server"));
    images = scratch.path("images");
    mkdirSync(images);
  });
  afterAll(() => server.stop());
  afterEach(() => {
    server.rememberHostKey();
    server.setClientKey("known");
  });

  const sources = (options: ImageSourcesOptions = {}) =>
    createImageSources({
      cacheDir: scratch.path("the cache"),
      env: { ...process.env, PATH: `${server.bin}:${process.env["PATH"] ?? ""}` },
      timing: { ...quickTiming, silenceMs: 10_000 },
      ...options,
    });
  const url = (path: string) => `sftp://${server.user}@127.0.0.1:${server.port}${path.split("/").map(encodeURIComponent).join("/")}`;
  const failure = async (work: Promise<unknown>): Promise<ImageError> => {
    const error: unknown = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ImageError);
    return error as ImageError;
  };
  /** Puts a file where the server finds it. */
  const put = (name: string, content: Buffer): string => {
    writeFileSync(join(images, name), content);
    return join(images, name);
  };

  test.each([
    { name: "debian.img", because: "a plain name" },
    { name: "a b \"c\" 'd' [e]* $f;g.img", because: "characters that sftp and shells would read otherwise" },
    { name: "-f", because: "a name like an option" },
  ])("$name comes whole: $because", async ({ name }) => {
    const content = rawImage(500_000);
    const image = await sources().open(requestFor(url(put(name, content)), { checksum: checksumOf(content) }));
    expect(image.fileName).toBe(name);
    expect((await contentOf(image)).equals(content)).toBe(true);
  });

  test("a link is followed", async () => {
    const content = rawImage();
    put("v1.img", content);
    symlinkSync("v1.img", join(images, "latest.img"));
    const image = await sources().open(requestFor(url(join(images, "latest.img")), { checksum: checksumOf(content) }));
    expect((await contentOf(image)).equals(content)).toBe(true);
  });

  /** A run that is stopped as soon as something has come; what it left is then replaced by `left`. Returns what the next run says. */
  async function openAfter(name: string, content: Buffer, left: Buffer): Promise<readonly string[]> {
    const request = requestFor(url(put(name, content)), { checksum: checksumOf(content) });
    const cacheDir = scratch.path(`cache of ${name}`);
    const parts = () =>
      (existsSync(cacheDir) ? readdirSync(cacheDir) : []).filter((each) => each.includes(".part.") && !each.endsWith(".version"));
    const sizeOf = (part: string) => statSync(join(cacheDir, part), { throwIfNoEntry: false })?.size ?? 0;
    const controller = new AbortController();
    const first = sources({ cacheDir }).open({ ...request, signal: controller.signal });
    while (!parts().some((part) => sizeOf(part) > 0)) await sleep(2);
    controller.abort();
    await expect(first).rejects.toBeInstanceOf(CancelledError);
    const [part = "the run was too quick to be stopped"] = parts();
    writeFileSync(join(cacheDir, part), left);
    expect((await contentOf(await sources({ cacheDir }).open(request))).equals(content)).toBe(true);
    return request.lines;
  }

  test("what an interrupted run left is kept", async () => {
    const content = rawImage(60_000_000);
    const lines = await openAfter("resumed.img", content, content.subarray(0, 20_000_000));
    expect(lines.join("\n")).not.toContain("Starting over");
  }, 30_000);

  test("the rest alone is fetched: where what was left is spoiled, so is the whole, and it is begun anew", async () => {
    const lines = await openAfter("spoiled.img", rawImage(60_000_000), Buffer.alloc(20_000_000, 1));
    expect(lines.join("\n")).toContain("Starting over");
  }, 30_000);

  test("without a checksum, size and time tell whether it is the same", async () => {
    const [first, second] = [rawImage(), rawImage()];
    const path = put("moving.img", first);
    const open = async () => contentOf(await sources().open(requestFor(url(path), { checksum: "none" })));
    expect((await open()).equals(first)).toBe(true);
    expect((await open()).equals(first)).toBe(true);
    put("moving.img", second);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
    expect((await open()).equals(second)).toBe(true);
  });

  test("a connection that is cut off is taken up again", async () => {
    const content = rawImage(1);
    const path = put("large.img", content);
    truncateSync(path, 150_000_000);
    const request = requestFor(url(path), { checksum: "none" });
    const cacheDir = scratch.path("cut");
    const opened = sources({ cacheDir, timing: { ...quickTiming, silenceMs: 10_000, retryDelaysMs: [50, 50] } }).open(request);
    for (;;) {
      await sleep(10);
      const names = existsSync(cacheDir) ? readdirSync(cacheDir) : [];
      const part = names.find((name) => name.includes(".part.") && !name.endsWith(".version"));
      if (part !== undefined && statSync(join(cacheDir, part)).size > 1_000_000) break;
    }
    server.cutConnections();
    const image = await opened;
    expect(image.fileBytes).toBe(150_000_000);
    await image.close();
    expect(request.lines.join("\n")).toMatch(/cut off\. Trying again/);
  }, 60_000);

  test.each([
    { spoil: () => server.forgetHostKey(), wrong: /host key of .* is not known/, wayOut: /accept it/, because: "nobody ever connected" },
    {
      spoil: () => server.mistakeHostKey(),
      wrong: /not the one in known_hosts/,
      wayOut: /ssh-keygen -R/,
      because: "another machine answers",
    },
    {
      spoil: () => server.setClientKey("unknown"),
      wrong: /none of this user's keys/,
      wayOut: /authorized_keys/,
      because: "the key is not known there",
    },
  ])("refused: $because", async ({ spoil, wrong, wayOut }) => {
    const path = put("refused.img", rawImage(1000));
    spoil();
    const error = await failure(sources().open(requestFor(url(path), { checksum: "none" })));
    expect(error.message).toMatch(wrong);
    expect(error.message).toContain(`127.0.0.1:${server.port}`);
    expect(error.context.wayOut).toMatch(wayOut);
  });

  test.each([
    { path: () => join(images, "nowhere.img"), wrong: /there is no .*nowhere\.img/, because: "no such file" },
    { path: () => images, wrong: /no regular file|lists no such file/, because: "a folder" },
  ])("not there: $because", async ({ path, wrong }) => {
    put("one.img", rawImage(1000));
    const error = await failure(sources().open(requestFor(url(path()), { checksum: "none" })));
    expect(error.message).toMatch(wrong);
  });

  test("a mismatch names both digests and leaves nothing", async () => {
    const content = rawImage();
    const request = requestFor(url(put("wrong.img", content)), { checksum: { algorithm: "sha256", hex: "f".repeat(64) } });
    const error = await failure(sources({ cacheDir: scratch.path("mismatch") }).open(request));
    expect(error.message).toContain(sha256(content));
    expect(readdirSync(scratch.path("mismatch")).filter((name) => name !== "digests")).toEqual([]);
  });

  test("a port that nobody listens on", async () => {
    const error = await failure(sources().open(requestFor("sftp://127.0.0.1:1/x.img", { checksum: "none" })));
    expect(error.message).toContain("refused the connection");
  });

  test("a server that takes the connection and says nothing", async () => {
    const silent = spawn(process.execPath, [
      "-e",
      "require('net').createServer(()=>{}).listen(0,'127.0.0.1',function(){console.log(this.address().port)})",
    ]);
    try {
      const port = await new Promise<string>((resolve) => silent.stdout.once("data", (text: Buffer) => resolve(text.toString().trim())));
      const impatient = sources({ timing: { silenceMs: 1_000, retryDelaysMs: [], pollMs: 50 } });
      const error = await failure(impatient.open(requestFor(`sftp://127.0.0.1:${port}/x.img`, { checksum: "none" })));
      expect(error.message).toMatch(/silent for too long|does not answer/);
    } finally {
      silent.kill();
    }
  });

  test("no sftp program", async () => {
    const error = await failure(sources({ env: { PATH: "/nonexistent" } }).open(requestFor("sftp://h/x.img", { checksum: "none" })));
    expect(error.context.wayOut).toContain("openssh-client");
  });
});
