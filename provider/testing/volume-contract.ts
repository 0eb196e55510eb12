// What the port promises of volumes' content and copies, as tests that run against the fake and against the real daemon.
import { hostErrorCodes } from "../libvirt/codes";
import type { Libvirt, StreamPiece } from "../libvirt/port";
import { parsePool } from "../xml/pool-xml";
import { parseVolume, volumeXml } from "../xml/storage-xml";
import { tinyQcow2 } from "./tiny-qcow2";

/** A host with an active folder pool, which has room for a few MiB. */
export interface VolumeContractHost {
  readonly libvirt: Libvirt;
  readonly pool: string;
}

const bytesPerKiB = 1024;
const bytesPerMiB = 1024 ** 2;
const pieceBytes = 64 * bytesPerKiB;
/** More than the pool has. */
const tooMuchBytes = 2 ** 40;

async function* streamOf(...pieces: readonly StreamPiece[]): AsyncIterable<StreamPiece> {
  yield* pieces;
}

/** Bytes that are not zero and differ from place to place. */
const pattern = (length: number, seed = 1) => Buffer.from(Array.from({ length }, (_, index) => ((index * 31 + seed) % 251) + 1));

const lengthOf = (pieces: readonly StreamPiece[]) =>
  pieces.reduce((sum, piece) => sum + ("data" in piece ? piece.data.length : piece.holeBytes), 0);

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = (await promise.then(() => undefined).catch((each: unknown) => each)) as { code?: number } | undefined;
  return error?.code ?? error;
}

