// Our element in a domain's <metadata>: who manages the machine, what was asked and decided, and which volumes are ours.
import { deviceMapNames } from "../plan/devices";
import type { FragmentMark, ManagedInterface, ManagedMetadata, OwnedVolume } from "../plan/domain";
import {
  cacheModes,
  cacheSettings,
  detectZeroesModes,
  discardModes,
  ioModes,
  ioSettings,
  type DiskRule,
  type DriverSettings,
} from "../plan/settings";
import { addChild, attributeOf, childrenOf, remove, setText, textOf, type AttributeValues, type XmlElement } from "./document";
import { metadataElementName, metadataNamespace, metadataPrefix } from "./namespace";
import { integerOf } from "./size";

type ManagedDisk = ManagedMetadata["disks"][number];

/** What our element says: the metadata, and the target of each disk key, which tells an imported disk (it has no alias of ours) again. */
export interface StoredMetadata {
  readonly metadata: ManagedMetadata;
  readonly keyByTarget: ReadonlyMap<string, string>;
  /** The same for network cards, by MAC. */
  readonly keyByMac: ReadonlyMap<string, string>;
}

const phases = ["creating", "ready"] as const satisfies readonly ManagedMetadata["phase"][];
const yesNo = ["no", "yes"] as const;

/** The namespace of a prefixed or plain element name, as declared on it or around it. */
function namespaceOf(element: XmlElement): string | undefined {
  const [prefix] = element.nodeName.includes(":") ? element.nodeName.split(":") : [undefined];
  const declaration = prefix === undefined ? "xmlns" : `xmlns:${prefix}`;
  for (let scope: XmlElement | null = element; scope !== null; scope = scope.parentElement) {
    const declared = attributeOf(scope, declaration);
    if (declared !== undefined) return declared;
  }
  return undefined;
}

const localName = (element: XmlElement) => element.nodeName.slice(element.nodeName.indexOf(":") + 1);
const ownElements = (metadata: XmlElement) => childrenOf(metadata).filter((child) => namespaceOf(child) === metadataNamespace);
const partsOf = (element: XmlElement, name: string) => childrenOf(element).filter((child) => localName(child) === name);

function addPart(parent: XmlElement, name: string, attributes: AttributeValues = {}, text?: string): XmlElement {
  const part = addChild(parent, `${metadataPrefix}:${name}`, attributes);
  if (text !== undefined) setText(part, text);
  return part;
}

const ruleAttributes = ({ cache, io, discard, detectZeroes }: DiskRule) => ({ cache, io, discard, detectZeroes });

/** Writes our element into <metadata>, in place of an earlier one; what others keep there stays. `targets`: disk key -> target. */
export function writeMetadata(parent: XmlElement, metadata: ManagedMetadata, targets: ReadonlyMap<string, string>): void {
  const [present, ...doubles] = ownElements(parent);
  const own = addChild(parent, metadataElementName, { [`xmlns:${metadataPrefix}`]: metadataNamespace, phase: metadata.phase }, present);
  remove(present, ...doubles);
  addPart(own, "urn", {}, metadata.urn);
  if (metadata.maker !== undefined) addPart(own, "maker", { ...metadata.maker });
  for (const { key, requested, effective, reason } of metadata.disks) {
    const disk = addPart(own, "disk", { key, target: targets.get(key) });
    addPart(disk, "requested", ruleAttributes(requested));
    addPart(disk, "effective", ruleAttributes(effective));
    addPart(disk, "reason", {}, reason);
  }
  if (metadata.instanceId !== undefined) addPart(own, "seed", { instanceId: metadata.instanceId });
  const cards = metadata.interfaces === undefined ? undefined : addPart(own, "interfaces");
  if (cards !== undefined) for (const card of metadata.interfaces ?? []) addPart(cards, "interface", { ...card });
  if (metadata.devices !== undefined) addPart(own, "devices", { maps: metadata.devices.join(" ") });
  if (metadata.cpuFeatures !== undefined) addPart(own, "cpu", { features: metadata.cpuFeatures });
  for (const fragment of metadata.fragments ?? []) addPart(own, "fragment", { ...fragment });
  for (const volume of metadata.volumes) addPart(own, "volume", { ...volume, keep: volume.keep ? "yes" : "no" });
}

/** Raised and caught in this file only: the content is not what we write. */
class NotOurs extends Error {}

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new NotOurs();
  return value;
}

