// Builds the real test guest (Debian with systemd, cloud-init, the guest agent and sshd) into the cache: a disk image, its kernel and RAM disk.
import { copyFileSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { extendPath } from "../lib/folders.mjs";
import { giveBack, isRoot, rootPrefix } from "../lib/root.mjs";
import { attempt, run, runVisibly } from "../lib/run.mjs";
import { MissingPart, runMain, step, stepsToStderr } from "../lib/steps.mjs";
import { copyModules, packRamDisk, unpackKernel } from "./kernel.mjs";
import { fillFolder, guestDir, guestFolder } from "./recipe.mjs";

/** By which the RAM disk finds the root file system. */
const LABEL = "debian-root";
const DISK_SIZE = "1G";
const SHOWN_OUTPUT_CHARS = 2000;

const packages = ["systemd-sysv", "udev", "kmod", "e2fsprogs", "dbus", "iproute2", "openssh-server", "cloud-init", "qemu-guest-agent"];

/** Without what a kernel does against neighbours on the same processor: an emulated one has none, and pays for it at every call. */
const cmdline = "console=ttyS0 quiet mitigations=off";

/** What the RAM disk needs to reach the root file system; the kernel has ext4 built in. */
const earlyModules = ["virtio_pci", "virtio_blk"];

/** What the guest's hardware needs besides: it is small, so that no test waits for a copy of all of them. */
const modules = [
  ...earlyModules,
  "virtio_net",
  "virtio_console",
  "virtio_balloon",
  "virtio_rng",
  "virtio_scsi",
  "sd_mod",
  "sr_mod",
  "isofs",
  "nls_utf8",
  "button",
  "evdev",
];

/** Not installed: nobody reads them. */
const unwantedFiles = ["man", "doc", "locale", "i18n", "info", "lintian", "bash-completion"].map((folder) => `/usr/share/${folder}/*`);

/** Made by packages, and the guest's own business at its first boot, or nobody's. */
const leftovers = [
  "etc/machine-id",
  "etc/hostname",
  ...["ecdsa", "ed25519", "rsa"].flatMap((kind) => [`etc/ssh/ssh_host_${kind}_key`, `etc/ssh/ssh_host_${kind}_key.pub`]),
  "var/lib/apt/lists",
  "var/cache/debconf",
  "etc/cloud/cloud.cfg.d/05_logging.cfg",
  "var/log/dpkg.log",
  "var/log/apt",
];

/** What an emulated processor does not have the time for, and no test looks at. */
const maskedUnits = [
  "getty@tty1.service",
  "serial-getty@ttyS0.service",
  "getty-static.service",
  "remote-fs.target",
  "cryptsetup.target",
  "integritysetup.target",
  "veritysetup.target",
  "proc-sys-fs-binfmt_misc.automount",
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "sys-fs-fuse-connections.mount",
  "sys-kernel-config.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "systemd-ask-password-console.path",
  "systemd-ask-password-wall.path",
  "systemd-binfmt.service",
  "systemd-firstboot.service",
  "systemd-journal-flush.service",
  "systemd-machine-id-commit.service",
  "systemd-modules-load.service",
  "systemd-network-generator.service",
  "modprobe@drm.service",
  "systemd-networkd-wait-online.service",
  "systemd-pcrphase.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-pstore.service",
  "systemd-random-seed.service",
  "systemd-repart.service",
  "systemd-sysusers.service",
  "systemd-tmpfiles-clean.timer",
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
  "systemd-initctl.socket",
  "systemd-journald-audit.socket",
  "systemd-hwdb-update.service",
  "systemd-journal-catalog-update.service",
  "ldconfig.service",
  "dpkg-db-backup.timer",
  "fstrim.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  // What these would do is done by cloud-init.service (etc/cloud/cloud.cfg), or by systemd-networkd.
  "cloud-init-local.service",
  "cloud-config.service",
  "cloud-final.service",
  "cloud-init-hotplugd.socket",
];

const enabledUnits = ["systemd-networkd.service"];

/** systemd runs each of these before anything else at every boot, and all say the same here: nothing to do. */
const maskedGenerators = [
  "cryptsetup",
  "debug",
  "getty",
  "gpt-auto",
  "hibernate-resume",
  "integritysetup",
  "rc-local",
  "run",
  "system-update",
  "sysv",
  "veritysetup",
].map((name) => `systemd-${name}-generator`);

/**
 * Where the guest is or will be: a qcow2 image without a boot loader, and what starts it directly.
 * @returns {{ image: string, kernel: string, initrd: string, cmdline: string }}
 */
function debianGuestFiles() {
  const folder = guestFolder("debian-guest", ["debian.mjs", "debian", "kernel.mjs", "recipe.mjs"]);
  return { image: join(folder, "debian.qcow2"), kernel: join(folder, "vmlinuz"), initrd: join(folder, "initrd"), cmdline };
}

/** The guest, built when the cache has none from this very recipe; that needs root, and the package archive that the machine's apt uses. */
export async function ensureDebianGuest() {
  const files = debianGuestFiles();
  if (existsSync(files.image)) return files;
  await step("Debian guest (about a minute, once)", () => (isRoot() ? fillFolder(join(files.image, ".."), build) : buildAsRoot()));
  return files;
}

/** Files of a guest belong to its root. */
async function buildAsRoot() {
  const [command = "", ...prefix] = rootPrefix();
  const code = await runVisibly(command, [...prefix, process.execPath, join(guestDir, "debian.mjs")], { stdio: "inherit" });
  if (code !== 0) throw new MissingPart("The Debian guest could not be built.", "see what was said above.");
}

/**
 * @param {string} work
 * @param {string} out
 */
async function build(work, out) {
  const root = join(work, "root");
  const { version, image } = await unpackKernel(work);
  copyFileSync(image, join(out, "vmlinuz"));
  const files = { init: readFileSync(join(guestDir, "debian", "init.sh"), "utf8").replace("@LABEL@", LABEL) };
  packRamDisk(work, version, { files, modules: earlyModules, target: join(out, "initrd") });
  installSystem(root);
  copyModules(work, version, modules, root);
  trimSystem(root);
  makeImage(root, work, join(out, "debian.qcow2"));
  giveBack(out, ...["vmlinuz", "initrd", "debian.qcow2"].map((name) => join(out, name)));
}

/**
 * Installs from where the machine itself gets its packages, so that no mirror is named here.
 * @param {string} root
 */
function installSystem(root) {
  const about = [
    "indextargets",
    "--format",
    "$(CODENAME) deb $(REPO_URI) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
    "Origin: Debian",
  ];
  const lines = [...new Set(run("apt-get", about).split("\n").filter(Boolean))];
  const [suite] = lines.map((line) => line.split(" ")[0]);
  if (suite === undefined)
    throw new MissingPart("apt has no package source of Debian.", "add one, or run on Debian: the test guest is one.");
  const sources = lines.map((line) => `${line.slice(line.indexOf(" ") + 1)}\n`).join("");
  const excluded = unwantedFiles.map((path) => `--dpkgopt=path-exclude=${path}`);
  const options = ["--mode=root", "--variant=essential", "--format=directory", `--include=${packages.join(",")}`, ...excluded];
  const { code, stderr } = attempt("mmdebstrap", [...options, suite, root, "-"], { input: sources, stdio: ["pipe", "pipe", "pipe"] });
  if (code === 0) return;
  throw new MissingPart(
    `mmdebstrap could not install the Debian guest:\n${stderr.trim().slice(-SHOWN_OUTPUT_CHARS)}`,
    "it needs the package archive that this machine's apt uses, and mounts of its own (CAP_SYS_ADMIN, in a container).",
  );
}

/** @param {string} root */
function trimSystem(root) {
  for (const path of leftovers) rmSync(join(root, path), { recursive: true, force: true });
  cpSync(join(guestDir, "debian", "root"), root, { recursive: true });
  // Empty: a new one at each machine's first boot, which is no "first boot" in which systemd would set up everything anew.
  writeFileSync(join(root, "etc", "machine-id"), "");
  run("chroot", [root, "systemctl", "--quiet", "mask", ...maskedUnits]);
  run("chroot", [root, "systemctl", "--quiet", "enable", ...enabledUnits]);
  const generators = join(root, "etc", "systemd", "system-generators");
  run("mkdir", ["-p", generators]);
  for (const name of maskedGenerators) run("ln", ["-s", "/dev/null", join(generators, name)]);
  // systemd asks for updates of what lies in /etc and /var, where /usr is newer.
  run("touch", [join(root, "etc", ".updated"), join(root, "var", ".updated")]);
}

/**
 * @param {string} root
 * @param {string} work
 * @param {string} target
 */
function makeImage(root, work, target) {
  const raw = join(work, "disk.raw");
  run("mke2fs", ["-q", "-t", "ext4", "-L", LABEL, "-d", root, raw, DISK_SIZE]);
  run("qemu-img", ["convert", "-q", "-f", "raw", "-O", "qcow2", "-c", raw, target]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runMain(async () => {
    stepsToStderr();
    extendPath();
    const files = process.argv.includes("--where") ? debianGuestFiles() : await ensureDebianGuest();
    process.stdout.write(`${JSON.stringify(files, null, 2)}\n`);
  });
}
