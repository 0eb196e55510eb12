// For tests: qcow2 files of a few hundred KiB, made field by field, each sound but for what a test asks for.

export interface Qcow2Wishes {
  readonly version?: number;
  readonly capacityBytes?: number;
  readonly clusterBits?: number;
  readonly backingName?: string;
  readonly encryption?: number;
  readonly features?: bigint;
  readonly l1Entries?: number;
  readonly l1Offset?: number;
  readonly refcountTableOffset?: number;
}

const clusterBytes = 65_536;
/** Header, table of reference counts, one block of them, first table, one cluster of data. */
export const soundClusters = 5;

export function qcow2File(wishes: Qcow2Wishes = {}): Buffer {
  const { version = 3, capacityBytes = 1 << 30, clusterBits = 16, backingName, encryption = 0, features = 0n } = wishes;
  const file = Buffer.alloc(soundClusters * clusterBytes);
  file.write("QFI\u00fb", "latin1");
  file.writeUInt32BE(version, 4);
  if (backingName !== undefined) {
    file.writeBigUInt64BE(512n, 8);
    file.writeUInt32BE(backingName.length, 16);
    file.write(backingName, 512);
  }
  file.writeUInt32BE(clusterBits, 20);
  file.writeBigUInt64BE(BigInt(capacityBytes), 24);
  file.writeUInt32BE(encryption, 32);
  file.writeUInt32BE(wishes.l1Entries ?? Math.ceil(capacityBytes / (512 * 1024 * 1024)), 36);
  file.writeBigUInt64BE(BigInt(wishes.l1Offset ?? 3 * clusterBytes), 40);
  file.writeBigUInt64BE(BigInt(wishes.refcountTableOffset ?? clusterBytes), 48);
  file.writeUInt32BE(1, 56);
  if (version >= 3) {
    file.writeBigUInt64BE(features, 72);
    file.writeUInt32BE(4, 96);
    file.writeUInt32BE(104, 100);
  }
  file.writeBigUInt64BE(BigInt(2 * clusterBytes), clusterBytes);
  for (let cluster = 0; cluster < soundClusters; cluster += 1) file.writeUInt16BE(1, 2 * clusterBytes + cluster * 2);
  file.fill(0x5a, 4 * clusterBytes);
  return file;
}
