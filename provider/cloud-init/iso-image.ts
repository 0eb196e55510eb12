// Small files -> the bytes of an ISO 9660 image with Joliet and Rock Ridge, so that every guest finds them under their own names. Pure: same files, same bytes.
// ECMA-119 for the volume, Joliet for the second tree of names, SUSP and RRIP (IEEE P1281, P1282) for the names and modes that Linux reads.

export interface IsoRequest {
  /** Volume label, at most 16 characters of ASCII: what `blkid` shows and what a guest looks for. */
  readonly label: string;
  /** Name -> content, all in the root folder. Names of ASCII, at most 60 characters. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The image is filled up with zeroes to a multiple of this; a multiple of 2048. */
  readonly multipleBytes: number;
}

const sectorBytes = 2048;
/** Left to boot loaders by the standard. */
const systemSectors = 16;
const descriptorSectors = 3;
/** Each tree's path table twice: little-endian and big-endian. */
const pathTableSectors = 4;
/** A root folder alone: length, extended attributes, place, parent, name, padding. */
const pathTableBytes = 10;

/** 2000-01-01 00:00 UTC: nothing of the day an image was made on is in it. */
const recordDate = [100, 1, 1, 0, 0, 0, 0];
const noDate = "0000000000000000";

const isFolder = 0x02;
const selfName = Uint8Array.of(0);
const parentName = Uint8Array.of(1);

const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
/** UCS-2, big-endian: Joliet's alphabet. */
const wide = (text: string) => Uint8Array.from(Array.from(text).flatMap((char) => [0, char.charCodeAt(0)]));
const sectorsOf = (bytes: number) => Math.ceil(bytes / sectorBytes);

const little32 = (value: number) => Uint8Array.from([0, 8, 16, 24], (shift) => (value >>> shift) & 0xff);
const big32 = (value: number) => little32(value).reverse();
const both32 = (value: number) => concat(little32(value), big32(value));
const both16 = (value: number) => Uint8Array.of(value & 0xff, value >>> 8, value >>> 8, value & 0xff);

function concat(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Where something lies in the image. */
interface Extent {
  readonly sector: number;
  readonly sizeBytes: number;
}

interface DirectoryEntry extends Extent {
  readonly identifier: Uint8Array;
  readonly flags: number;
  /** Rock Ridge's part; it makes the record's length even by itself. */
  readonly systemUse?: Uint8Array;
}

function directoryRecord({ identifier, sector, sizeBytes, flags, systemUse = new Uint8Array() }: DirectoryEntry): Uint8Array {
  const padding = identifier.length % 2 === 0 ? [0] : [];
  const head = concat(both32(sector), both32(sizeBytes), recordDate, [flags, 0, 0], both16(1), [identifier.length], identifier, padding);
  return concat([head.length + systemUse.length + 2, 0], head, systemUse);
}

/** Records one after another, none across the border of a sector. */
function packed(records: readonly Uint8Array[]): Uint8Array {
  let sector = new Uint8Array();
  const full: Uint8Array[] = [];
  for (const record of records) {
    if (sector.length + record.length > sectorBytes) {
      full.push(concat(sector, new Uint8Array(sectorBytes - sector.length)));
      sector = new Uint8Array();
    }
    sector = concat(sector, record) as typeof sector;
  }
  return concat(...full, sector, new Uint8Array(sectorBytes - sector.length));
}

/** A System Use field: two letters, its length, its version, its data. */
const field = (name: string, ...data: readonly ArrayLike<number>[]): Uint8Array => {
  const body = concat(...data);
  return concat(ascii(name), [body.length + 4, 1], body);
};
const even = (bytes: Uint8Array) => (bytes.length % 2 === 0 ? bytes : concat(bytes, [0]));

const folderMode = 0o040555;
const fileMode = 0o100444;
const posix = (mode: number, links: number) => field("PX", both32(mode), both32(links), both32(0), both32(0));
/** SP says that System Use fields are used, and ER by which standard: they stand at the root folder itself. */
const rootSystemUse = even(concat(field("SP", [0xbe, 0xef, 0]), posix(folderMode, 2), field("ER", [10, 0, 0, 1], ascii("RRIP_1991A"))));
const parentSystemUse = even(posix(folderMode, 2));
const fileSystemUse = (name: string) => even(concat(posix(fileMode, 1), field("NM", [0], ascii(name))));

/** Level 1: eight letters of A-Z, 0-9 and _; a name that another file has already gets a number at its end. */
function shortNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    names.map((name) => {
      const plain = name
        .toUpperCase()
        .replace(/[^A-Z0-9_]/g, "_")
        .slice(0, 8);
      let short = plain;
      for (let count = 1; taken.has(short); count++) short = `${plain.slice(0, 8 - String(count).length)}${count}`;
      taken.add(short);
      return [name, short];
    }),
  );
}

const smaller = (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right);

/** One of the two trees: the root folder's own record twice (itself and its parent), and the files in the order of their names. */
function rootFolder(own: Extent, files: readonly DirectoryEntry[], hasRockRidge: boolean): Uint8Array {
  const self = { ...own, identifier: selfName, flags: isFolder, ...(hasRockRidge ? { systemUse: rootSystemUse } : {}) };
  const parent = { ...own, identifier: parentName, flags: isFolder, ...(hasRockRidge ? { systemUse: parentSystemUse } : {}) };
  const sorted = [...files].sort((left, right) => smaller(left.identifier, right.identifier));
  return packed([self, parent, ...sorted].map(directoryRecord));
}

