// The observer on a real daemon: storage with and without O_DIRECT, seen here and hidden from here, and nothing left behind.
import { readdir } from "node:fs/promises";
import { addStorage, describeWithHost, hostExec, removeStorage, swapStorage, virsh } from "../../tools/lab/lab";
import type { LabHost } from "../../tools/lab/lab";
import { CancelledError } from "../errors";
import { connectLibvirt } from "../libvirt/connect";
import type { Libvirt } from "../libvirt/port";
import type { HostFacts } from "../plan/facts";
import { createHostObserver } from "./observe-host";
import type { HostObserver, Observation } from "./observer";

const timeoutMs = 30_000;
const prefix = `observe-${process.pid}`;

jest.setTimeout(120_000);

function factsOf<Facts>(observation: Observation<Facts> | undefined): Facts {
  if (observation === undefined || "needsProbe" in observation) throw new Error(`no facts, but ${JSON.stringify(observation)}`);
  return observation.facts;
}

/** A folder that only the daemon sees as it is: mounted inside the host's own mount namespace. */
async function hide(lab: LabHost, name: string, kind: "ramfs" | "tmpfs"): Promise<string> {
  const path = `${lab.dir}/${prefix}-${name}`;
  const size = kind === "tmpfs" ? ",size=32m" : "";
  await hostExec(lab, "sh", "-c", `mkdir -p ${path} && mount -t ${kind} -o mode=0711${size} hidden ${path}`);
  return path;
}

