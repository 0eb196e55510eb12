/** Values ⇄ XDR bytes (RFC 4506): the codecs that the procedure table is made of. */

/** libvirt's cap on one string. */
export const maxStringBytes = 4 * 1024 * 1024;

const wordBytes = 4;
const uuidBytes = 16;
const initialWriterBytes = 256;

/** A value that does not fit its codec, or bytes that are not what the codec expects. `path` names the field, for example `dom.uuid`. */
export class XdrError extends Error {
  override readonly name = "XdrError";
  constructor(
    readonly reason: string,
    readonly path = "",
  ) {
    super(path === "" ? reason : `${path}: ${reason}`);
  }

  /** The same problem, seen from the structure or array that holds the field. */
  within(field: string): XdrError {
    const separator = this.path === "" || this.path.startsWith("[") ? "" : ".";
    return new XdrError(this.reason, `${field}${separator}${this.path}`);
  }
}

/** A buffer that grows as values are appended. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(initialWriterBytes);
  #length = 0;

  /** Makes room, and returns where it begins. Moves the buffer, so call it before the buffer is used. */
  #grow(bytes: number): number {
    const start = this.#length;
    this.#length += bytes;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, start);
      this.#buffer = grown;
    }
    return start;
  }

  u32(value: number): void {
    const start = this.#grow(wordBytes);
    this.#buffer.writeUInt32BE(value, start);
  }

  i32(value: number): void {
    const start = this.#grow(wordBytes);
    this.#buffer.writeInt32BE(value, start);
  }

  u64(value: bigint): void {
    const start = this.#grow(2 * wordBytes);
    this.#buffer.writeBigUInt64BE(value, start);
  }

  i64(value: bigint): void {
    const start = this.#grow(2 * wordBytes);
    this.#buffer.writeBigInt64BE(value, start);
  }

  f64(value: number): void {
    const start = this.#grow(2 * wordBytes);
    this.#buffer.writeDoubleBE(value, start);
  }

  /** Appends bytes and pads them with zeroes to a whole word. */
  bytes(value: Uint8Array): void {
    const start = this.#grow(value.length + padding(value.length));
    this.#buffer.set(value, start);
    this.#buffer.fill(0, start + value.length, this.#length);
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** A cursor over received bytes. Reading past the end throws XdrError, never anything else. */
export class XdrReader {
  #offset = 0;
  constructor(readonly buffer: Buffer) {}

  get remainingBytes(): number {
    return this.buffer.length - this.#offset;
  }

  #take(bytes: number): number {
    if (bytes > this.remainingBytes) throw new XdrError(`${bytes} bytes expected, ${this.remainingBytes} left`);
    const start = this.#offset;
    this.#offset += bytes;
    return start;
  }

  u32(): number {
    return this.buffer.readUInt32BE(this.#take(wordBytes));
  }

  i32(): number {
    return this.buffer.readInt32BE(this.#take(wordBytes));
  }

  u64(): bigint {
    return this.buffer.readBigUInt64BE(this.#take(2 * wordBytes));
  }

  i64(): bigint {
    return this.buffer.readBigInt64BE(this.#take(2 * wordBytes));
  }

  f64(): number {
    return this.buffer.readDoubleBE(this.#take(2 * wordBytes));
  }

  bytes(length: number): Buffer {
    const start = this.#take(length + padding(length));
    return this.buffer.subarray(start, start + length);
  }
}

function padding(length: number): number {
  return (wordBytes - (length % wordBytes)) % wordBytes;
}

/** How one type travels. Both directions throw XdrError and nothing else. */
export interface Codec<T> {
  encode(writer: XdrWriter, value: T): void;
  decode(reader: XdrReader): T;
}

/** The TypeScript type that a codec carries. */
export type Decoded<C> = C extends Codec<infer T> ? T : never;

function integer(what: string, min: number, max: number, write: (w: XdrWriter, v: number) => void, read: (r: XdrReader) => number) {
  return {
    encode(writer: XdrWriter, value: number): void {
      if (!Number.isInteger(value) || value < min || value > max) throw new XdrError(`${String(value)} is no ${what}`);
      write(writer, value);
    },
    decode: read,
  } satisfies Codec<number>;
}

function bigInteger(what: string, min: bigint, max: bigint, write: (w: XdrWriter, v: bigint) => void, read: (r: XdrReader) => bigint) {
  return {
    encode(writer: XdrWriter, value: bigint): void {
      if (typeof value !== "bigint" || value < min || value > max) throw new XdrError(`${String(value)} is no ${what} (a bigint)`);
      write(writer, value);
    },
    decode: read,
  } satisfies Codec<bigint>;
}

export const u32: Codec<number> = integer(
  "unsigned 32-bit integer",
  0,
  2 ** 32 - 1,
  (w, v) => w.u32(v),
  (r) => r.u32(),
);

export const i32: Codec<number> = integer(
  "signed 32-bit integer",
  -(2 ** 31),
  2 ** 31 - 1,
  (w, v) => w.i32(v),
  (r) => r.i32(),
);

/** 64-bit values are always bigint: byte counts and nanoseconds do not fit a number. */
export const u64: Codec<bigint> = bigInteger(
  "unsigned 64-bit integer",
  0n,
  2n ** 64n - 1n,
  (w, v) => w.u64(v),
  (r) => r.u64(),
);

export const i64: Codec<bigint> = bigInteger(
  "signed 64-bit integer",
  -(2n ** 63n),
  2n ** 63n - 1n,
  (w, v) => w.i64(v),
  (r) => r.i64(),
);

/** A set of flag bits. Takes what `a | b` gives, so also the negative number that bit 31 makes of it. */
export const flags: Codec<number> = {
  encode: (writer, value) => u32.encode(writer, Number.isInteger(value) && value < 0 && value >= -(2 ** 31) ? value >>> 0 : value),
  decode: (reader) => reader.u32(),
};

/** libvirt's truth value: an int that is 0 or not. */
export const bool: Codec<boolean> = {
  encode: (writer, value) => writer.i32(value ? 1 : 0),
  decode: (reader) => reader.i32() !== 0,
};

export const f64: Codec<number> = {
  encode(writer, value) {
    if (typeof value !== "number") throw new XdrError(`a number is expected, not ${typeof value}`);
    writer.f64(value);
  },
  decode: (reader) => reader.f64(),
};

/** UTF-8 text of at most 4 MiB, without NUL (the daemon's strings are C strings and would end there). */
export const string: Codec<string> = {
  encode(writer, value) {
    if (typeof value !== "string") throw new XdrError(`text is expected, not ${typeof value}`);
    const bytes = Buffer.from(value, "utf8");
    if (bytes.length > maxStringBytes) {
      throw new XdrError(`the text has ${bytes.length} bytes, and libvirt takes at most ${maxStringBytes} (4 MiB)`);
    }
    if (bytes.includes(0)) throw new XdrError("the text holds a NUL character, where libvirt would cut it");
    writer.u32(bytes.length);
    writer.bytes(bytes);
  },
  decode(reader) {
    return reader.bytes(boundedLength(reader, maxStringBytes)).toString("utf8");
  },
};

/** Bytes of a variable length up to `maxBytes`. */
export function opaque(maxBytes: number): Codec<Uint8Array> {
  return {
    encode(writer, value) {
      if (!(value instanceof Uint8Array)) throw new XdrError("bytes are expected");
      if (value.length > maxBytes) throw new XdrError(`${value.length} bytes, and libvirt takes at most ${maxBytes}`);
      writer.u32(value.length);
      writer.bytes(value);
    },
    decode: (reader) => new Uint8Array(reader.bytes(boundedLength(reader, maxBytes))),
  };
}

const uuidHexPattern = /^[0-9a-f]{32}$/;
const uuidGroups = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/;

/** 16 bytes as the canonical lower-case text `8-4-4-4-12`. */
export const uuid: Codec<string> = {
  encode(writer, value) {
    if (typeof value !== "string") throw new XdrError("a UUID is expected");
    const hex = value.replaceAll("-", "").toLowerCase();
    if (!uuidHexPattern.test(hex)) throw new XdrError(`"${value}" is no UUID`);
    writer.bytes(Buffer.from(hex, "hex"));
  },
  decode: (reader) => reader.bytes(uuidBytes).toString("hex").replace(uuidGroups, "$1-$2-$3-$4-$5"),
};

/** C's `char text[length]` as XDR carries it: one word a character; read up to the first NUL. */
export function fixedText(length: number): Codec<string> {
  return {
    encode(writer, value) {
      if (typeof value !== "string") throw new XdrError("text is expected");
      const bytes = Buffer.from(value, "latin1");
      if (bytes.length > length) throw new XdrError(`${bytes.length} characters, and libvirt takes at most ${length}`);
      for (let index = 0; index < length; index++) writer.u32(bytes[index] ?? 0);
    },
    decode(reader) {
      const codes = Array.from({ length }, () => reader.u32() & 0xff);
      const end = codes.indexOf(0);
      return String.fromCharCode(...codes.slice(0, end === -1 ? length : end));
    },
  };
}

/** A value that may be missing: null (undefined is taken as null too). */
export function optional<T>(codec: Codec<T>): Codec<T | null> {
  return {
    encode(writer, value: T | null | undefined) {
      const present = value !== null && value !== undefined;
      writer.u32(present ? 1 : 0);
      if (present) codec.encode(writer, value);
    },
    decode(reader) {
      const present = reader.u32();
      if (present > 1) throw new XdrError(`${present} where 0 (absent) or 1 (present) is expected`);
      return present === 1 ? codec.decode(reader) : null;
    },
  };
}

/** A list of at most `maxItems`. */
export function array<T>(codec: Codec<T>, maxItems: number): Codec<readonly T[]> {
  return {
    encode(writer, value) {
      if (!Array.isArray(value)) throw new XdrError("an array is expected");
      if (value.length > maxItems) throw new XdrError(`${value.length} items, and libvirt takes at most ${maxItems}`);
      writer.u32(value.length);
      value.forEach((item: T, index) => inField(`[${index}]`, () => codec.encode(writer, item)));
    },
    decode(reader) {
      const count = reader.u32();
      if (count > maxItems) throw new XdrError(`${count} items, and libvirt sends at most ${maxItems}`);
      const items: T[] = [];
      for (let index = 0; index < count; index++) items.push(inField(`[${index}]`, () => codec.decode(reader)));
      return items;
    },
  };
}

/** Field name to codec, in wire order. */
export type Shape = Readonly<Record<string, Codec<unknown>>>;

/** The object that a shape carries. */
export type StructOf<S extends Shape> = { readonly [K in keyof S]: Decoded<S[K]> };

/** An object whose fields travel one after another in the shape's order. */
export function struct<const S extends Shape>(shape: S): Codec<StructOf<S>> {
  const fields = Object.entries(shape);
  return {
    encode(writer, value) {
      const record = value as Readonly<Record<string, unknown>> | null | undefined;
      if (typeof record !== "object" || record === null) throw new XdrError("an object is expected");
      for (const [name, codec] of fields) inField(name, () => codec.encode(writer, record[name]));
    },
    decode: (reader) => Object.fromEntries(fields.map(([name, codec]) => [name, inField(name, () => codec.decode(reader))])) as StructOf<S>,
  };
}

/** The bytes of one value. */
export function encodeValue<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter();
  codec.encode(writer, value);
  return writer.finish();
}

/** The one value that `bytes` holds; bytes left over are an error, for they mean that codec and daemon disagree. */
export function decodeValue<T>(codec: Codec<T>, bytes: Buffer): T {
  const reader = new XdrReader(bytes);
  const value = codec.decode(reader);
  if (reader.remainingBytes > 0) throw new XdrError(`${reader.remainingBytes} bytes left over`);
  return value;
}

function boundedLength(reader: XdrReader, maxBytes: number): number {
  const length = reader.u32();
  if (length > maxBytes) throw new XdrError(`a length of ${length} bytes, and libvirt sends at most ${maxBytes}`);
  return length;
}

function inField<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof XdrError ? error.within(field) : error;
  }
}
