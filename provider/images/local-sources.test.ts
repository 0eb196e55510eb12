import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describeOrSkip } from "../../tools/lab/lab";
import { CancelledError, ImageError } from "../errors";
import { createImageSources } from "./image-sources";
import { qcow2File, soundClusters } from "./qcow2.fixture";
import { checksumOf, contentOf, quickTiming, rawImage, requestFor, scratchFolder, sha256, sha512 } from "./scratch.fixture";

const scratch = scratchFolder();
const sources = () => createImageSources({ cacheDir: scratch.path("cache"), env: {}, timing: quickTiming });
const put = (name: string, content: Buffer): string => {
  writeFileSync(scratch.path(name), content);
  return scratch.path(name);
};
const failure = async (work: Promise<unknown>): Promise<ImageError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImageError);
  return error as ImageError;
};

describe("a file of this machine", () => {
  const content = rawImage();
  test.each([
    { source: (path: string) => path, checksum: undefined, because: "a checksum is a luxury here" },
    { source: (path: string) => pathToFileURL(path).href, checksum: checksumOf(content), because: "a URL, with the right checksum" },
    { source: (path: string) => path, checksum: { algorithm: "sha512" as const, hex: sha512(content) }, because: "the longer checksum" },
    { source: (path: string) => path, checksum: "none" as const, because: "waived" },
  ])("is what it is: $because", async ({ source, checksum }) => {
    const image = await sources().open(requestFor(source(put("disk one.img", content)), { checksum }));
    expect(image).toMatchObject({ fileName: "disk one.img", format: "raw", capacityBytes: content.length, sha256: sha256(content) });
    expect((await contentOf(image)).equals(content)).toBe(true);
  });

  test("may be a link", async () => {
    put("v1.img", content);
    symlinkSync("v1.img", scratch.path("latest.img"));
    const image = await sources().open(requestFor(scratch.path("latest.img")));
    expect(image).toMatchObject({ fileName: "latest.img", fileBytes: content.length });
    await image.close();
  });

  test.each([
    { make: () => scratch.path("nowhere.img"), wrong: /there is no such file/, because: "not there" },
    { make: () => scratch.path("v1.img", "x"), wrong: /no folder/, because: "a path through a file" },
    { make: () => scratch.path(), wrong: /no regular file|is a folder/, because: "a folder" },
    { make: () => "/dev/null", wrong: /no regular file/, because: "a device" },
    { make: () => put("empty.img", Buffer.alloc(0)), wrong: /empty/, because: "empty" },
    { make: () => put("a.vmdk", Buffer.from("KDMV")), wrong: /VMDK/, because: "another format" },
    {
      make: () => {
        execFileSync("mkfifo", [scratch.path("pipe")]);
        return scratch.path("pipe");
      },
      wrong: /no regular file/,
      because: "a pipe, which would wait for its writer",
    },
  ])("is refused with its name: $because", async ({ make, wrong }) => {
    const path = make();
    const error = await failure(sources().open(requestFor(path)));
    expect(error.message).toMatch(wrong);
    expect(error.message).toContain(path);
  });

  test("with another checksum than was given", async () => {
    const expected = { algorithm: "sha256" as const, hex: "a".repeat(64) };
    const error = await failure(sources().open(requestFor(put("d.img", content), { checksum: expected })));
    for (const part of [scratch.path("d.img"), expected.hex, sha256(content)]) expect(error.message).toContain(part);
    expect(existsSync(scratch.path("d.img"))).toBe(true);
  });

  test("that changes while its pieces are read is an error, not an image", async () => {
    const path = put("busy.img", rawImage(3_000_000));
    const image = await sources().open(requestFor(path));
    const iterator = image.pieces()[Symbol.asyncIterator]();
    await iterator.next();
    appendFileSync(path, "more");
    const rest = (async () => {
      while ((await iterator.next()).done !== true);
    })();
    expect((await failure(rest)).message).toContain("changed while it was read");
    await image.close();
  });

  test("is let go of when the run is cancelled", async () => {
    const controller = new AbortController();
    const path = put("c.img", rawImage(3_000_000));
    const image = await sources().open(requestFor(path, { signal: controller.signal }));
    const iterator = image.pieces()[Symbol.asyncIterator]();
    await iterator.next();
    controller.abort();
    const rest = (async () => {
      while ((await iterator.next()).done !== true);
    })();
    await expect(rest).rejects.toBeInstanceOf(CancelledError);
    await image.close();
    await expect(sources().open(requestFor(path, { signal: controller.signal }))).rejects.toBeInstanceOf(CancelledError);
  });
});