/** `prefix` begins the names of what the suite makes. */
export function describeVolumeContract(title: string, prefix: string, setUp: () => Promise<VolumeContractHost>): void {
  describe(`volumes: ${title}`, () => {
    let libvirt: Libvirt;
    let pool: string;
    let count = 0;
    const names: string[] = [];
    const freshName = () => {
      const name = `${prefix}-${++count}.img`;
      names.push(name);
      return name;
    };
    const make = (options: Partial<Parameters<typeof volumeXml>[0]> = {}) =>
      libvirt.createVolume(
        pool,
        volumeXml({ name: freshName(), capacityBytes: bytesPerMiB, allocationBytes: 0, format: "raw", ...options }),
      );
    const upload = (name: string, pieces: readonly StreamPiece[], offsetBytes?: number) =>
      libvirt.uploadVolume({ pool, name }, streamOf(...pieces), { lengthBytes: lengthOf(pieces), offsetBytes });
    const read = (name: string, offsetBytes: number, lengthBytes: number) =>
      libvirt.readVolume({ pool, name }, { offsetBytes, lengthBytes });
    const look = async (name: string) => parseVolume((await libvirt.findVolume({ pool, name }))!.xml);

    beforeAll(async () => {
      ({ libvirt, pool } = await setUp());
    });
    afterEach(async () => {
      for (const name of names.splice(0)) await libvirt.deleteVolume({ pool, name });
    });
    afterAll(() => libvirt.close());

    test("an upload is what is read: data, holes, from the start and in the middle", async () => {
      const { name } = await make();
      const [first, last] = [pattern(pieceBytes), pattern(1000, 7)];
      await upload(name, [{ data: first }, { holeBytes: pieceBytes }, { data: last }]);
      expect((await read(name, 0, pieceBytes)).equals(first)).toBe(true);
      expect((await read(name, pieceBytes, pieceBytes)).equals(Buffer.alloc(pieceBytes))).toBe(true);
      expect((await read(name, 2 * pieceBytes, last.length)).equals(last)).toBe(true);
      expect((await read(name, pieceBytes - 10, 20)).equals(Buffer.concat([first.subarray(-10), Buffer.alloc(10)]))).toBe(true);
    });

    test("reading ends at the volume's end", async () => {
      const { name } = await make();
      expect((await read(name, bytesPerMiB - 100, 1000)).length).toBe(100);
    });

    test("an upload into a raw volume of no size gives it its size, piece by piece", async () => {
      const { name, capacityBytes } = await make({ capacityBytes: 0 });
      expect(capacityBytes).toBe(0);
      await upload(name, [{ holeBytes: pieceBytes }, { data: pattern(pieceBytes) }]);
      expect(await look(name)).toMatchObject({ physicalBytes: 2 * pieceBytes });
      await upload(name, [{ data: pattern(pieceBytes, 3) }, { holeBytes: pieceBytes }, { data: pattern(100) }], 2 * pieceBytes);
      expect(await look(name)).toMatchObject({ physicalBytes: 4 * pieceBytes + 100 });
      await libvirt.refreshPool(pool);
      expect(await look(name)).toMatchObject({ capacityBytes: 4 * pieceBytes + 100 });
    });

    test("an upload at an offset leaves the rest as it is", async () => {
      const { name } = await make({ capacityBytes: 0 });
      await upload(name, [{ holeBytes: pieceBytes }, { data: pattern(pieceBytes) }]);
      await upload(name, [{ data: pattern(pieceBytes, 5) }], 0);
      expect(await look(name)).toMatchObject({ physicalBytes: 2 * pieceBytes });
      expect((await read(name, 0, 2 * pieceBytes)).equals(Buffer.concat([pattern(pieceBytes, 5), pattern(pieceBytes)]))).toBe(true);
    });

    test("progress is told up to the whole, holes included", async () => {
      const { name } = await make({ capacityBytes: 0 });
      const told: number[] = [];
      const pieces = [{ data: pattern(pieceBytes) }, { holeBytes: 3 * pieceBytes }, { data: pattern(10) }];
      await libvirt.uploadVolume({ pool, name }, streamOf(...pieces), {
        lengthBytes: lengthOf(pieces),
        onProgress: (bytes) => void told.push(bytes),
      });
      expect(told.at(-1)).toBe(lengthOf(pieces));
      expect([...told].sort((one, other) => one - other)).toEqual(told);
    });

    test("a content that fails fails the upload, and what came before it is there", async () => {
      const { name } = await make({ capacityBytes: 0 });
      async function* failing(): AsyncIterable<StreamPiece> {
        yield { data: pattern(pieceBytes) };
        throw new Error("the source is gone");
      }
      await expect(libvirt.uploadVolume({ pool, name }, failing(), { lengthBytes: 2 * pieceBytes })).rejects.toThrow("the source is gone");
      expect((await look(name)).physicalBytes ?? 0).toBeLessThanOrEqual(pieceBytes);
      await libvirt.deleteVolume({ pool, name });
      expect(await libvirt.findVolume({ pool, name })).toBeUndefined();
    });

    test("a volume that is not there takes no upload", async () => {
      expect(await codeOf(upload("no-such-volume", [{ data: pattern(10) }]))).toBe(hostErrorCodes.noVolume);
    });

    test("a rescan finds out what was uploaded", async () => {
      const { name } = await make({ capacityBytes: 0 });
      const image = tinyQcow2(20 * bytesPerMiB);
      await upload(name, [{ data: image }]);
      await libvirt.refreshPool(pool);
      expect(await look(name)).toMatchObject({ format: "qcow2", capacityBytes: 20 * bytesPerMiB, physicalBytes: image.length });
    });

    test("a copy of a raw volume has its bytes, and the greater size", async () => {
      const { name, path } = await make();
      await upload(name, [{ data: pattern(pieceBytes) }]);
      const copy = freshName();
      const xml = volumeXml({ name: copy, capacityBytes: 2 * bytesPerMiB, allocationBytes: 0, format: "raw" });
      expect(await libvirt.createVolumeFrom(pool, xml, { path })).toMatchObject({ pool, name: copy, capacityBytes: 2 * bytesPerMiB });
      expect((await read(copy, 0, pieceBytes)).equals(pattern(pieceBytes))).toBe(true);
    });

    test("a copy into another format has the image's own size, whatever was asked for", async () => {
      const { path } = await make({ format: "qcow2", capacityBytes: 5 * bytesPerMiB });
      for (const format of ["qcow2", "raw"] as const) {
        const xml = volumeXml({ name: freshName(), capacityBytes: 9 * bytesPerMiB, allocationBytes: 0, format });
        const made = await libvirt.createVolumeFrom(pool, xml, { path });
        expect(made.capacityBytes).toBe(5 * bytesPerMiB);
        expect(parseVolume(made.xml)).toMatchObject({ format });
        await libvirt.growVolume({ path: made.path }, 9 * bytesPerMiB);
        expect(await look(made.name)).toMatchObject({ capacityBytes: 9 * bytesPerMiB });
      }
    });

    test("a copy under a name that is taken is refused, and the one that is there stays", async () => {
      const { path } = await make();
      const other = await make({ capacityBytes: 3 * bytesPerMiB });
      const xml = volumeXml({ name: other.name, capacityBytes: 0, allocationBytes: 0, format: "raw" });
      expect(await codeOf(libvirt.createVolumeFrom(pool, xml, { path }))).toBe(hostErrorCodes.internalError);
      expect(await look(other.name)).toMatchObject({ capacityBytes: 3 * bytesPerMiB });
    });

    test("an overlay without a size has its base's", async () => {
      const base = await make({ format: "qcow2", capacityBytes: 7 * bytesPerMiB });
      const overlay = await make({ capacityBytes: undefined, format: "qcow2", backing: { path: base.path, format: "qcow2" } });
      expect(await look(overlay.name)).toMatchObject({ backingPath: base.path, backingFormat: "qcow2", capacityBytes: 7 * bytesPerMiB });
    });

    test("more than there is room for: nothing is left of a volume that was to be allocated", async () => {
      const name = freshName();
      const xml = volumeXml({ name, capacityBytes: tooMuchBytes, allocationBytes: tooMuchBytes, format: "raw" });
      expect(await codeOf(libvirt.createVolume(pool, xml))).toBe(hostErrorCodes.systemError);
      expect(await libvirt.findVolume({ pool, name })).toBeUndefined();
      expect(await libvirt.listVolumes(pool)).not.toContain(name);
    });

    test("the pool tells its type, its folder and what is free", async () => {
      const record = (await libvirt.findPool(pool))!;
      const { path } = await make();
      expect(parsePool(record.xml)).toMatchObject({ type: "dir", path: path.slice(0, path.lastIndexOf("/")) });
      expect(record.availableBytes).toBeGreaterThan(0);
      expect(record.availableBytes).toBeLessThan(tooMuchBytes);
    });
  });
}
