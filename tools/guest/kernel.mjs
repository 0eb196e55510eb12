// The kernel of all test guests (Debian's cloud kernel): unpacked, with the modules that a guest asks for, and the RAM disk that it starts with.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { resolveDependency, unpackPackage } from "../lib/packages.mjs";
import { run } from "../lib/run.mjs";

const EXECUTABLE = 0o755;

/**
 * Unpacks Debian's cloud kernel and a static busybox.
 * @param {string} work
 * @returns {Promise<{ version: string, image: string }>}
 */
export async function unpackKernel(work) {
  const kernelPackage = await resolveDependency("linux-image-cloud-amd64", /linux-image-\d\S*-cloud-amd64/);
  await unpackPackage(kernelPackage, work);
  await unpackPackage("busybox-static", work);
  const image = String(readdirSync(join(work, "boot")).find((name) => name.startsWith("vmlinuz-")));
  return { version: image.slice("vmlinuz-".length), image: join(work, "boot", image) };
}

/**
 * Packs a RAM disk: busybox, the files, and modules. `@MODULES@` in the init script stands for the modules' names.
 * @param {string} work where the kernel was unpacked
 * @param {string} version
 * @param {{ files: Record<string, string>, modules: readonly string[], target: string }} content
 */
export function packRamDisk(work, version, { files, modules, target }) {
  const disk = join(work, "ramdisk");
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(disk, path)), { recursive: true });
    writeFileSync(join(disk, path), text.replace("@MODULES@", modules.join(" ")), { mode: EXECUTABLE });
  }
  mkdirSync(join(disk, "bin"), { recursive: true });
  const busybox = ["bin/busybox", "usr/bin/busybox"].map((path) => join(work, path)).find(existsSync);
  copyFileSync(String(busybox), join(disk, "bin", "busybox"));
  chmodSync(join(disk, "bin", "busybox"), EXECUTABLE);
  copyModules(work, version, modules, disk);
  run("sh", ["-c", 'find . | cpio --quiet --create --format=newc --owner=0:0 | gzip -9 >"$1"', "pack", target], { cwd: disk });
}

/**
 * Copies the modules and all that they depend on.
 * @param {string} work where the kernel was unpacked
 * @param {string} version
 * @param {readonly string[]} modules
 * @param {string} root of the file system that they go to
 */
export function copyModules(work, version, modules, root) {
  const base = ["lib", "usr/lib"].map((path) => join(work, path)).find((path) => existsSync(join(path, "modules", version)));
  const source = join(String(base), "modules", version);
  run("find", [source, "-name", "*.ko.xz", "-exec", "xz", "--decompress", "{}", "+"]);
  // depmod wants BASE/lib/modules.
  run("depmod", ["--basedir", dirname(dirname(dirname(source))), version]);
  const needs = new Map(
    readFileSync(join(source, "modules.dep"), "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([file = "", others = ""]) => [file, others.trim().split(" ").filter(Boolean)]),
  );
  const moduleName = (/** @type {string} */ file) => file.replace(/^.*\//, "").replace(/\.ko$/, "").replaceAll("-", "_");
  const builtIn = new Set(readFileSync(join(source, "modules.builtin"), "utf8").split("\n").map(moduleName));
  for (const module of modules) {
    const file = [...needs.keys()].find((candidate) => moduleName(candidate) === module);
    if (!file && builtIn.has(module)) continue;
    if (!file) throw new Error(`Kernel ${version} has no module ${module}.`);
    for (const wanted of [file, ...(needs.get(file) ?? [])]) {
      const target = join(root, "lib", "modules", version, wanted);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(source, wanted), target);
    }
  }
  for (const list of ["modules.order", "modules.builtin"]) copyFileSync(join(source, list), join(root, "lib", "modules", version, list));
  run("depmod", ["--basedir", root, version]);
}
