import { readdir, rm, writeFile } from "node:fs/promises";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { describeOrSkip } from "../../tools/lab/lab";
import { CancelledError, ImageError } from "../errors";
import type { Answer } from "./http-server.fixture";
import { closeServersAfterAll, serve, startProxy, startServer } from "./http-server.fixture";
import { redirectTarget } from "./http-client";
import type { ImageSourcesOptions } from "./image-sources";
import { createImageSources } from "./image-sources";
import { checksumOf, contentOf, quickTiming, rawImage, requestFor, scratchFolder, sha256, sha512 } from "./scratch.fixture";

const scratch = scratchFolder();
closeServersAfterAll();

const sourcesWith = (options: ImageSourcesOptions = {}) =>
  createImageSources({ cacheDir: scratch.path("cache"), env: {}, timing: quickTiming, ...options });
const sources = () => sourcesWith();
const inCache = async () => (await readdir(scratch.path("cache"))).filter((name) => name !== "digests");
const failure = async (work: Promise<unknown>): Promise<ImageError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  return error as ImageError;
};

describe("a download", () => {
  test("is verified, keeps its name, and needs no network the second time", async () => {
    const content = rawImage();
    const server = await startServer({ "/images/debian%2012.img": serve(content, { etag: '"1"' }) });
    const source = `${server.url}/images/debian%2012.img`;
    const image = await sources().open(requestFor(source, { checksum: checksumOf(content) }));
    expect(image).toMatchObject({ fileName: "debian 12.img", sha256: sha256(content), fileBytes: content.length, format: "raw" });
    expect((await contentOf(image)).equals(content)).toBe(true);
    const again = await sources().open(requestFor(source, { checksum: { algorithm: "sha256", hex: sha256(content).toUpperCase() } }));
    expect((await contentOf(again)).equals(content)).toBe(true);
    expect(server.seen).toHaveLength(1);
    expect(server.seen[0]?.headers).toMatchObject({ "accept-encoding": "identity", "user-agent": "pulumi-kvm" });
  });

  test("may be named by its sha512", async () => {
    const content = rawImage();
    const server = await startServer({ "/d": serve(content, {}) });
    const image = await sources().open(requestFor(`${server.url}/d`, { checksum: { algorithm: "sha512", hex: sha512(content) } }));
    expect(image.sha256).toBe(sha256(content));
    await image.close();
  });

  test("from a mirror is the same image where the checksum says so", async () => {
    const content = rawImage();
    const server = await startServer({ "/one?signature=1": serve(content, {}) });
    const checksum = checksumOf(content);
    await (await sources().open(requestFor(`${server.url}/one?signature=1`, { checksum }))).close();
    await (await sources().open(requestFor(`${server.url}/one?signature=2`, { checksum }))).close();
    expect(server.seen).toHaveLength(1);
  });

  test("that somebody changed in the cache is downloaded again", async () => {
    const content = rawImage(5_000_000);
    const server = await startServer({ "/d": serve(content, {}) });
    const own = createImageSources({ cacheDir: scratch.path("touched"), env: {}, timing: quickTiming });
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    await (await own.open(request)).close();
    const [file = ""] = (await readdir(scratch.path("touched"))).filter((name) => name.endsWith(".image"));
    await writeFile(scratch.path("touched", file), "something else");
    expect((await contentOf(await own.open(request))).equals(content)).toBe(true);
    expect(server.seen).toHaveLength(2);
  });

  test("that does not fit its checksum is an error that names all of it, and leaves nothing", async () => {
    await rm(scratch.path("cache"), { recursive: true, force: true });
    const content = rawImage();
    const server = await startServer({ "/d.img": serve(content, { etag: '"1"' }) });
    const expected = "0".repeat(64);
    const error = await failure(sources().open(requestFor(`${server.url}/d.img`, { checksum: { algorithm: "sha256", hex: expected } })));
    for (const part of [`${server.url}/d.img`, expected, sha256(content), "removed"]) expect(error.message).toContain(part);
    expect(await inCache()).toEqual([]);
    expect(server.seen).toHaveLength(1);
  });

  test("without a checksum is asked for again only if it is another one", async () => {
    const [first, second] = [rawImage(), rawImage()];
    let current = serve(first, { etag: '"1"' });
    const server = await startServer({ "/latest": (...all) => current(...all) });
    const open = async () => contentOf(await sources().open(requestFor(`${server.url}/latest`, { checksum: "none" })));
    expect((await open()).equals(first)).toBe(true);
    expect((await open()).equals(first)).toBe(true);
    expect(server.seen[1]?.headers["if-none-match"]).toBe('"1"');
    current = serve(second, { etag: '"2"' });
    expect((await open()).equals(second)).toBe(true);
    expect(server.seen).toHaveLength(3);
  });

  test("sends the URL's own credentials to its own host alone, and shows them to nobody", async () => {
    const content = rawImage();
    const other = await startServer({ "/d": serve(content, {}) });
    const server = await startServer({
      "/here": (_request, response) => void response.writeHead(302, { location: "/there" }).end(),
      "/there": (_request, response) => void response.writeHead(302, { location: `${other.url}/d` }).end(),
    });
    const request = requestFor(`http://me:s%40cret@127.0.0.1:${server.port}/here`, { checksum: checksumOf(content) });
    await (await sources().open(request)).close();
    const sent = `Basic ${Buffer.from("me:s@cret").toString("base64")}`;
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([sent, sent]);
    expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    const error = await failure(
      sources().open(requestFor(`http://me:s%40cret@127.0.0.1:${server.port}/gone?key=s3`, { checksum: "none" })),
    );
    expect(error.message).not.toMatch(/s@cret|s%40cret|s3/);
  });
});

