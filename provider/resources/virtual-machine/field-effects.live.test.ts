// Every row of the tables of effects on a real libvirt: one field of a running machine is changed, and the machine, both its definitions and the preview are what the row says.
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeWithHost, hostExec, virsh, waitFor } from "../../../tools/lab/lab";
import { readGuestLog } from "../../../tools/lab/guest-log";
import { createHostObserver } from "../../host/observe-host";
import { createImageSources } from "../../images/image-sources";
import { connectLibvirt } from "../../libvirt/connect";
import type { Libvirt } from "../../libvirt/port";
import { createResourceDriver } from "../../testing/resource-driver";
import { tinyQcow2 } from "../../testing/tiny-qcow2";
import { effectRows } from "../../testing/effects/effect-rows";
import {
  batchesOf,
  expectEffect,
  guestLogOf,
  playBatch,
  type EffectRow,
  type Ground,
  type Outcome,
  type Place,
  type Played,
} from "../../testing/effects/play-cases";
import { virtualMachine } from "./virtual-machine";

/** All rows are played at the start, on as few machines as they can share; some at a time, as most of the time is libvirt's and QEMU's. */
const atOnce = 3;
const playMs = 600_000;
const callMs = 120_000;
const bootMs = 60_000;
const mib = 2 ** 20;
const prefix = `fe${process.pid % 100_000}`;
const rows = effectRows.filter(({ onFake }) => onFake === undefined);

const networkXml = (name: string, third: number) =>
  `<network><name>${name}</name><ip address='192.0.2.${third + 1}' netmask='255.255.255.128'><dhcp><range start='192.0.2.${third + 10}' end='192.0.2.${third + 20}'/></dhcp></ip><portgroup name='slow'/><portgroup name='fast'/></network>`;

describeWithHost("a running machine", (lab) => {
  const names = {
    pool: `${prefix}-p`,
    otherPool: `${prefix}-q`,
    network: `${prefix}-m`,
    otherNetwork: `${prefix}-n`,
    bridge: `${prefix}a`,
    otherBridge: `${prefix}b`,
  };
  const folderOf = (name: string) => join(lab().storageDir, name);
  const placeOf = (row: EffectRow, batch: number): Place => {
    const key = `row${rows.indexOf(row)}`;
    return { ...names, name: `${prefix}-${batch}`, key, folder: folderOf(`${prefix}-${key}`) };
  };
  const played = new Map<EffectRow, { readonly played: Played; readonly outcome: Outcome | Error }>();
  let libvirt: Libvirt;

  async function putFile(path: string, content: Buffer): Promise<void> {
    await writeFile(path, content);
    await chmod(path, 0o666);
  }

  async function prepare({ key, folder }: Place): Promise<void> {
    await mkdir(folder);
    await chmod(folder, 0o777);
    const { kernel, initrd } = lab().guest;
    await Promise.all([
      ...["one", "two"].flatMap((file) => [
        putFile(join(folder, `${file}.raw`), Buffer.alloc(mib)),
        putFile(join(folder, `${file}.qcow2`), tinyQcow2(mib)),
        ...[names.pool, names.otherPool].map((pool) => putFile(join(folderOf(pool), `${key}-${file}.raw`), Buffer.alloc(mib))),
        putFile(join(folderOf(names.pool), `${key}-${file}.qcow2`), tinyQcow2(mib)),
      ]),
      ...["", "other-"].flatMap((other) => [
        symlink(kernel, join(folder, `${other}kernel`)),
        symlink(initrd, join(folder, `${other}initrd`)),
      ]),
    ]);
  }

  async function play(batch: readonly Played[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const host = createHostObserver(libvirt);
    const web = createResourceDriver({ definition: virtualMachine, libvirt, host, images: createImageSources(), name: first.place.name });
    const ground: Ground = {
      libvirt,
      web,
      guestIsThere: async () => {
        await waitFor("the guest's tick", () => readGuestLog(guestLogOf(first.place)), bootMs);
      },
      until: async (isSo) => {
        await waitFor("the guest's hand", isSo);
      },
    };
    const outcomes = await playBatch(batch, ground).catch((error: unknown) => error as Error);
    for (const each of batch)
      played.set(each.row, {
        played: each,
        outcome: outcomes instanceof Error ? outcomes : (outcomes.get(each.row) ?? new Error("it was not played")),
      });
    await web.destroy();
  }

  beforeAll(async () => {
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs: callMs });
    for (const pool of [names.pool, names.otherPool]) {
      await mkdir(folderOf(pool));
      await chmod(folderOf(pool), 0o777);
    }
    const batches = batchesOf(rows, placeOf);
    await Promise.all(batches.flat().map(({ place }) => prepare(place)));
    for (const pool of [names.pool, names.otherPool]) await virsh(lab(), "pool-create-as", pool, "dir", "--target", folderOf(pool));
    for (const [index, network] of [names.network, names.otherNetwork].entries()) {
      const file = join(lab().storageDir, `${network}.xml`);
      await writeFile(file, networkXml(network, index * 128));
      await virsh(lab(), "net-define", file);
      await virsh(lab(), "net-start", network);
    }
    for (const bridge of [names.bridge, names.otherBridge]) await hostExec(lab(), "ip", "link", "add", bridge, "up", "type", "bridge");
    const left = batches.values();
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const batch of left) await play(batch);
      }),
    );
  }, playMs);

  afterAll(async () => {
    const swept = [
      ...[names.pool, names.otherPool].map((pool) => virsh(lab(), "pool-destroy", pool)),
      ...[names.network, names.otherNetwork].map((network) =>
        virsh(lab(), "net-destroy", network).then(() => virsh(lab(), "net-undefine", network)),
      ),
      ...[names.bridge, names.otherBridge].map((bridge) => hostExec(lab(), "ip", "link", "delete", bridge)),
    ];
    await Promise.allSettled(swept);
    await libvirt.close();
  });

  test.each(rows)("$title", (row) => {
    const found = played.get(row);
    if (found === undefined) throw new Error("this row was not played");
    if (found.outcome instanceof Error) throw found.outcome;
    expectEffect(found.played, found.outcome);
  });
});
