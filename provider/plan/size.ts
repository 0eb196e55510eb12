// Sizes as people write them ("20GiB", "1.5TiB", "10GB") <-> bytes.

/** Bytes in each unit that a size may have. Binary first, the larger first: the order in which `formatSize` tries them. */
export const sizeUnits = {
  PiB: 2 ** 50,
  TiB: 2 ** 40,
  GiB: 2 ** 30,
  MiB: 2 ** 20,
  KiB: 2 ** 10,
  B: 1,
  PB: 1e15,
  TB: 1e12,
  GB: 1e9,
  MB: 1e6,
  kB: 1e3,
  KB: 1e3,
} as const;

export type SizeUnit = keyof typeof sizeUnits;

/** Bytes, or what is wrong with the text and how to write it. */
export type ParsedSize = { readonly bytes: number } | { readonly problem: string };

/** More than this has no exact number of bytes in JavaScript. */
const maxBytes = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads a size with its unit. A size is more than zero and a whole number of bytes. */
export function parseSize(text: string): ParsedSize {
  const [, whole = "", fraction = "", unit = ""] = /^\s*(\d+)(?:\.(\d+))?\s*([a-zA-Z]*)\s*$/.exec(text) ?? [];
  if (whole === "") return { problem: `"${text}" is no size. Write a number and a unit, such as "20GiB" or "512MiB".` };
  const number = fraction === "" ? whole : `${whole}.${fraction}`;
  if (unit === "") return { problem: `"${text}" has no unit. Write "${number}GiB", "${number}MiB", or "${number}B" for bytes.` };
  if (!isSizeUnit(unit)) return { problem: `"${unit}" is no unit of size. Write one of ${Object.keys(sizeUnits).join(", ")}.` };
  const scale = 10n ** BigInt(fraction.length);
  const scaled = BigInt(whole + fraction) * BigInt(sizeUnits[unit]);
  if (scaled % scale !== 0n) return { problem: `"${text}" is no whole number of bytes. Write it in a smaller unit.` };
  const bytes = scaled / scale;
  if (bytes === 0n) return { problem: `"${text}" is nothing: a size is more than zero.` };
  if (bytes > maxBytes) return { problem: `"${text}" is too much: sizes go up to ${maxBytes.toString()} bytes (8PiB).` };
  return { bytes: Number(bytes) };
}

/** The shortest exact way to write a number of bytes: "20GiB", "1536MiB", "1000B". `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  const unit =
    (["PiB", "TiB", "GiB", "MiB", "KiB"] as const).find((unit) => bytes >= sizeUnits[unit] && bytes % sizeUnits[unit] === 0) ?? "B";
  return `${bytes / sizeUnits[unit]}${unit}`;
}

function isSizeUnit(unit: string): unit is SizeUnit {
  return Object.hasOwn(sizeUnits, unit);
}