function wordOf<Word extends string>(words: readonly Word[], element: XmlElement, name: string): Word | undefined {
  const value = attributeOf(element, name);
  return value === undefined ? undefined : required(words.find((word) => word === value));
}

/** Leaves out the keys without a value, so that what is read equals what was written. */
function present<Values extends object>(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}

const parseRule = (element: XmlElement): DiskRule =>
  present({
    cache: wordOf(cacheSettings, element, "cache"),
    io: wordOf(ioSettings, element, "io"),
    discard: wordOf(discardModes, element, "discard"),
    detectZeroes: wordOf(detectZeroesModes, element, "detectZeroes"),
  });

const parseDriver = (element: XmlElement): DriverSettings => ({
  cache: required(wordOf(cacheModes, element, "cache")),
  io: required(wordOf(ioModes, element, "io")),
  discard: required(wordOf(discardModes, element, "discard")),
  detectZeroes: required(wordOf(detectZeroesModes, element, "detectZeroes")),
});

const part = (element: XmlElement, name: string) => required(partsOf(element, name)[0]);
const value = (element: XmlElement, name: string) => required(attributeOf(element, name));

const parseManagedDisk = (element: XmlElement): ManagedDisk => ({
  key: value(element, "key"),
  requested: parseRule(part(element, "requested")),
  effective: parseDriver(part(element, "effective")),
  reason: required(textOf(part(element, "reason"))),
});

const parseVolume = (element: XmlElement): OwnedVolume => ({
  key: value(element, "key"),
  pool: value(element, "pool"),
  name: value(element, "name"),
  path: value(element, "path"),
  keep: required(wordOf(yesNo, element, "keep")) === "yes",
});

const parseFragment = (element: XmlElement): FragmentMark => ({
  key: value(element, "key"),
  path: value(element, "path"),
  element: value(element, "element"),
  digest: value(element, "digest"),
});

const parseMaker = (element: XmlElement): NonNullable<ManagedMetadata["maker"]> => ({
  hostname: value(element, "hostname"),
  pid: required(integerOf(value(element, "pid"))),
  since: value(element, "since"),
});

const parseInterfaceNote = (element: XmlElement): ManagedInterface =>
  present({
    key: value(element, "key"),
    mac: value(element, "mac"),
    network: attributeOf(element, "network"),
    address: attributeOf(element, "address"),
  });

function parseOwn(own: XmlElement): StoredMetadata {
  const [maker] = partsOf(own, "maker");
  const [seed] = partsOf(own, "seed");
  const [cpu] = partsOf(own, "cpu");
  const [maps] = partsOf(own, "devices");
  const disks = partsOf(own, "disk");
  const fragments = partsOf(own, "fragment");
  const [cards] = partsOf(own, "interfaces");
  const interfaces = cards && partsOf(cards, "interface").map(parseInterfaceNote);
  const targets = disks.map((disk) => [attributeOf(disk, "target"), value(disk, "key")] as const);
  return {
    metadata: present({
      urn: required(textOf(part(own, "urn"))),
      phase: required(wordOf(phases, own, "phase")),
      maker: maker === undefined ? undefined : parseMaker(maker),
      disks: disks.map(parseManagedDisk),
      instanceId: seed === undefined ? undefined : value(seed, "instanceId"),
      cpuFeatures: cpu === undefined ? undefined : value(cpu, "features"),
      devices: maps === undefined ? undefined : deviceMapNames.filter((name) => value(maps, "maps").split(" ").includes(name)),
      volumes: partsOf(own, "volume").map(parseVolume),
      fragments: fragments.length === 0 ? undefined : fragments.map(parseFragment),
      interfaces,
    }),
    keyByMac: new Map((interfaces ?? []).map(({ key, mac }) => [mac, key])),
    keyByTarget: new Map(targets.flatMap(([target, key]) => (target === undefined ? [] : [[target, key] as const]))),
  };
}

/** Reads our element from <metadata>. Absent, foreign or damaged content is no error: it reads as "not made by this provider". */
export function parseMetadata(parent: XmlElement | undefined): StoredMetadata | undefined {
  const [own] = parent === undefined ? [] : ownElements(parent);
  if (own === undefined) return undefined;
  try {
    return parseOwn(own);
  } catch (error) {
    if (error instanceof NotOurs) return undefined;
    throw error;
  }
}
