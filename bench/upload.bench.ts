// Uploads through node-libvirt, of a full image and of one that is nine tenths holes, against virsh's and against cp on the same storage.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "node-libvirt";
import type { Connection, StorageVol, StreamPiece } from "node-libvirt";
import { median, sayAtLeast, sayMachine, sayTimes, timedMs } from "./report";

const execute = promisify(execFile);
const MiB = 1024 * 1024;
const rounds = 5;
const fullBytes = 512 * MiB;
const holedBytes = 2048 * MiB;
/** Data of the holed image: one MiB in ten. */
const stepBytes = 10 * MiB;
const poolName = "upload-bench";
/** virsh is one; of its throughput. */
const fullGoal = 0.7;
/** Of the time of virsh's upload that sends the holes as zeroes. */
const holedGoal = 5;

interface Image {
  readonly path: string;
  readonly sizeBytes: number;
  /** Where there is data, in order; all else is holes. */
  readonly extents: readonly { readonly atBytes: number; readonly bytes: number }[];
}

async function makeImage(path: string, sizeBytes: number, extents: Image["extents"]): Promise<Image> {
  const file = await open(path, "w");
  try {
    for (const { atBytes, bytes } of extents) {
      for (let done = 0; done < bytes; done += MiB) await file.write(randomBytes(MiB), 0, MiB, atBytes + done);
    }
    await file.truncate(sizeBytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return { path, sizeBytes, extents };
}

/** The image as it is read for an upload: one buffer for all, holes from the map. */
async function* piecesOf(file: FileHandle, { sizeBytes, extents }: Image): AsyncGenerator<StreamPiece> {
  const buffer = Buffer.alloc(MiB);
  let position = 0;
  for (const { atBytes, bytes } of extents) {
    if (atBytes > position) yield { holeBytes: atBytes - position };
    for (let done = 0; done < bytes; done += MiB) {
      const { bytesRead } = await file.read(buffer, 0, MiB, atBytes + done);
      yield { data: buffer.subarray(0, bytesRead) };
    }
    position = atBytes + bytes;
  }
  if (sizeBytes > position) yield { holeBytes: sizeBytes - position };
}

/** One new volume for each upload: nothing is overwritten. */
async function intoVolume(connection: Connection, image: Image, work: (vol: StorageVol) => Promise<unknown>): Promise<number> {
  const { pool } = await connection.call("storagePoolLookupByName", { name: poolName });
  const xml = `<volume><name>target.raw</name><capacity>${image.sizeBytes}</capacity><allocation>0</allocation></volume>`;
  const { vol } = await connection.call("storageVolCreateXml", { pool, xml, flags: 0 });
  try {
    const tookMs = await timedMs(() => work(vol));
    await execute("cmp", [image.path, vol.key]);
    return tookMs;
  } finally {
    await connection.call("storageVolDelete", { vol, flags: 0 });
  }
}

type Ways = Readonly<Record<string, (vol: StorageVol) => Promise<unknown>>>;

/** Every way once a round, one after another, so that the machine's moods fall on all alike. The first round warms the page cache and does not count. */
async function measure(connection: Connection, image: Image, ways: Ways): Promise<Readonly<Record<string, readonly number[]>>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, work] of Object.entries(ways)) {
      const tookMs = await intoVolume(connection, image, work);
      if (round > 0) times[name]?.push(tookMs);
    }
  }
  for (const [name, valuesMs] of Object.entries(times)) sayTimes(name, valuesMs);
  return times;
}

async function main(): Promise<void> {
  const record = process.env["KVM_LAB"];
  if (record === undefined) throw new Error("This benchmark needs the private host that `make bench` makes: unset LIBVIRT_DEFAULT_URI.");
  const { uri, storageDir } = JSON.parse(readFileSync(record, "utf8")) as { uri: string; storageDir: string };
  const folder = join(storageDir, poolName);
  mkdirSync(join(folder, "pool"), { recursive: true, mode: 0o711 });
  const connection = await connect({ uri });
  const poolXml = `<pool type='dir'><name>${poolName}</name><target><path>${join(folder, "pool")}</path></target></pool>`;
  const { pool } = await connection.call("storagePoolCreateXml", { xml: poolXml, flags: 0 });

  const ours = (image: Image, sparse: boolean) => async (vol: StorageVol) => {
    const file = await open(image.path, "r");
    try {
      await connection.upload(vol, piecesOf(file, image), { lengthBytes: image.sizeBytes, sparse });
    } finally {
      await file.close();
    }
  };
  const virsh =
    (image: Image, ...options: string[]) =>
    (vol: StorageVol) =>
      execute("virsh", ["--quiet", "--connect", uri, "vol-upload", "--pool", poolName, vol.name, image.path, ...options]);
  const copy = (image: Image, how: string) => (vol: StorageVol) =>
    execute("cp", [`--sparse=${how}`, "--reflink=never", image.path, vol.key]);

  try {
    sayMachine();
    console.log(`  full image, ${fullBytes / MiB} MiB`);
    const full = await makeImage(join(folder, "full.img"), fullBytes, [{ atBytes: 0, bytes: fullBytes }]);
    const fullMs = await measure(connection, full, {
      cp: copy(full, "never"),
      "virsh vol-upload": virsh(full),
      "node-libvirt": ours(full, false),
      "node-libvirt, sparse": ours(full, true),
    });
    console.log(`  image of ${holedBytes / MiB} MiB, one tenth data`);
    const extents = Array.from({ length: Math.floor(holedBytes / stepBytes) }, (_, index) => ({ atBytes: index * stepBytes, bytes: MiB }));
    const holed = await makeImage(join(folder, "holed.img"), holedBytes, extents);
    const holedMs = await measure(connection, holed, {
      cp: copy(holed, "auto"),
      "virsh vol-upload": virsh(holed),
      "virsh vol-upload --sparse": virsh(holed, "--sparse"),
      "node-libvirt, sparse": ours(holed, true),
    });
    const times = (of: Readonly<Record<string, readonly number[]>>, name: string) => median(of[name] ?? []);
    sayAtLeast("full: throughput against virsh's", times(fullMs, "virsh vol-upload") / times(fullMs, "node-libvirt"), fullGoal);
    sayAtLeast(
      "full, sparse stream: throughput against virsh's",
      times(fullMs, "virsh vol-upload") / times(fullMs, "node-libvirt, sparse"),
      fullGoal,
    );
    sayAtLeast("full: throughput against cp's", times(fullMs, "cp") / times(fullMs, "node-libvirt"));
    sayAtLeast(
      "holes: speed against virsh without --sparse",
      times(holedMs, "virsh vol-upload") / times(holedMs, "node-libvirt, sparse"),
      holedGoal,
    );
    sayAtLeast("holes: speed against virsh --sparse", times(holedMs, "virsh vol-upload --sparse") / times(holedMs, "node-libvirt, sparse"));
    sayAtLeast("holes: speed against cp's", times(holedMs, "cp") / times(holedMs, "node-libvirt, sparse"));
  } finally {
    await connection.call("storagePoolDestroy", { pool });
    await connection.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
