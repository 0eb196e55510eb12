// libvirt's sizes with units: <memory unit='GiB'>2</memory> and its relatives.
import { attributeOf, textOf, type XmlElement } from "./document";

const powers = "kmgtpe";

/** Bytes in one of libvirt's units ("KiB", "k", "MB", "bytes"; letter case does not matter); undefined for words it does not know. */
export function bytesPerUnit(unit: string): number | undefined {
  if (/^b(ytes?)?$/i.test(unit)) return 1;
  const [, letter, suffix] = /^([kmgtpe])(i?b)?$/i.exec(unit) ?? [];
  if (letter === undefined) return undefined;
  const base = suffix?.toLowerCase() === "b" ? 1000 : 1024;
  return base ** (powers.indexOf(letter.toLowerCase()) + 1);
}

/** A whole number in text, undefined where there is none. */
export function integerOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  return /^-?[0-9]+$/.test(trimmed) ? Number(trimmed) : undefined;
}

/** A size element in bytes; `defaultUnit` is libvirt's for that element. Undefined where there is no element or no number. */
export function bytesOf(element: XmlElement | undefined, defaultUnit: "KiB" | "bytes"): number | undefined {
  const count = integerOf(textOf(element));
  const unit = bytesPerUnit(attributeOf(element, "unit") ?? defaultUnit);
  return count === undefined || unit === undefined ? undefined : count * unit;
}

/** A memory element in KiB, rounded up as libvirt does. */
export function memoryKiBOf(element: XmlElement | undefined): number | undefined {
  const bytes = bytesOf(element, "KiB");
  return bytes === undefined ? undefined : Math.ceil(bytes / 1024);
}
