// `make dev EX=single-vm`: an example on a private libvirt host, with the plugin as it is now; kept up until Ctrl-C, then all of it goes.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { cephUp } from "./lab/ceph.mjs";
import { hostDown, hostUp } from "./lab/host.mjs";
import { hostFiles } from "./lab/host-files.mjs";
import { iscsiUp } from "./lab/iscsi.mjs";
import { addStorage } from "./lab/storage.mjs";
import { makeExampleProject } from "./lib/example-project.mjs";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { becomeRoot } from "./lib/root.mjs";
import { run } from "./lib/run.mjs";
import { MissingPart, runMain, say, step } from "./lib/steps.mjs";
import { heedSignals, isInterrupted, takeBack, undoLater, untilInterrupted } from "./lib/undo.mjs";
import { setUp } from "./setup.mjs";

/** @typedef {{ files: import("./lab/host-files.mjs").HostFiles, record: import("./lab/host-files.mjs").HostRecord }} Host */

const EXT4_MIB = 1024;
const NETWORK = "default";

const virsh = (/** @type {Host} */ { record }, /** @type {string[]} */ ...args) =>
  run("virsh", ["--quiet", "--connect", record.uri, ...args]);

/** @param {Host} host @param {string} name @param {"ext4" | "ramfs"} kind */
async function pool(host, name, kind) {
  const path = await addStorage(host.files, name, kind, kind === "ext4" ? EXT4_MIB : undefined);
  virsh(host, "pool-create-as", name, "dir", "--target", path);
  return path;
}

/** @param {Host} host */
function network(host) {
  const file = join(host.files.dir, "network.xml");
  const addresses = "<ip address='10.98.1.1' netmask='255.255.255.0'><dhcp><range start='10.98.1.100' end='10.98.1.200'/></dhcp></ip>";
  writeFileSync(file, `<network><name>${NETWORK}</name>${addresses}</network>`);
  virsh(host, "net-create", file);
  return NETWORK;
}

/** @param {Host} host @param {string} name @param {string[]} options */
function image({ files }, name, ...options) {
  const path = join(files.storage, name);
  run("qemu-img", ["create", "-q", "-f", "qcow2", ...options, path, "64M"]);
  return path;
}

/**
 * What the private host has for each setting that an example may list. Settings of the same name mean the same in all examples. A guest that is not
 * there needs little memory.
 * @type {Record<string, (host: Host) => string | Promise<string>>}
 */
const offers = {
  pool: () => "fast",
  fastPool: () => "fast",
  safePool: () => "memory",
  memoryPool: () => "memory",
  network,
  image: (host) => image(host, "image.qcow2"),
  overlay: (host) => image(host, join("fast", "overlay.qcow2"), "-b", image(host, join("memory", "base.qcow2")), "-F", "qcow2"),
  kernel: ({ record }) => record.guest.kernel,
  initrd: ({ record }) => record.guest.initrd,
  memory: () => "128MiB",
  cpus: () => "1",
  accelerator: () => "qemu",
  addressTimeoutSeconds: () => "1",
  token: () => "a token for playing",
  ...forCeph(),
  ...forIscsi(),
};

/** @returns {typeof offers} */
function forCeph() {
  const access = (/** @type {Host} */ { files, record }) => cephUp(files, record.nsPid);
  return {
    monitors: async (host) => JSON.stringify((await access(host)).monitors),
    cephPool: async (host) => (await access(host)).pool,
    cephUser: async (host) => (await access(host)).user,
    cephKey: async (host) => (await access(host)).key,
  };
}

/** @returns {typeof offers} */
function forIscsi() {
  const access = (/** @type {Host} */ { files, record }) => iscsiUp(files, record.nsPid, {});
  return {
    portal: async (host) => (await access(host)).portal,
    port: async (host) => String((await access(host)).port),
    target: async (host) => (await access(host)).target,
    lun: async (host) => String((await access(host)).lun),
    chapUser: async (host) => (await access(host)).user,
    chapPassword: async (host) => (await access(host)).password,
  };
}

async function prepareHost() {
  const files = hostFiles(`dev-${process.pid}`, undefined);
  undoLater(() => hostDown(files));
  const host = { files, record: await hostUp(files) };
  mkdirSync(files.storage, { recursive: true, mode: 0o711 });
  await step("a pool on ext4 (fast) and one on ramfs (memory)", async () => {
    await pool(host, "fast", "ext4");
    await pool(host, "memory", "ramfs");
  });
  return host;
}

/** Of the examples for Node: what the others need is with their tests. @param {string | undefined} name */
function checkedExample(name) {
  const examples = readdirSync(join(repoDir, "examples")).filter((folder) => existsSync(join(repoDir, "examples", folder, "package.json")));
  if (name && examples.includes(name)) return name;
  throw new MissingPart(
    name ? `There is no example "${name}".` : "Say which example.",
    `make dev EX=NAME, with one of ${examples.join(", ")}.`,
  );
}

async function main() {
  extendPath();
  const example = checkedExample(process.argv[2]);
  // An example never runs on somebody's own libvirt by accident.
  delete process.env.LIBVIRT_DEFAULT_URI;
  const { pathFolders } = await setUp(["host", "pulumi"]);
  await step("build", buildAll);
  becomeRoot();
  const host = await prepareHost();
  const project = makeExampleProject(example, pathFolders);
  undoLater(project.remove);
  /** @type {Record<string, string>} */
  const config = { "kvm:uri": host.record.uri };
  for (const name of Object.keys(project.settings)) {
    const value = await offers[name]?.(host);
    if (value !== undefined) config[name] = value;
  }
  virsh(host, "pool-refresh", "fast");
  project.init(config);

  undoLater(async () => {
    // There is no guest in most of these machines that would hear of a graceful stop.
    for (const name of virsh(host, "list", "--name").split("\n").filter(Boolean)) virsh(host, "destroy", name);
    await project.show("destroy", "--yes", "--skip-preview");
  });
  await project.show("up", "--yes");
  if (isInterrupted()) return;
  say(`\nIt is up. In another terminal:\n  virsh --connect '${host.record.uri}' list\nCtrl-C takes all of it away.`);
  await untilInterrupted();
}

heedSignals();
await runMain(main);
await takeBack();
