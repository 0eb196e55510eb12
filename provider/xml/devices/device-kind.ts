// What the maps of devices share: how an element is known again by its key, and how a map is written over what is there and read back.
import type { DeviceKinds, DeviceMap } from "../../plan/devices";
import { addInOrder, ensureChild } from "../child-order";
import { fragmentAliasPrefix, userAliasPrefix } from "../disk-xml";
import { addChild, attributeOf, childOf, childrenOf, remove, setAttributes, type XmlElement } from "../document";

/** One kind of device: how it is read, written, and told from others where it has no alias of ours. */
export interface DeviceKind<Device> {
  readonly element: string;
  /** What an alias of ours begins with, behind libvirt's own prefix for those of users. Absent: the key is what it is, no alias is needed. */
  readonly aliasWord?: string;
  /** undefined: a device that a plan cannot say; it is nobody's business here. */
  readonly parse: (element: XmlElement) => Device | undefined;
  /** Writes a device into its element, new or old. */
  readonly write: (element: XmlElement, device: Device) => void;
  /** What no two of them have in common; undefined: nothing. */
  readonly identity: (device: Device) => string | undefined;
  /** A key for one that has none, by itself and its place. */
  readonly keyOf: (device: Device, place: number) => string;
}

/** A device of a definition. */
export interface FoundDevice<Device> {
  readonly key: string;
  readonly device: Device;
  readonly element: XmlElement;
  readonly alias?: string | undefined;
}

const aliasPrefix = ({ aliasWord }: { readonly aliasWord?: string }) =>
  aliasWord === undefined ? undefined : `${userAliasPrefix}${aliasWord}-`;

const aliasOf = (element: XmlElement) => attributeOf(childOf(element, "alias"), "name");

/** The devices of a name without the pieces of the user's own XML, which no input speaks of. */
export const devicesNamed = (devices: XmlElement, name: string): readonly XmlElement[] =>
  childrenOf(devices, name).filter((element) => aliasOf(element)?.startsWith(fragmentAliasPrefix) !== true);

/** A key made of any text. */
export const plainKey = (text: string): string => text.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "") || "device";

/** The devices of one kind with their keys: by our alias, else made from what they are; no key twice. */
export function foundDevices<Device>(devices: XmlElement, kind: DeviceKind<Device>): FoundDevice<Device>[] {
  const taken = new Set<string>();
  const free = (key: string): string => (taken.has(key) ? free(`${key}-2`) : key);
  const sayable = devicesNamed(devices, kind.element).flatMap((element, place) => {
    const device = kind.parse(element);
    return device === undefined ? [] : [{ element, device, place, alias: aliasOf(element) }];
  });
  const prefix = aliasPrefix(kind);
  return sayable.map(({ element, device, place, alias }) => {
    const own = prefix !== undefined && alias?.startsWith(prefix) === true ? alias.slice(prefix.length) : undefined;
    const key = free(own ?? kind.keyOf(device, place));
    taken.add(key);
    return { key, device, element, alias };
  });
}

/** The element of each planned device: by key, else by what it is, so that another key for the same device changes nothing on the host. */
export function matchDevices<Device, Found extends { readonly key: string; readonly device: Device }>(
  wanted: Readonly<Record<string, Device>>,
  found: readonly Found[],
  { identity }: Pick<DeviceKind<Device>, "identity">,
): Map<string, Found> {
  const free = new Set(found);
  const matched = new Map<string, Found>();
  const match = (fits: (each: Found, key: string, device: Device) => boolean) => {
    for (const [key, device] of Object.entries(wanted)) {
      const one = matched.has(key) ? undefined : [...free].find((each) => fits(each, key, device));
      if (one !== undefined && free.delete(one)) matched.set(key, one);
    }
  };
  match((each, key) => each.key === key);
  match((each, key, device) => {
    const own = identity(device);
    return own !== undefined && own === identity(each.device) && !(each.key in wanted);
  });
  return matched;
}

/** Writes a new device, with our alias. */
export function writeNew<Device>(element: XmlElement, kind: DeviceKind<Device>, key: string, device: Device): void {
  kind.write(element, device);
  const prefix = aliasPrefix(kind);
  if (prefix !== undefined) addChild(element, "alias", { name: `${prefix}${key}` });
}

/** Writes a map of devices; those that it does not have go, and those that a plan cannot say stay. */
export function configureMap<Name extends DeviceMap>(
  domain: XmlElement,
  kind: DeviceKind<DeviceKinds[Name]>,
  wanted: Readonly<Record<string, DeviceKinds[Name]>>,
): void {
  const devices = ensureChild(domain, "devices");
  const found = foundDevices(devices, kind);
  const matched = matchDevices(wanted, found, kind);
  const kept = new Set([...matched.values()].map(({ element }) => element));
  remove(...found.map(({ element }) => element).filter((element) => !kept.has(element)));
  for (const [key, device] of Object.entries(wanted)) {
    const present = matched.get(key);
    if (present === undefined) writeNew(addInOrder(devices, kind.element), kind, key, device);
    else rewrite(present, kind, key, device);
  }
}

/** An alias of ours follows the key; one that libvirt or others gave stays. */
function rewrite<Device>({ element, alias }: FoundDevice<Device>, kind: DeviceKind<Device>, key: string, device: Device): void {
  kind.write(element, device);
  const prefix = aliasPrefix(kind);
  const present = childOf(element, "alias");
  if (present !== undefined && prefix !== undefined && alias?.startsWith(prefix) === true)
    setAttributes(present, { name: `${prefix}${key}` });
}