interface Volume {
  readonly kind: "primary" | "joliet";
  readonly label: string;
  readonly sectors: number;
  readonly pathTableSector: number;
  readonly root: Extent;
}

const descriptorTypes = { primary: 1, joliet: 2 } as const;
const terminatorType = 255;
const descriptorHead = (type: number) => concat([type], ascii("CD001"), [1]);
/** UCS-2 level 3. */
const jolietEscape = ascii("%/E");

/** A volume descriptor; what is not said is filled with blanks, in the descriptor's alphabet. */
function descriptor({ kind, label, sectors, pathTableSector, root }: Volume): Uint8Array {
  const isWide = kind === "joliet";
  const text = (value: string, length: number) => {
    const characters = isWide ? wide(value.padEnd(length / 2).slice(0, Math.floor(length / 2))) : ascii(value.padEnd(length));
    return concat(characters, new Uint8Array(length - characters.length));
  };
  const date = concat(ascii(noDate), [0]);
  const body = concat(
    descriptorHead(descriptorTypes[kind]),
    [0],
    text("", 32),
    text(label, 32),
    new Uint8Array(8),
    both32(sectors),
    isWide ? concat(jolietEscape, new Uint8Array(29)) : new Uint8Array(32),
    both16(1), // volumes in the set
    both16(1), // this one's number
    both16(sectorBytes),
    both32(pathTableBytes),
    little32(pathTableSector),
    little32(0),
    big32(pathTableSector + 1),
    big32(0),
    directoryRecord({ ...root, identifier: selfName, flags: isFolder }),
    text("", 128), // set
    text("", 128), // publisher
    text("", 128), // preparer
    text("", 128), // application
    text("", 37), // copyright, abstract, bibliography
    text("", 37),
    text("", 37),
    ...[date, date, date, date],
    [1],
  );
  return sector(body);
}

const sector = (bytes: Uint8Array) => concat(bytes, new Uint8Array(sectorsOf(bytes.length) * sectorBytes - bytes.length));

function pathTables(rootSector: number): Uint8Array {
  const table = (place: Uint8Array, parent: readonly number[]) => sector(concat([1, 0], place, parent, selfName, [0]));
  return concat(table(little32(rootSector), [1, 0]), table(big32(rootSector), [0, 1]));
}

/** The places of the contents, from a sector on; an empty file has a place too. */
function extentsFrom(first: number, files: IsoRequest["files"]): ReadonlyMap<string, Extent> {
  let next = first;
  return new Map(
    [...files].map(([name, { length }]) => {
      const at = { sector: next, sizeBytes: length };
      next += sectorsOf(length);
      return [name, at];
    }),
  );
}

/** The bytes of the image. */
export function isoImage({ label, files, multipleBytes }: IsoRequest): Uint8Array {
  const shorts = shortNames([...files.keys()]);
  const trees = (extents: ReadonlyMap<string, Extent>, primaryRoot: Extent, jolietRoot: Extent) => {
    const entries = [...extents].map(([name, extent]) => ({ name, ...extent, flags: 0 }));
    const primary = entries.map(({ name, ...rest }) => ({
      ...rest,
      identifier: ascii(`${shorts.get(name) ?? name}.;1`),
      systemUse: fileSystemUse(name),
    }));
    const joliet = entries.map(({ name, ...rest }) => ({ ...rest, identifier: wide(`${name};1`) }));
    return { primary: rootFolder(primaryRoot, primary, true), joliet: rootFolder(jolietRoot, joliet, false) };
  };

  const pathTableSector = systemSectors + descriptorSectors;
  const rootSector = pathTableSector + pathTableSectors;
  const nowhere = { sector: 0, sizeBytes: 0 };
  // The folders' sizes hang on the names alone, so they are known before the places are.
  const sized = trees(extentsFrom(0, files), nowhere, nowhere);
  const primaryRoot = { sector: rootSector, sizeBytes: sized.primary.length };
  const jolietRoot = { sector: rootSector + sectorsOf(sized.primary.length), sizeBytes: sized.joliet.length };
  const extents = extentsFrom(jolietRoot.sector + sectorsOf(sized.joliet.length), files);
  const { primary, joliet } = trees(extents, primaryRoot, jolietRoot);
  const contents = [...files.values()].map(sector);

  const usedBytes = jolietRoot.sector * sectorBytes + joliet.length + contents.reduce((sum, { length }) => sum + length, 0);
  const sizeBytes = Math.ceil(usedBytes / multipleBytes) * multipleBytes;
  const volume = { label, sectors: sizeBytes / sectorBytes };
  return concat(
    new Uint8Array(systemSectors * sectorBytes),
    descriptor({ kind: "primary", ...volume, pathTableSector, root: primaryRoot }),
    descriptor({ kind: "joliet", ...volume, pathTableSector: pathTableSector + pathTableSectors / 2, root: jolietRoot }),
    sector(descriptorHead(terminatorType)),
    pathTables(primaryRoot.sector),
    pathTables(jolietRoot.sector),
    primary,
    joliet,
    ...contents,
    new Uint8Array(sizeBytes - usedBytes),
  );
}
