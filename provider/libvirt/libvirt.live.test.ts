// The port over node-libvirt is held to its contract on a real daemon.
import { truncate, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { addStorage, describeWithHost, removeStorage, restartDaemon, stopDaemon, startDaemon, virsh } from "../../tools/lab/lab";
import type { LabHost } from "../../tools/lab/lab";
import { HostConnectionError } from "../errors";
import { describeLibvirtContract } from "../testing/libvirt-contract";
import { connectLibvirt } from "./connect";

const timeoutMs = 30_000;
const prefix = `contract-${process.pid}`;

jest.setTimeout(120_000);

async function addPool(lab: LabHost, name: string, path: string) {
  await virsh(lab, "pool-create-as", name, "dir", "--target", path);
  return { name, path };
}

describeWithHost("on the private host", (lab) => {
  const storages = { direct: `${prefix}-direct`, cached: `${prefix}-cached` };

  afterAll(async () => {
    for (const name of Object.values(storages)) {
      await virsh(lab(), "pool-destroy", name).catch(() => undefined);
      await virsh(lab(), "pool-undefine", name).catch(() => undefined);
      await removeStorage(lab(), name);
    }
  });

  describeLibvirtContract("the daemon", prefix, async () => {
    const directPool = await addPool(lab(), storages.direct, await addStorage(lab(), storages.direct, "ext4", 64));
    const path = await addStorage(lab(), storages.cached, "ramfs");
    await virsh(lab(), "pool-define-as", storages.cached, "dir", "--target", path);
    await virsh(lab(), "pool-start", storages.cached);
    const open = () => connectLibvirt({ uri: lab().uri, timeoutMs });
    return {
      libvirt: open(),
      openAnother: open,
      directPool,
      cachedPool: { name: storages.cached, path },
      guest: lab().guest,
      putFile: async (file, sizeBytes) => {
        await writeFile(file, "");
        await truncate(file, sizeBytes);
      },
      addSnapshot: async (domain, name, overlays = {}) => {
        const outside = Object.entries(overlays).flatMap(([target, file]) => ["--disk-only", "--diskspec", `${target},file=${file}`]);
        await virsh(lab(), "snapshot-create-as", domain, name, ...outside);
      },
      setPoolActive: async (name, active) => {
        await virsh(lab(), active ? "pool-start" : "pool-destroy", name);
      },
    };
  });
});

describeWithHost("a daemon that goes away", (lab) => {
  test("is a connection error, not a missing object, and the next call works on a new connection", async () => {
    const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    expect(await libvirt.findDomain({ name: "no-such-domain" })).toBeUndefined();
    await stopDaemon(lab());
    await expect(libvirt.findDomain({ name: "no-such-domain" })).rejects.toBeInstanceOf(HostConnectionError);
    await expect(libvirt.findPool("no-such-pool")).rejects.toBeInstanceOf(HostConnectionError);
    await startDaemon(lab());
    expect(await libvirt.findDomain({ name: "no-such-domain" })).toBeUndefined();
    await libvirt.close();
  });

  test("does not end a wait for a state by itself: the state is read anew", async () => {
    const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    const name = `${prefix}-restart`;
    const { uuid } = await libvirt.defineDomain(
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features></domain>`,
    );
    try {
      await libvirt.startDomain(uuid, { paused: true });
      await restartDaemon(lab());
      const waiting = libvirt.waitForState(uuid, "stopped", { timeoutMs });
      await sleep(500);
      await virsh(lab(), "destroy", name);
      expect(await waiting).toBe(true);
    } finally {
      await libvirt.undefineDomain(uuid);
      await libvirt.close();
    }
  });

  test("that never was is a connection error which names the URI and a way out", async () => {
    const uri = "qemu:///system?socket=/nowhere/libvirt-sock";
    const libvirt = connectLibvirt({ uri, timeoutMs });
    const error: unknown = await libvirt.listPools().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HostConnectionError);
    expect((error as Error).message).toContain(uri);
    expect((error as Error).message).toMatch(/start its daemon/);
    await libvirt.close();
  });
});