describe("redirects", () => {
  const to =
    (location: string): Answer =>
    (_request, response) =>
      void response.writeHead(302, { location }).end("moved");

  test("are followed, ten at most", async () => {
    const content = rawImage();
    const hops = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`/${at}`, to(at === 9 ? "/d" : `/${at + 1}`)]));
    const server = await startServer({ ...hops, "/d": serve(content, {}), "/loop": to("/loop") });
    await (await sources().open(requestFor(`${server.url}/0`, { checksum: checksumOf(content) }))).close();
    expect((await failure(sources().open(requestFor(`${server.url}/loop`, { checksum: "none" })))).message).toContain("more than 10 times");
  });

  test.each([
    { location: "http://h/x", mayLeaveTls: false, wrong: /from https to http/, because: "anybody on the way could change it" },
    { location: "ftp://h/x", mayLeaveTls: true, wrong: /ftp:/, because: "not ours to follow" },
    { location: "file:///etc/shadow", mayLeaveTls: true, wrong: /file:/, because: "a server may not name our files" },
    { location: "http://", mayLeaveTls: true, wrong: /no URL/, because: "nonsense" },
  ])("to $location are refused: $because", ({ location, mayLeaveTls, wrong }) => {
    expect(() => redirectTarget(new URL("https://host/a"), location, mayLeaveTls)).toThrow(wrong);
  });

  test("may leave https where a checksum tells what comes", () => {
    expect(redirectTarget(new URL("https://u:p@host/a"), "http://h/x", true).href).toBe("http://h/x");
  });
});

