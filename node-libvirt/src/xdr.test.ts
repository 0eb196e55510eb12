/** The codecs: what goes in comes out, and what libvirt would not take, or never sends, is refused. */
import fc from "fast-check";
import { domain, domainStatsRecord, remoteError, storageVol, typedParam } from "./wire-types";
import type { TypedParam } from "./wire-types";
import { array, bool, decodeValue, encodeValue, f64, fixedText, flags, i32, i64, maxStringBytes, opaque, optional } from "./xdr";
import { string, struct, u32, u64, uuid, XdrError } from "./xdr";
import type { Codec } from "./xdr";

const aU32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anI32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const aU64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const anI64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const aString = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
const aUuid = fc.uuid();
const aDomain = fc.record({ name: aString, uuid: aUuid, id: anI32 }, { noNullPrototype: true });
const aParam: fc.Arbitrary<TypedParam> = fc.oneof(
  fc.record({ field: aString, type: fc.constant("int" as const), value: anI32 }, { noNullPrototype: true }),
  fc.record({ field: aString, type: fc.constant("uint" as const), value: aU32 }, { noNullPrototype: true }),
  fc.record({ field: aString, type: fc.constant("llong" as const), value: anI64 }, { noNullPrototype: true }),
  fc.record({ field: aString, type: fc.constant("ullong" as const), value: aU64 }, { noNullPrototype: true }),
  fc.record({ field: aString, type: fc.constant("double" as const), value: fc.double() }, { noNullPrototype: true }),
  fc.record({ field: aString, type: fc.constant("boolean" as const), value: fc.boolean() }, { noNullPrototype: true }),
  fc.record({ field: aString, type: fc.constant("string" as const), value: aString }, { noNullPrototype: true }),
);

interface RoundTrip {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

const roundTrips: readonly RoundTrip[] = [
  { name: "u32", codec: u32, values: aU32 },
  { name: "i32", codec: i32, values: anI32 },
  { name: "u64", codec: u64, values: aU64 },
  { name: "i64", codec: i64, values: anI64 },
  { name: "f64", codec: f64, values: fc.double() },
  { name: "bool", codec: bool, values: fc.boolean() },
  { name: "string", codec: string, values: aString },
  { name: "opaque", codec: opaque(64), values: fc.uint8Array({ maxLength: 64 }) },
  { name: "uuid", codec: uuid, values: aUuid },
  { name: "optional string", codec: optional(string), values: fc.option(aString) },
  { name: "array of optional", codec: array(optional(i32), 20), values: fc.array(fc.option(anI32), { maxLength: 20 }) },
  { name: "domain", codec: domain, values: aDomain },
  { name: "volume", codec: storageVol, values: fc.record({ pool: aString, name: aString, key: aString }, { noNullPrototype: true }) },
  { name: "typed parameter", codec: typedParam, values: aParam },
  {
    name: "statistics",
    codec: domainStatsRecord,
    values: fc.record({ dom: aDomain, params: fc.array(aParam, { maxLength: 20 }) }, { noNullPrototype: true }),
  },
];

test.each(roundTrips)("$name: decoding gives back what was encoded, in whole words", ({ codec, values }) => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = encodeValue(codec, value);
      expect(bytes.length % 4).toBe(0);
      expect(decodeValue(codec, bytes)).toEqual(value);
    }),
    { numRuns: 200 },
  );
});

const knownBytes = [
  { codec: u32, value: 1, hex: "00000001", because: "XDR is big-endian" },
  { codec: i32, value: -1, hex: "ffffffff", because: "two's complement" },
  { codec: u64, value: 2n ** 32n, hex: "0000000100000000", because: "the high word comes first" },
  { codec: string, value: "abcde", hex: "000000056162636465000000", because: "length, text, zeroes to a whole word" },
  { codec: string, value: "é", hex: "00000002c3a90000", because: "the length counts bytes, not characters" },
  { codec: optional(string), value: null, hex: "00000000", because: "an absent value is one zero word" },
  { codec: fixedText(4), value: "ab", hex: "00000061000000620000000000000000", because: "C's char arrays travel one word a character" },
  { codec: flags, value: 1 << 31, hex: "80000000", because: "JavaScript's | makes bit 31 negative" },
  { codec: bool, value: true, hex: "00000001", because: "libvirt's truth is an int" },
] satisfies readonly { codec: Codec<never> | Codec<unknown>; value: unknown; hex: string; because: string }[];