describeWithHost("the observer", (lab) => {
  const pools: string[] = [];
  const hidden: string[] = [];
  const storages: string[] = [];
  let libvirt: Libvirt;
  let observer: HostObserver;

  const addPool = async (name: string, path: string) => {
    await virsh(lab(), "pool-create-as", `${prefix}-${name}`, "dir", "--target", path);
    pools.push(`${prefix}-${name}`);
    return { name: `${prefix}-${name}`, path };
  };
  const seenPool = async (name: string, kind: "ext4" | "ramfs") => {
    storages.push(`${prefix}-${name}`);
    return addPool(name, await addStorage(lab(), `${prefix}-${name}`, kind, 64));
  };
  const hiddenPool = async (name: string, kind: "ramfs" | "tmpfs") => {
    const path = await hide(lab(), name, kind);
    hidden.push(path);
    return addPool(name, path);
  };
  const probesLeft = async () => {
    const domains = (await libvirt.listDomains()).map(({ name }) => name);
    const volumes = await Promise.all(pools.map(async (pool) => virsh(lab(), "vol-list", pool)));
    return [...domains, ...volumes.join("\n").split("\n")].filter((line) => line.includes("pulumi-kvm-probe"));
  };

  beforeAll(() => {
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    observer = createHostObserver(libvirt);
  });
  afterEach(async () => {
    expect(await probesLeft()).toEqual([]);
    for (const pool of pools.splice(0)) await virsh(lab(), "pool-destroy", pool);
    for (const path of hidden.splice(0)) await hostExec(lab(), "sh", "-c", `umount ${path} && rmdir ${path}`);
    for (const storage of storages.splice(0)) await removeStorage(lab(), storage);
  });
  afterAll(() => libvirt.close());

  test("tells ext4 by a write and ramfs by the table, without a trace", async () => {
    const [ext4, ramfs] = [await seenPool("ext4", "ext4"), await seenPool("ramfs", "ramfs")];
    const before = await readdir(ext4.path);
    const { pools: found, ...platform } = factsOf(await observer.observeHost({ depth: "look" }));
    expect(found[ext4.name]).toMatchObject({
      type: "dir",
      active: true,
      kind: "ext4",
      fileSystem: "ext4",
      directIo: "yes",
      source: "local write",
      shared: false,
    });
    expect(found[ramfs.name]).toMatchObject({ kind: "ramfs", fileSystem: "ramfs", directIo: "no", source: "table" });
    expect(platform).toMatchObject({ architecture: "x86_64", libvirtVersion: expect.stringMatching(/^\d+\./) as string });
    expect(await readdir(ext4.path)).toEqual(before);
  });

  test("sees that the storage under a pool was swapped, though libvirt's own numbers are old", async () => {
    const pool = await seenPool("swap", "ramfs");
    expect(factsOf(await observer.observePool(pool.name, { depth: "look" }))).toMatchObject({ kind: "ramfs", directIo: "no" });
    await swapStorage(lab(), pool.name, "ext4", { sizeMiB: 64 });
    expect(factsOf(await observer.observePool(pool.name, { depth: "look" }))).toMatchObject({
      kind: "ext4",
      directIo: "yes",
      source: "local write",
    });
    await swapStorage(lab(), pool.name, "ramfs");
    expect(factsOf(await observer.observePool(pool.name, { depth: "look" }))).toMatchObject({ kind: "ramfs", directIo: "no" });
  });

  test("has QEMU try what is hidden from here, and gives the same answers", async () => {
    const [no, yes] = [await hiddenPool("no", "ramfs"), await hiddenPool("yes", "tmpfs")];
    const looked = await observer.observeHost({ depth: "look" });
    expect("needsProbe" in looked && [...looked.needsProbe].sort()).toEqual([no.name, yes.name].sort());
    const found = factsOf(await observer.observeHost({ depth: "probe" }));
    expect(found.pools[no.name]).toMatchObject({ kind: "other", directIo: "no", source: "probe domain" });
    expect(found.pools[no.name]?.why).toMatch(/O_DIRECT/);
    expect(found.pools[yes.name]).toMatchObject({ kind: "other", directIo: "yes", source: "probe domain" });
  });

  test("keeps a probe's answer while libvirt and QEMU are the same", async () => {
    const pool = await hiddenPool("known", "ramfs");
    const known = factsOf(await observer.observeHost({ depth: "probe" }));
    expect(factsOf(await observer.observePool(pool.name, { depth: "look", known }))).toEqual(known.pools[pool.name]);
    const older: HostFacts = { ...known, qemuVersion: "7.0.0" };
    expect(await observer.observePool(pool.name, { depth: "look", known: older })).toEqual({ needsProbe: [pool.name] });
  });

  test("does not take a folder that cannot be written to for one without O_DIRECT", async () => {
    const path = await hide(lab(), "full", "tmpfs");
    hidden.push(path);
    const pool = await addPool("full", path);
    await hostExec(lab(), "mount", "-o", "remount,ro", path);
    const facts = factsOf(await observer.observePool(pool.name, { depth: "probe" }));
    expect(facts).toMatchObject({ directIo: "unknown", source: "probe domain" });
    expect(facts.why).toMatch(/Read-only file system/);
  });

  test("an inactive pool is unknown, and an unknown pool is not there", async () => {
    await virsh(lab(), "pool-define-as", `${prefix}-inactive`, "dir", "--target", `${lab().storageDir}/not-made-yet`);
    const facts = factsOf(await observer.observePool(`${prefix}-inactive`, { depth: "look" }));
    await virsh(lab(), "pool-undefine", `${prefix}-inactive`);
    expect(facts).toMatchObject({ active: false, directIo: "unknown", source: "not asked", why: "the pool is not active" });
    expect(await observer.observePool(`${prefix}-inactive`, { depth: "look" })).toBeUndefined();
  });

  test("a cancelled probe is over soon and leaves nothing", async () => {
    const pool = await hiddenPool("cancel", "ramfs");
    for (const afterMs of [20, 150, 400, 800]) {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), afterMs);
      const outcome: unknown = await observer
        .observePool(pool.name, { depth: "probe", signal: abort.signal })
        .catch((error: unknown) => error);
      const isOver = outcome instanceof CancelledError || "facts" in (outcome as object);
      expect([afterMs, isOver]).toEqual([afterMs, true]);
      expect(await probesLeft()).toEqual([]);
    }
  });
});