describe("an interrupted download", () => {
  /** Cuts the first answers off, then serves in whole. */
  const cut =
    (content: Buffer, times: number, options: Parameters<typeof serve>[1]): Answer =>
    (request, response, count) =>
      serve(content, count < times ? { ...options, cutAfter: 100_000 } : options)(request, response, count);

  test("goes on where it was cut off", async () => {
    const content = rawImage(1_000_000);
    const server = await startServer({ "/d": cut(content, 2, { etag: '"1"' }) });
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    expect((await contentOf(await sources().open(request))).equals(content)).toBe(true);
    const ranges = server.seen.map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1)).toEqual([expect.stringMatching(/^bytes=[1-9]\d*-$/), expect.stringMatching(/^bytes=[1-9]\d*-$/)]);
    expect(server.seen[1]?.headers["if-range"]).toBe('"1"');
    expect(request.lines.join("\n")).toMatch(/cut off\. Trying again/);
  });

  test.each([
    { options: { ranges: false, etag: '"1"' }, range: /bytes/, because: "a server without ranges sends all of it again" },
    { options: {}, range: /undefined/, because: "a server that names no version is asked for all of it" },
    { options: { etag: 'W/"1"' }, range: /undefined/, because: "a weak ETag may stand for other bytes" },
    { options: { lastModified: "Sat, 01 Aug 2026 10:00:00 GMT" }, range: /bytes/, because: "a date will do" },
  ])("is whole in the end: $because", async ({ options, range }) => {
    const content = rawImage();
    const server = await startServer({ "/d": cut(content, 1, options) });
    const image = await sources().open(requestFor(`${server.url}/d`, { checksum: checksumOf(content) }));
    expect((await contentOf(image)).equals(content)).toBe(true);
    expect(String(server.seen[1]?.headers.range)).toMatch(range);
  });

  test("of an image that was replaced meanwhile begins anew", async () => {
    const [old, fresh] = [rawImage(), rawImage(200_000)];
    const server = await startServer({
      "/d": (request, response, count) =>
        count === 0
          ? serve(old, { etag: '"old"', cutAfter: 250_000 })(request, response, count)
          : serve(fresh, { etag: '"new"' })(request, response, count),
    });
    const image = await sources().open(requestFor(`${server.url}/d`, { checksum: "none" }));
    expect((await contentOf(image)).equals(fresh)).toBe(true);
    expect(server.seen[1]?.headers["if-range"]).toBe('"old"');
  });

  test("of an earlier run is taken up by the next one", async () => {
    const content = rawImage(1_000_000);
    const server = await startServer({ "/d": cut(content, 1, { etag: '"1"' }) });
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    const impatient = sourcesWith({ timing: { ...quickTiming, retryDelaysMs: [] } });
    expect((await failure(impatient.open(request))).message).toContain("cut off");
    expect((await contentOf(await sources().open(request))).equals(content)).toBe(true);
    expect(server.seen[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test("of an earlier run that spoiled its bytes is begun anew, once", async () => {
    const content = rawImage(1_000_000);
    const server = await startServer({ "/d": cut(content, 1, { etag: '"1"' }) });
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    await failure(sourcesWith({ cacheDir: scratch.path("spoiled"), timing: { ...quickTiming, retryDelaysMs: [] } }).open(request));
    const [part = ""] = (await readdir(scratch.path("spoiled"))).filter((name) => name.includes(".part.") && !name.endsWith(".version"));
    await writeFile(scratch.path("spoiled", part), Buffer.alloc(5_000, 1));
    const image = await sourcesWith({ cacheDir: scratch.path("spoiled") }).open(request);
    expect((await contentOf(image)).equals(content)).toBe(true);
    expect(server.seen).toHaveLength(3);
  });

  test("that was whole already, but for its name, needs no byte more", async () => {
    const content = rawImage();
    const server = await startServer({ "/d": cut(content, 1, { etag: '"1"' }) });
    const own = { cacheDir: scratch.path("almost"), timing: { ...quickTiming, retryDelaysMs: [] } };
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    await failure(sourcesWith(own).open(request));
    const [part = ""] = (await readdir(scratch.path("almost"))).filter((name) => name.includes(".part.") && !name.endsWith(".version"));
    await writeFile(scratch.path("almost", part), content);
    expect((await contentOf(await sourcesWith(own).open(request))).equals(content)).toBe(true);
    expect(server.seen[1]?.headers.range).toBe(`bytes=${content.length}-`);
  });
});

describe("failures", () => {
  test.each([
    { status: 404, attempts: 1, wayOut: /Check the address/, because: "it will not come into being by asking again" },
    { status: 403, attempts: 1, wayOut: /login/, because: "a question of rights" },
    { status: 503, attempts: 4, wayOut: /goes on where it stopped/, because: "the server may be better in a moment" },
  ])("$status after $attempts attempts: $because", async ({ status, attempts, wayOut }) => {
    const server = await startServer({ "/d": (_request, response) => void response.writeHead(status).end("no") });
    const error = await failure(sources().open(requestFor(`${server.url}/d`, { checksum: "none" })));
    expect(error.message).toContain(`${server.url}/d: the server answered ${status}`);
    expect(error.context.wayOut).toMatch(wayOut);
    expect(server.seen).toHaveLength(attempts);
    expect((await inCache()).filter((name) => name.includes(".part."))).toEqual([]);
  });

  test("500, then what was asked for", async () => {
    const content = rawImage();
    const server = await startServer({
      "/d": (request, response, count) => (count < 2 ? void response.writeHead(500).end() : serve(content, {})(request, response, count)),
    });
    const image = await sources().open(requestFor(`${server.url}/d`, { checksum: checksumOf(content) }));
    expect((await contentOf(image)).equals(content)).toBe(true);
  });

  const noHeader: Answer = () => undefined;
  const stopsInBody: Answer = (_request, response) => void response.writeHead(200, { "content-length": 10 }).write("x");
  test.each([
    { answer: noHeader, because: "no header comes" },
    { answer: stopsInBody, because: "the body stops" },
  ])("silence ends: $because", async ({ answer }) => {
    const server = await startServer({ "/d": answer });
    const impatient = sourcesWith({ timing: { ...quickTiming, silenceMs: 300, retryDelaysMs: [] } });
    const error = await failure(impatient.open(requestFor(`${server.url}/d`, { checksum: "none" })));
    expect(error.message).toContain("silent for too long");
  });

  test("a port that nobody listens on", async () => {
    const error = await failure(sources().open(requestFor("http://127.0.0.1:1/d", { checksum: "none" })));
    expect(error.message).toContain("refused");
    expect(error.context.wayOut).toContain("HTTP_PROXY");
  });

  test("a cancelled run stops at once, and the next one goes on", async () => {
    const content = rawImage(1_000_000);
    const controller = new AbortController();
    const server = await startServer({
      "/d": (request, response, count) => {
        if (count > 0) {
          serve(content, { etag: '"1"' })(request, response, count);
          return;
        }
        response.writeHead(200, { "content-length": content.length, etag: '"1"' });
        response.write(content.subarray(0, 500_000), () => setTimeout(() => controller.abort(), 50));
      },
    });
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    await expect(sources().open({ ...request, signal: controller.signal })).rejects.toBeInstanceOf(CancelledError);
    expect((await contentOf(await sources().open(request))).equals(content)).toBe(true);
    expect(server.seen[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  test("a cache that cannot be made", async () => {
    await writeFile(scratch.path("a-file"), "");
    const error = await failure(
      sourcesWith({ cacheDir: scratch.path("a-file", "cache") }).open(requestFor("http://127.0.0.1:1/d", { checksum: "none" })),
    );
    expect(error.message).toContain("downloading http://127.0.0.1:1/d");
  });
});

test("progress tells MB and percent", async () => {
  const content = rawImage(3_000_000);
  const server = await startServer({
    "/debian.img": (_request, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 1_500_000));
      setTimeout(() => response.write(content.subarray(1_500_000, 2_250_000)), 700);
      setTimeout(() => response.end(content.subarray(2_250_000)), 800);
    },
  });
  const request = requestFor(`${server.url}/debian.img`, { checksum: checksumOf(content) });
  await (await sources().open(request)).close();
  expect(request.lines).toContainEqual(expect.stringMatching(/^downloading debian\.img: \d\.\d of 3\.0 MB \(\d+ %\)$/));
});

describe("several at once", () => {
  test("in one process fetch once", async () => {
    const content = rawImage(1_000_000);
    const server = await startServer({ "/d": serve(content, {}) });
    const own = sources();
    const request = requestFor(`${server.url}/d`, { checksum: checksumOf(content) });
    const images = await Promise.all([1, 2, 3].map(() => own.open(request)));
    expect(await Promise.all(images.map(async (image) => sha256(await contentOf(image))))).toEqual(Array(3).fill(sha256(content)));
    expect(server.seen).toHaveLength(1);
  });

  test("with a cache in common fetch once: the second waits", async () => {
    const content = rawImage(1_000_000);
    const server = await startServer({
      "/d": (_request, response) => {
        response.writeHead(200, { "content-length": content.length });
        response.write(content.subarray(0, 10));
        setTimeout(() => response.end(content.subarray(10)), 200);
      },
    });
    const [one, two] = [1, 2].map(() => requestFor(`${server.url}/d`, { checksum: checksumOf(content) }));
    const first = sources().open(one!);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const images = await Promise.all([first, sources().open(two!)]);
    expect(await Promise.all(images.map(async (image) => sha256(await contentOf(image))))).toEqual(Array(2).fill(sha256(content)));
    expect(server.seen).toHaveLength(1);
    expect(two!.lines).toContainEqual(expect.stringContaining("waiting for another run"));
  });
});

describe("proxies", () => {
  test.each([
    { name: "HTTP_PROXY", because: "upper case" },
    { name: "http_proxy", because: "lower case" },
  ])("$name: a host that only the proxy knows ($because)", async ({ name }) => {
    const content = rawImage();
    const [server, proxy] = [await startServer({ "/d": serve(content, {}) }), await startProxy()];
    const url = `http://images.invalid:${server.port}/d`;
    const image = await sourcesWith({ env: { [name]: proxy.url } }).open(requestFor(url, { checksum: checksumOf(content) }));
    expect((await contentOf(image)).equals(content)).toBe(true);
    expect(proxy.seen).toEqual([`GET ${url}`]);
  });

  test("a proxy without a scheme, as users write it", async () => {
    const content = rawImage();
    const [server, proxy] = [await startServer({ "/d": serve(content, {}) }), await startProxy()];
    const own = sourcesWith({ env: { http_proxy: `127.0.0.1:${proxy.port}` } });
    await (await own.open(requestFor(`http://images.invalid:${server.port}/d`, { checksum: checksumOf(content) }))).close();
    expect(proxy.seen).toHaveLength(1);
  });

  test.each([
    { env: { NO_PROXY: "127.0.0.1" }, because: "upper case" },
    { env: { no_proxy: "example.com,127.0.0.1" }, because: "lower case, one of several" },
    { env: { NO_PROXY: "*" }, because: "all" },
  ])("NO_PROXY: straight to the host ($because)", async ({ env }) => {
    const content = rawImage();
    const [server, proxy] = [await startServer({ "/d": serve(content, {}) }), await startProxy()];
    const own = sourcesWith({ env: { ...env, HTTP_PROXY: proxy.url } });
    await (await own.open(requestFor(`${server.url}/d`, { checksum: checksumOf(content) }))).close();
    expect(proxy.seen).toEqual([]);
  });

  test("the process's own variables are not looked at where others are given", async () => {
    const content = rawImage();
    const [server, proxy] = [await startServer({ "/d": serve(content, {}) }), await startProxy()];
    process.env["HTTP_PROXY"] = proxy.url;
    try {
      await (await sources().open(requestFor(`${server.url}/d`, { checksum: checksumOf(content) }))).close();
    } finally {
      delete process.env["HTTP_PROXY"];
    }
    expect(proxy.seen).toEqual([]);
  });

  const { status: openssl } = spawnSync("openssl", ["version"]);
  describeOrSkip(openssl === 0 ? undefined : "no openssl", "and certificates", () => {
    test("https goes through a tunnel, and a certificate of nobody's is refused", async () => {
      const [key, cert] = [scratch.path("key.pem"), scratch.path("cert.pem")];
      const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=images.invalid"];
      execFileSync("openssl", ["req", "-x509", ...kind, "-keyout", key, "-out", cert], { stdio: "ignore" });
      const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => response.end("x"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const proxy = await startProxy();
      try {
        const own = sourcesWith({ env: { https_proxy: proxy.url } });
        const error = await failure(own.open(requestFor(`https://images.invalid:${port}/${basename(key)}`, { checksum: "none" })));
        expect(proxy.seen).toEqual([`CONNECT images.invalid:${port}`]);
        expect(error.message).toContain("signed by itself");
        expect(error.context.wayOut).toContain("NODE_EXTRA_CA_CERTS");
      } finally {
        server.closeAllConnections();
        server.close();
      }
    });
  });
});