test.each(knownBytes)("$value is $hex, because $because", ({ codec, value, hex }) => {
  expect(encodeValue(codec as Codec<unknown>, value).toString("hex")).toBe(hex);
  expect(encodeValue(codec as Codec<unknown>, decodeValue(codec as Codec<unknown>, Buffer.from(hex, "hex"))).toString("hex")).toBe(hex);
});

const refusedValues = [
  { codec: u32, value: -1, because: "it is negative" },
  { codec: u32, value: 1.5, because: "it is no integer" },
  { codec: u32, value: undefined, because: "it is missing" },
  { codec: flags, value: -(2 ** 31) - 1, because: "no 32 bits hold it" },
  { codec: i32, value: 2 ** 31, because: "it is too big" },
  { codec: u64, value: 1, because: "64-bit values are bigint" },
  { codec: u64, value: -1n, because: "it is negative" },
  { codec: string, value: "x".repeat(maxStringBytes + 1), because: "it is longer than 4 MiB" },
  { codec: string, value: "a\0b", because: "the daemon would cut it" },
  { codec: string, value: undefined, because: "it is missing" },
  { codec: uuid, value: "6695eb01", because: "it is too short" },
  { codec: array(i32, 2), value: [1, 2, 3], because: "there are too many" },
  { codec: array(i32, 2), value: "no array", because: "it is text" },
  { codec: opaque(2), value: Buffer.alloc(3), because: "there are too many bytes" },
  { codec: domain, value: null, because: "it is missing" },
  { codec: typedParam, value: { field: "x", type: "toString", value: 1 }, because: "there is no such type" },
] satisfies readonly { codec: Codec<never> | Codec<unknown>; value: unknown; because: string }[];

test.each(refusedValues)("a value is refused because $because", ({ codec, value }) => {
  expect(() => encodeValue(codec as Codec<unknown>, value)).toThrow(XdrError);
});

const refusedBytes = [
  { codec: u32, hex: "000000", because: "a word has four bytes" },
  { codec: string, hex: "00000005616263", because: "the text ends early" },
  { codec: string, hex: "ffffffff", because: "no text is 4 GiB long" },
  { codec: optional(i32), hex: "0000000200000000", because: "a value is there or not" },
  { codec: array(i32, 2), hex: "00000003000000010000000100000001", because: "libvirt sends no more than two" },
  { codec: i32, hex: "0000000100000000", because: "bytes are left over" },
  { codec: typedParam, hex: "0000000178000000000000ff00000000", because: "there is no type 255" },
] satisfies readonly { codec: Codec<never> | Codec<unknown>; hex: string; because: string }[];

test.each(refusedBytes)("$hex is refused because $because", ({ codec, hex }) => {
  expect(() => decodeValue(codec as Codec<unknown>, Buffer.from(hex, "hex"))).toThrow(XdrError);
});

test("the error names the field, however deep it is", () => {
  const shape = struct({ doms: array(domain, 10) });
  const good = { name: "a", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
  expect(() => encodeValue(shape, { doms: [good, { ...good, uuid: "x" }] })).toThrow(/^doms\[1\]\.uuid: /);
});

test("no bytes make a decoder throw anything but XdrError", () => {
  const codecs: readonly Codec<unknown>[] = [remoteError, domainStatsRecord, array(domain, 16_384), fixedText(32)];
  fc.assert(
    fc.property(fc.constantFrom(...codecs), fc.uint8Array({ maxLength: 200 }), (codec, bytes) => {
      try {
        decodeValue(codec, Buffer.from(bytes));
      } catch (error) {
        expect(error).toBeInstanceOf(XdrError);
      }
    }),
    { numRuns: 2_000 },
  );
});