describe("what is known of a large file", () => {
  const large = 5_000_000;
  const longAgo = 1_700_000_000;
  /** The digest that is written down, so that it can be seen whether it was used. */
  const records = () => readdirSync(scratch.path("known", "digests"));
  const known = () => createImageSources({ cacheDir: scratch.path("known"), env: {} });
  const shaOf = async (path: string) => {
    const image = await known().open(requestFor(path));
    await image.close();
    return image.sha256;
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve, 1_200));

  test("is used while the file is the same, and not after a change that keeps its size and time", async () => {
    const [first, second] = [rawImage(large), rawImage(large)];
    const path = put("large.img", first);
    await settle();
    expect(await shaOf(path)).toBe(sha256(first));
    const [record = ""] = records();
    // Another digest in its place shows that the file was not read again.
    const forged = JSON.stringify({
      ...(JSON.parse(execFileSync("cat", [scratch.path("known", "digests", record)], { encoding: "utf8" })) as object),
      digests: { sha256: "b".repeat(64) },
    });
    writeFileSync(scratch.path("known", "digests", record), forged);
    expect(await shaOf(path)).toBe("b".repeat(64));
    writeFileSync(path, second);
    utimesSync(path, longAgo, longAgo);
    expect(await shaOf(path)).toBe(sha256(second));
  });

  test("is not written down for a file that was changed a moment ago", async () => {
    const before = records().length;
    await shaOf(put("fresh.img", rawImage(large)));
    expect(records()).toHaveLength(before);
  });

  test("is done without where nothing can be written", async () => {
    const path = put("large2.img", rawImage(large));
    await settle();
    writeFileSync(scratch.path("not a folder"), "");
    const image = await createImageSources({ cacheDir: scratch.path("not a folder"), env: {} }).open(requestFor(path));
    await image.close();
  });
});

describe("qcow2 files that end too early", () => {
  test("as a whole they are taken", async () => {
    const image = await sources().open(requestFor(put("whole.qcow2", qcow2File())));
    expect(image).toMatchObject({ format: "qcow2", capacityBytes: 1 << 30 });
    await image.close();
  });

  test.each(Array.from({ length: soundClusters }, (_, clusters) => ({ clusters })))(
    "cut after $clusters clusters and a bit",
    async ({ clusters }) => {
      const cut = qcow2File().subarray(0, clusters * 65_536 + (clusters === soundClusters - 1 ? 0 : 200));
      expect((await failure(sources().open(requestFor(put("cut.qcow2", cut))))).message).toMatch(/cut off/);
    },
  );
});

