// Plan <-> the host's end of a serial port, console or channel: the type, <source> and <protocol> of such an element.
import { socketModes, tcpProtocols, type CharacterSource } from "../../plan/devices";
import { addChild, attributeOf, childOf, removeChildren, setAttributes, type AttributeValues, type XmlElement } from "../document";
import { wordOf } from "../platform/words";
import { integerOf } from "../size";

const modeOf = (source: XmlElement | undefined, otherwise: (typeof socketModes)[number]) =>
  wordOf(socketModes, attributeOf(source, "mode") ?? otherwise);

function readUnix(element: XmlElement): CharacterSource | undefined {
  const source = childOf(element, "source");
  const path = attributeOf(source, "path");
  const mode = modeOf(source, "bind");
  return mode === undefined ? undefined : { type: "unix", mode, ...(path === undefined ? {} : { path }) };
}

function readTcp(element: XmlElement): CharacterSource | undefined {
  const source = childOf(element, "source");
  const [host, port] = [attributeOf(source, "host"), integerOf(attributeOf(source, "service"))];
  const mode = modeOf(source, "connect");
  const protocol = wordOf(tcpProtocols, attributeOf(childOf(element, "protocol"), "type") ?? "raw");
  if (host === undefined || port === undefined || mode === undefined || protocol === undefined) return undefined;
  return attributeOf(source, "tls") === "yes" ? undefined : { type: "tcp", host, port, mode, protocol };
}

function readFile(element: XmlElement): CharacterSource | undefined {
  const path = attributeOf(childOf(element, "source"), "path");
  return path === undefined ? undefined : { type: "file", path };
}

const readers: Readonly<Record<string, (element: XmlElement) => CharacterSource | undefined>> = {
  pty: () => ({ type: "pty" }),
  spicevmc: () => ({ type: "spicevmc" }),
  file: readFile,
  unix: readUnix,
  tcp: readTcp,
};

/** undefined: a source that a plan cannot say. */
export const parseCharacterSource = (element: XmlElement): CharacterSource | undefined =>
  readers[attributeOf(element, "type") ?? ""]?.(element);

/** Appended to: a cold start or a restore must not wipe out what the guest said before. */
const attributes = {
  pty: () => undefined,
  spicevmc: () => undefined,
  file: ({ path }) => ({ path, append: "on" }),
  unix: ({ path, mode }) => ({ mode, path }),
  tcp: ({ host, port, mode }) => ({ mode, host, service: port }),
} as const satisfies {
  readonly [Type in CharacterSource["type"]]: (source: Extract<CharacterSource, { readonly type: Type }>) => AttributeValues | undefined;
};

function same(one: CharacterSource | undefined, other: CharacterSource): boolean {
  if (one === undefined) return false;
  // A path that libvirt made is as good as none.
  const told = other.type === "unix" && other.path === undefined && one.type === "unix" ? { ...one, path: undefined } : one;
  const words = (source: CharacterSource) =>
    JSON.stringify(
      Object.entries({ ...source })
        .filter(([, value]) => value !== undefined)
        .sort(),
    );
  return words(told) === words(other);
}

/** An element that says the same already is left as it is. */
export function writeCharacterSource(element: XmlElement, source: CharacterSource): void {
  if (same(parseCharacterSource(element), source)) return;
  removeChildren(element, "source", "protocol");
  setAttributes(element, { type: source.type, tty: undefined });
  const write = attributes[source.type] as (source: CharacterSource) => AttributeValues | undefined;
  const wanted = write(source);
  const first = element.firstChild ?? undefined;
  if (wanted !== undefined) addChild(element, "source", wanted, first);
  if (source.type === "tcp") addChild(element, "protocol", { type: source.protocol }, first);
}
