// Images are read back by programs that others wrote: each by its own of the three trees of names. A program that is missing is skipped, and said.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { isoImage } from "./iso-image";

const multipleBytes = 2048;
const names = ["user-data", "meta-data", "network-config", "vendor-data"] as const;
const bytes = (text: string) => new TextEncoder().encode(text);
const imageOf = (files: Readonly<Record<string, string>>, label = "cidata") =>
  isoImage({ label, files: new Map(Object.entries(files).map(([name, text]) => [name, bytes(text)])), multipleBytes });

const isThere = (program: string) => spawnSync(program, ["--version"]).error === undefined;
const because = (program: string, packageName: string) => (isThere(program) ? "" : ` [skipped: needs ${program}, from ${packageName}]`);
const testWith = (program: string) => (isThere(program) ? test : test.skip);

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "kvm-iso-"))));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(image: Uint8Array): string {
  const path = join(folder, "image.iso");
  writeFileSync(path, image);
  return path;
}

/** Reads a file of an image by isoinfo: by Rock Ridge's names, Joliet's, or the plain ones. */
const byIsoinfo = (image: string, tree: "-R" | "-J" | "plain", name: string) =>
  execFileSync("isoinfo", [...(tree === "plain" ? [] : [tree]), "-i", image, "-x", `/${name}`]).toString("utf8");

const plainNames: Readonly<Record<string, string>> = {
  "user-data": "USER_DAT.;1",
  "meta-data": "META_DAT.;1",
  "network-config": "NETWORK_.;1",
  "vendor-data": "VENDOR_D.;1",
};

/** Nothing, a byte, a sector and its neighbours, more than one sector; and what UTF-8 has. */
const edges = ["", "x", "y".repeat(2047), "z".repeat(2048), "a".repeat(2049), "ünï ☃ 😀 \u0000 \r\n", "b".repeat(70_000)];
/** isoinfo shows no empty file. */
const shown = edges.filter((text) => text !== "");

describe("isoinfo reads", () => {
  testWith("isoinfo")(`every name and content in each tree${because("isoinfo", "genisoimage")}`, () => {
    for (const [index] of shown.entries()) {
      const files = Object.fromEntries(names.map((name, at) => [name, shown[(index + at) % shown.length] ?? ""]));
      const image = fileOf(imageOf(files));
      for (const [name, text] of Object.entries(files)) {
        expect(byIsoinfo(image, "-R", name)).toBe(text);
        expect(byIsoinfo(image, "-J", `${name};1`)).toBe(text);
        expect(byIsoinfo(image, "plain", plainNames[name] ?? "")).toBe(text);
      }
    }
  });
});

describe("bsdtar extracts", () => {
  testWith("bsdtar")(
    `any set of contents as it was${because("bsdtar", "libarchive-tools")}`,
    () => {
      const content = fc.oneof(fc.constantFrom(...edges), fc.string({ unit: "grapheme", maxLength: 5000 }));
      const sets = fc
        .subarray([...names], { minLength: 1 })
        .chain((chosen) =>
          fc.tuple(...chosen.map(() => content)).map((texts) => Object.fromEntries(chosen.map((name, at) => [name, texts[at] ?? ""]))),
        );
      fc.assert(
        fc.property(sets, (files) => {
          const image = fileOf(imageOf(files));
          const listed = execFileSync("bsdtar", ["-tf", image])
            .toString()
            .split("\n")
            .filter((name) => name !== "" && name !== ".");
          expect(listed.sort()).toEqual(Object.keys(files).sort());
          for (const [name, text] of Object.entries(files)) {
            expect(execFileSync("bsdtar", ["-xOf", image, name]).equals(Buffer.from(bytes(text)))).toBe(true);
          }
        }),
        { numRuns: 25 },
      );
    },
    60_000,
  );
});

describe("xorriso", () => {
  testWith("xorriso")(`checks and extracts it${because("xorriso", "xorriso")}`, () => {
    const image = fileOf(imageOf({ "user-data": "#cloud-config\n", "meta-data": "instance-id: one\n" }));
    const out = join(folder, "user-data");
    const { status, stderr } = spawnSync("xorriso", ["-osirrox", "on", "-indev", image, "-extract", "/user-data", out], {
      encoding: "utf8",
    });
    expect({ status, wrong: stderr.split("\n").filter((line) => /SORRY|FAILURE|FATAL|WARNING/.test(line)) }).toEqual({
      status: 0,
      wrong: [],
    });
    expect(readFileSync(out, "utf8")).toBe("#cloud-config\n");
  });
});

describe("blkid", () => {
  testWith("blkid")(`finds the label by which a guest looks for it${because("blkid", "util-linux")}`, () => {
    const image = fileOf(imageOf({ "user-data": "" }));
    const told = execFileSync("blkid", ["-p", "-o", "export", image]).toString();
    expect(told).toMatch(/^LABEL=cidata$/m);
    expect(told).toMatch(/^TYPE=iso9660$/m);
  });
});

/** The kernel itself, where it may be asked. */
const mounts = { "Rock Ridge": "ro", Joliet: "ro,norock", "plain names": "ro,norock,nojoliet" } as const;
const kernelReason = (() => {
  if (process.getuid?.() !== 0) return " [skipped: needs root, for a loop mount]";
  const knows = spawnSync("modprobe", ["isofs"]).status === 0 || readFileSync("/proc/filesystems", "utf8").includes("iso9660");
  return knows ? "" : " [skipped: this kernel has no iso9660]";
})();

(kernelReason === "" ? describe : describe.skip)(`Linux mounts${kernelReason}`, () => {
  test.each(Object.entries(mounts))("%s", (tree, options) => {
    const image = fileOf(imageOf({ "user-data": "one", "network-config": "two" }));
    const target = mkdtempSync(join(folder, "mount-"));
    execFileSync("mount", ["-o", `loop,${options}`, image, target]);
    try {
      const name = tree === "plain names" ? "network_" : "network-config";
      expect(readFileSync(join(target, name), "utf8")).toBe("two");
    } finally {
      execFileSync("umount", [target]);
    }
  });
});

describe("by itself", () => {
  const sha256 = (image: Uint8Array) => createHash("sha256").update(image).digest("hex");
  const files = { "user-data": "#cloud-config\n", "meta-data": "instance-id: one\n" };

  test("the same files give the same bytes, on any day", () => {
    expect(sha256(imageOf(files))).toBe("684b3f3d38d9bd6c76231117c6e81fe7d86382d0bca62d1412b758827c04af9d");
  });

  test("is as large as a multiple of what is asked", () => {
    const large = isoImage({ label: "cidata", files: new Map([["user-data", bytes("x".repeat(3000))]]), multipleBytes: 65_536 });
    expect(large.length).toBe(65_536);
  });

  test("names that are short for the same get numbers", () => {
    const image = Buffer.from(imageOf({ "network-config": "1", "network-configuration": "2" }));
    expect(image.includes("NETWORK_.;1")).toBe(true);
    expect(image.includes("NETWORK1.;1")).toBe(true);
  });

  test("a folder of more than one sector is packed without a record across a border", () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`file-${index}`, `content ${index}`]));
    const image = Buffer.from(imageOf(many));
    for (const index of [0, 30, 59]) expect(image.includes(`content ${index}`)).toBe(true);
    if (isThere("isoinfo")) expect(byIsoinfo(fileOf(image), "-R", "file-59")).toBe("content 59");
  });
});
