// Builds the small test guest (Debian's cloud kernel, busybox, one script) into the cache: vmlinuz and initrd, about 10 s, once.
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheDir, extendPath, repoDir } from "../lib/folders.mjs";
import { resolveDependency, unpackPackage } from "../lib/packages.mjs";
import { run } from "../lib/run.mjs";
import { runMain, step } from "../lib/steps.mjs";

/** What the guest's hardware needs: virtio buses and devices, disks and CD-ROMs, the power button. */
const modules = [
  "virtio_pci",
  "virtio_blk",
  "virtio_scsi",
  "sd_mod",
  "sr_mod",
  "virtio_net",
  "virtio_balloon",
  "virtio_console",
  "button",
  "evdev",
];

/** What the guest does with an answer of a DHCP server. */
const UDHCPC_SCRIPT = `#!/bin/sh
case $1 in
deconfig) ip addr flush dev "$interface" ;;
bound | renew)
  ip addr flush dev "$interface"
  ip addr add "$ip/$mask" dev "$interface"
  ;;
esac
`;

const KEY_CHARS = 12;
const guestDir = join(repoDir, "tools", "guest");

/**
 * The guest's kernel and initial RAM disk, built when the cache has none from this very recipe.
 * @returns {Promise<{ kernel: string, initrd: string }>} paths of files that every user may read
 */
export async function ensureGuest() {
  const recipe = ["build.mjs", "init.sh"].map((file) => readFileSync(join(guestDir, file)));
  const key = createHash("sha256").update(Buffer.concat(recipe)).digest("hex").slice(0, KEY_CHARS);
  const folder = join(cacheDir("guest"), key);
  const files = { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd") };
  if (!existsSync(files.initrd)) await step("test guest (kernel and busybox)", () => build(folder));
  return files;
}

/** @param {string} folder */
async function build(folder) {
  const work = mkdtempSync(join(cacheDir("guest"), "build-"));
  try {
    const kernelPackage = await resolveDependency("linux-image-cloud-amd64", /linux-image-\d\S*-cloud-amd64/);
    await unpackPackage(kernelPackage, work);
    await unpackPackage("busybox-static", work);

    const out = join(work, "out");
    mkdirSync(out);
    const version = String(readdirSync(join(work, "boot")).find((name) => name.startsWith("vmlinuz-"))).slice("vmlinuz-".length);
    copyFileSync(join(work, "boot", `vmlinuz-${version}`), join(out, "vmlinuz"));
    fillRamDisk(work, version);
    run("sh", ["-c", "cd ramdisk && find . | cpio --quiet --create --format=newc --owner=0:0 | gzip -9 >../out/initrd"], { cwd: work });
    for (const name of readdirSync(out)) chmodSync(join(out, name), 0o644);
    rmSync(folder, { recursive: true, force: true });
    renameSync(out, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} work
 * @param {string} version
 */
function fillRamDisk(work, version) {
  const disk = join(work, "ramdisk");
  const put = (/** @type {string} */ path, /** @type {string} */ text) => {
    mkdirSync(dirname(join(disk, path)), { recursive: true });
    writeFileSync(join(disk, path), text, { mode: 0o755 });
  };
  put("init", readFileSync(join(guestDir, "init.sh"), "utf8").replace("@MODULES@", modules.join(" ")));
  put("etc/acpi/PWRF/00000080", "#!/bin/sh\necho power button\nsync\npoweroff -f\n");
  put("etc/udhcpc.script", UDHCPC_SCRIPT);
  mkdirSync(join(disk, "bin"), { recursive: true });
  const busybox = ["bin/busybox", "usr/bin/busybox"].map((path) => join(work, path)).find(existsSync);
  copyFileSync(String(busybox), join(disk, "bin", "busybox"));
  chmodSync(join(disk, "bin", "busybox"), 0o755);
  copyModules(work, version, disk);
}

/**
 * Copies the modules and all that they depend on.
 * @param {string} work
 * @param {string} version
 * @param {string} disk
 */
function copyModules(work, version, disk) {
  const base = ["lib", "usr/lib"].map((path) => join(work, path)).find((path) => existsSync(join(path, "modules", version)));
  const root = join(String(base), "modules", version);
  run("find", [root, "-name", "*.ko.xz", "-exec", "xz", "--decompress", "{}", "+"]);
  // depmod wants BASE/lib/modules.
  run("depmod", ["--basedir", dirname(dirname(dirname(root))), version]);
  const needs = new Map(
    readFileSync(join(root, "modules.dep"), "utf8")
      .split("\n")
      .map((line) => line.split(":"))
      .map(([file = "", others = ""]) => [file, others.trim().split(" ").filter(Boolean)]),
  );
  const moduleName = (/** @type {string} */ file) => file.replace(/^.*\//, "").replace(/\.ko$/, "").replaceAll("-", "_");
  const builtIn = new Set(readFileSync(join(root, "modules.builtin"), "utf8").split("\n").map(moduleName));
  for (const module of modules) {
    const file = [...needs.keys()].find((candidate) => moduleName(candidate) === module);
    if (!file && builtIn.has(module)) continue;
    if (!file) throw new Error(`Kernel ${version} has no module ${module}.`);
    for (const wanted of [file, ...(needs.get(file) ?? [])]) {
      const target = join(disk, "lib", "modules", version, wanted);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(root, wanted), target);
    }
  }
  for (const list of ["modules.order", "modules.builtin"]) copyFileSync(join(root, list), join(disk, "lib", "modules", version, list));
  run("depmod", ["--basedir", disk, version]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    extendPath();
    process.stdout.write(`${JSON.stringify(await ensureGuest(), null, 2)}\n`);
  });
}
