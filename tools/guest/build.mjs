// Builds the small test guest (Debian's cloud kernel, busybox, one script) into the cache: vmlinuz and initrd, about 10 s, once.
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { extendPath } from "../lib/folders.mjs";
import { runMain, step } from "../lib/steps.mjs";
import { packRamDisk, unpackKernel } from "./kernel.mjs";
import { fillFolder, guestDir, guestFolder } from "./recipe.mjs";

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

const POWER_BUTTON_SCRIPT = "#!/bin/sh\necho power button\nsync\npoweroff -f\n";

/**
 * The guest's kernel and initial RAM disk, built when the cache has none from this very recipe.
 * @returns {Promise<{ kernel: string, initrd: string }>} paths of files that every user may read
 */
export async function ensureGuest() {
  const folder = guestFolder("guest", ["build.mjs", "init.sh", "kernel.mjs", "recipe.mjs"]);
  const files = { kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd") };
  if (!existsSync(files.initrd)) await step("test guest (kernel and busybox)", () => fillFolder(folder, build));
  return files;
}

/**
 * @param {string} work
 * @param {string} out
 */
async function build(work, out) {
  const { version, image } = await unpackKernel(work);
  copyFileSync(image, join(out, "vmlinuz"));
  const files = {
    init: readFileSync(join(guestDir, "init.sh"), "utf8"),
    "etc/acpi/PWRF/00000080": POWER_BUTTON_SCRIPT,
    "etc/udhcpc.script": UDHCPC_SCRIPT,
  };
  packRamDisk(work, version, { files, modules, target: join(out, "initrd") });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    extendPath();
    process.stdout.write(`${JSON.stringify(await ensureGuest(), null, 2)}\n`);
  });
}
