// `make demo`: the case that started this project, solved before your eyes, on a private libvirt host that is gone afterwards.
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildAll } from "./build.mjs";
import { ensureGuest } from "./guest/build.mjs";
import { hostDown, hostUp } from "./lab/host.mjs";
import { hostFiles } from "./lab/host-files.mjs";
import { removeMountedFolder } from "./lab/namespaces.mjs";
import { addStorage } from "./lab/storage.mjs";
import { makeExampleProject } from "./lib/example-project.mjs";
import { extendPath } from "./lib/folders.mjs";
import { becomeRoot } from "./lib/root.mjs";
import { run, runVisibly } from "./lib/run.mjs";
import { MissingPart, runMain, say, step } from "./lib/steps.mjs";
import { forgetLastUndo, heedSignals, isInterrupted, takeBack, undoLater } from "./lib/undo.mjs";
import { setUp } from "./setup.mjs";

const EXAMPLE = "storage-without-direct-io";
const EXT4_MIB = 512;
const OVERLAY_SIZE = "64M";

/** A libvirt host with a pool on ext4 and one on ramfs: our own, or the one that LIBVIRT_DEFAULT_URI names. */
async function prepareHost() {
  const files = hostFiles(`demo-${process.pid}`, undefined);
  const given = process.env.LIBVIRT_DEFAULT_URI;
  undoLater(() => (given ? removeMountedFolder(files.dir) : hostDown(files)));
  const uri = given ?? (await hostUp(files)).uri;
  for (const folder of [files.dir, files.storage, files.images, files.boot]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  return { uri, files };
}

/** @param {Awaited<ReturnType<typeof prepareHost>>} host */
async function prepareStorage({ uri, files }) {
  const virsh = (/** @type {string[]} */ ...args) => run("virsh", ["--quiet", "--connect", uri, ...args]);
  const pools = { fast: await addStorage(files, "fast", "ext4", EXT4_MIB), memory: await addStorage(files, "memory", "ramfs") };
  for (const [kind, path] of Object.entries(pools)) {
    virsh("pool-create-as", poolName(kind), "dir", "--target", path);
    undoLater(() => virsh("pool-destroy", poolName(kind)));
  }
  const base = join(pools.memory, "base.qcow2");
  const overlay = join(pools.fast, "overlay.qcow2");
  run("qemu-img", ["create", "-q", "-f", "qcow2", base, OVERLAY_SIZE]);
  run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay]);
  virsh("pool-refresh", poolName("fast"));
  const guest = await ensureGuest();
  const boot = { kernel: join(files.boot, "vmlinuz"), initrd: join(files.boot, "initrd") };
  copyFileSync(guest.kernel, boot.kernel);
  copyFileSync(guest.initrd, boot.initrd);
  return { "kvm:uri": uri, fastPool: poolName("fast"), memoryPool: poolName("memory"), overlay, ...boot };
}

/** Pools get our own names, so that nothing on a given libvirt is in the way. @param {string} kind */
const poolName = (kind) => `kvm-demo-${process.pid}-${kind}`;

async function main() {
  extendPath();
  // npm packages and builds belong to the person; only the host needs root.
  const { pathFolders } = await setUp(["host", "pulumi"]);
  await step("build", buildAll);
  becomeRoot();
  const host = await prepareHost();
  const config = await step("a pool on ext4, a pool on ramfs (no O_DIRECT), an overlay on the one over a base on the other", () =>
    prepareStorage(host),
  );
  const { quietly, init, remove, ...project } = makeExampleProject(EXAMPLE, pathFolders);
  undoLater(remove);
  init(config);
  const show = (/** @type {string[]} */ ...args) => {
    if (isInterrupted()) throw new MissingPart("Interrupted.", "run `make demo` again.");
    return project.show(...args);
  };

  await show("preview", "--diff");
  // Our own host takes its machines with it; on a given one we leave nothing behind.
  undoLater(() => (process.env.LIBVIRT_DEFAULT_URI ? quietly("destroy", "--yes", "--skip-preview") : undefined));
  await show("up", "--yes", "--skip-preview");
  say("\nWhy each machine's disk got its mode (the stack's output `why`):");
  for (const [machine, reason] of Object.entries(JSON.parse(quietly("stack", "output", "--json", "why")))) say(`  ${machine}: ${reason}`);
  say(`\n$ virsh list`);
  await runVisibly("virsh", ["--connect", host.uri, "list"]);
  await show("preview", "--expect-no-changes");
  await show("destroy", "--yes", "--skip-preview");
  forgetLastUndo();
  say("\nThe demo is over: the machines are destroyed, and all that was made for them goes.");
}

heedSignals();
await runMain(main);
await takeBack();