const qemuImg = ["/usr/bin/qemu-img", "/usr/local/bin/qemu-img"].find((path) => existsSync(path));
describeOrSkip(qemuImg === undefined ? "no qemu-img" : undefined, "images that qemu-img makes", () => {
  const run = (...args: readonly string[]) => execFileSync(qemuImg ?? "", args, { stdio: "ignore" });
  const source = () => {
    mkdirSync(scratch.path("q"), { recursive: true });
    writeFileSync(scratch.path("q", "source.raw"), Buffer.concat([rawImage(3_000_000), Buffer.alloc(5_000_000), rawImage(1_000_000)]));
    truncateSync(scratch.path("q", "source.raw"), 16 * 1024 * 1024);
    return scratch.path("q", "source.raw");
  };

  test.each([
    { options: [], because: "the default" },
    { options: ["-o", "compat=0.10"], because: "version 2" },
    { options: ["-c"], because: "compressed, which need not end at a cluster" },
    { options: ["-c", "-o", "compression_type=zstd"], because: "compressed with zstd" },
    { options: ["-o", "cluster_size=2M"], because: "the largest clusters" },
    { options: ["-o", "cluster_size=512"], because: "the smallest clusters" },
    { options: ["-o", "extended_l2=on,cluster_size=128k"], because: "subclusters" },
    { options: ["-o", "refcount_bits=1"], because: "counters smaller than a byte" },
    { options: ["-o", "refcount_bits=64"], because: "the largest counters" },
    { options: ["-o", "preallocation=metadata"], because: "preallocated" },
    { options: ["-o", "lazy_refcounts=on"], because: "counters that may lag behind, but do not when it is closed" },
  ])("qcow2, $because: taken whole, refused when cut", async ({ options }) => {
    const path = scratch.path("q", "image.qcow2");
    run("convert", "-O", "qcow2", ...options, source(), path);
    const image = await sources().open(requestFor(path));
    expect(image).toMatchObject({ format: "qcow2", capacityBytes: 16 * 1024 * 1024, fileBytes: statSync(path).size });
    await image.close();
    // More than the largest cluster, which the last one may not fill.
    truncateSync(path, Math.floor(statSync(path).size / 3));
    expect((await failure(sources().open(requestFor(path)))).message).toMatch(/cut off/);
  });

  test.each([
    { format: "vmdk", wrong: /VMDK/ },
    { format: "vdi", wrong: /VDI/ },
    { format: "vhdx", wrong: /VHDX/ },
    { format: "vpc", wrong: /VHD\)/ },
    { format: "vpc", options: ["-o", "subformat=fixed"], wrong: /VHD\)/ },
    { format: "qed", wrong: /QED/ },
    { format: "qcow", wrong: /first version/ },
    { format: "parallels", wrong: /Parallels/ },
  ])("$format $options is refused by name", async ({ format, options = [], wrong }) => {
    const path = scratch.path("q", `image.${format}`);
    run("convert", "-O", format, ...options, source(), path);
    expect((await failure(sources().open(requestFor(path)))).message).toMatch(wrong);
  });

  test.each([
    { args: ["-b", "source.raw", "-F", "raw"], wrong: /backing file \(source\.raw\)/, because: "a backing file" },
    { args: ["-o", "data_file=data.raw", "IMAGE", "16M"], wrong: /another file/, because: "a data file" },
    {
      args: ["--object", "secret,id=s,data=x", "-o", "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10", "IMAGE", "16M"],
      wrong: /encrypted/,
      because: "encryption",
    },
  ])("a qcow2 with $because is refused", async ({ args, wrong }) => {
    source();
    const path = scratch.path("q", "dependent.qcow2");
    const words = args.map((word) => (word === "IMAGE" ? path : word));
    execFileSync(qemuImg ?? "", ["create", "-q", "-f", "qcow2", ...words, ...(words.includes(path) ? [] : [path])], {
      cwd: scratch.path("q"),
      stdio: "ignore",
    });
    expect((await failure(sources().open(requestFor(path)))).message).toMatch(wrong);
  });

  test("a raw image that looks like a qcow2 with a backing file is raw where its user says so", async () => {
    source();
    const path = scratch.path("q", "looks.qcow2");
    execFileSync(qemuImg ?? "", ["create", "-q", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", path], { stdio: "ignore" });
    const image = await sources().open(requestFor(path, { format: "raw" }));
    expect(image).toMatchObject({ format: "raw", capacityBytes: statSync(path).size });
    await image.close();
  });
});

const isRoot = process.getuid?.() === 0;
describeOrSkip(isRoot ? "root may read everything" : undefined, "rights", () => {
  test("a file that this user may not read", async () => {
    const path = put("locked.img", rawImage());
    chmodSync(path, 0);
    expect((await failure(sources().open(requestFor(path)))).message).toContain("may not read it");
  });
});

test("the folder of the cache is made for its user alone", async () => {
  const env = { XDG_CACHE_HOME: scratch.path("xdg") };
  const own = createImageSources({ env, timing: { ...quickTiming, retryDelaysMs: [] } });
  await failure(own.open(requestFor("http://127.0.0.1:1/x", { checksum: "none" })));
  expect(statSync(join(env.XDG_CACHE_HOME, "pulumi-kvm", "images")).mode & 0o777).toBe(0o700);
});
