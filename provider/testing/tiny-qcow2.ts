// The smallest whole qcow2 image: header, counters, an empty table; what a test uploads. Layout: https://gitlab.com/qemu-project/qemu/-/blob/v7.2.0/docs/interop/qcow2.txt

const clusterBits = 16;
const clusterBytes = 2 ** clusterBits;
const headerLength = 104;
const refcountOrder = 4;
/** Clusters in use: header, table of counters, counters, the guest's table. */
const clusters = 4;
const entryBytes = 8;
/** Bytes of the guest's disk for which one entry of its first table stands. */
const bytesPerEntry = (clusterBytes / entryBytes) * clusterBytes;

/** An empty disk of the size. The file's last cluster begins with the table, so that the whole file is needed. */
export function tinyQcow2(capacityBytes: number): Buffer {
  const entries = Math.max(1, Math.ceil(capacityBytes / bytesPerEntry));
  const image = Buffer.alloc(clusters * clusterBytes);
  image.write("QFI\xfb", 0, "latin1");
  image.writeUInt32BE(3, 4);
  image.writeUInt32BE(clusterBits, 20);
  image.writeBigUInt64BE(BigInt(capacityBytes), 24);
  image.writeUInt32BE(entries, 36);
  image.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
  image.writeBigUInt64BE(BigInt(clusterBytes), 48);
  image.writeUInt32BE(1, 56);
  image.writeUInt32BE(refcountOrder, 96);
  image.writeUInt32BE(headerLength, 100);
  image.writeBigUInt64BE(BigInt(2 * clusterBytes), clusterBytes);
  for (let cluster = 0; cluster < clusters; cluster++) image.writeUInt16BE(1, 2 * clusterBytes + 2 * cluster);
  return image;
}
