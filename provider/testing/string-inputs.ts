// Every string that a contract lets a program say: where it stands, and a value that is harmless. A new field is found by itself.
import { z } from "zod";
import type { Value, Values } from "../resources/resource";

type Path = readonly string[];

export interface StringInput {
  /** "disks.one.file"; a key of a map ends with "{}". */
  readonly path: string;
  /** What a program needs beside, and the text, in its place. */
  programWith(text: string): Value;
  /** A text that the contract takes. */
  readonly harmless: string;
}

/** Texts of every shape that a contract asks for: the first that it takes is the harmless one. */
const harmlessTexts = [
  "one",
  "1GiB",
  "/pools/fast/one.raw",
  "0",
  "rtc",
  "52:54:00:00:00:01",
  "192.168.100.1/24",
  "192.168.100.5",
  "https://example.org/one.iso",
  "0000:01:00.0",
  "6c1f0a3e-52c4-4d0b-9a0e-0b1a5a1f6d02",
  "pool/one",
  "5000c50015ea71ad",
  "046d",
  "QUJD",
  "hosts.example",
  "require",
  "default",
  "1",
  "0644",
  `sha256:${"0".repeat(64)}`,
  "0.0.0.0",
  "192.0.2.0/24",
  "fd00::1",
] as const;

const unwrapped = (type: z.core.$ZodType): z.core.$ZodType =>
  type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodNullable ? unwrapped(type.def.innerType) : type;

const takes = (type: z.core.$ZodType, value: Value) => z.safeParse(type, value).success;

function textFor(type: z.core.$ZodType, where: string): string {
  if (type instanceof z.ZodEnum) return String(type.options[0]);
  const text = harmlessTexts.find((each) => takes(type, each));
  if (text === undefined) throw new Error(`${where}: no text here is one that the contract takes: put one into the list`);
  return text;
}

/** The least value that the contract takes. */
function leastOf(type: z.core.$ZodType): Value {
  const inner = unwrapped(type);
  if (inner instanceof z.ZodObject) return leastObject(inner);
  if (inner instanceof z.ZodEnum) return String(inner.options[0]);
  if (inner instanceof z.ZodBoolean) return true;
  if (inner instanceof z.ZodNumber) return [1, 0, 64, 100, 1000, 5900].find((each) => takes(inner, each)) ?? 1;
  if (inner instanceof z.ZodArray) return [leastOf(inner.element)];
  if (inner instanceof z.ZodRecord) return { [textFor(inner.keyType, "a key")]: leastOf(inner.valueType) };
  return textFor(inner, "a required text");
}

const leastObject = (object: z.ZodObject): Values =>
  Object.fromEntries(
    Object.entries(object.shape as Readonly<Record<string, z.core.$ZodType>>)
      .filter(([, field]) => !takes(field, undefined as unknown as Value))
      .map(([name, field]) => [name, leastOf(field)]),
  );

/** All strings at and below the type. `place` puts a value where the type stands. */
function stringsAt(type: z.core.$ZodType, path: Path, place: (value: Value) => Value): StringInput[] {
  const inner = unwrapped(type);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape as Readonly<Record<string, z.core.$ZodType>>).flatMap(([name, field]) =>
      stringsAt(field, [...path, name], (value) => place({ ...leastObject(inner), [name]: value })),
    );
  }
  if (inner instanceof z.ZodArray) return stringsAt(inner.element, [...path, "0"], (value) => place([value]));
  if (inner instanceof z.ZodRecord) {
    const key = textFor(inner.keyType, path.join("."));
    const asKey = {
      path: [...path, "{}"].join("."),
      harmless: key,
      programWith: (text: string) => place({ [text]: leastOf(inner.valueType) }),
    };
    return [asKey, ...stringsAt(inner.valueType, [...path, key], (value) => place({ [key]: value }))];
  }
  if (inner instanceof z.ZodNumber || inner instanceof z.ZodBoolean) return [];
  const isText =
    inner instanceof z.ZodString || inner instanceof z.ZodStringFormat || inner instanceof z.ZodUnknown || inner instanceof z.ZodEnum;
  if (!isText) throw new Error(`${path.join(".")}: this test does not know this kind of zod type`);
  const harmless = inner instanceof z.ZodEnum ? String(inner.options[0]) : textFor(inner, path.join("."));
  return [{ path: path.join("."), harmless, programWith: place }];
}

export const stringInputs = (contract: z.ZodObject): StringInput[] => stringsAt(contract, [], (value) => value);
