// The escape hatch: XML of the user's own, put into a definition by a key, with everything that the provider manages protected.
import { createHash } from "node:crypto";
import type { FragmentMark, XmlFragment } from "../plan/domain";
import { ensureChild } from "./child-order";
import { fragmentAliasPrefix } from "./disk-xml";
import { addChild, attributeOf, childOf, childrenOf, importElement, remove, setAttributes, type XmlElement } from "./document";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

export interface FragmentProblem {
  readonly key: string;
  readonly field: "path" | "xml" | "remove";
  readonly reason: string;
}

/** A place that the provider writes itself, and the input that says it. */
const managed: Readonly<Record<string, string>> = {
  name: "`name`",
  uuid: "nothing: libvirt gives it",
  description: "`description`",
  memory: "`maxMemory`",
  currentMemory: "`memory`",
  vcpu: "`cpus` and `maxCpus`",
  iothreads: "`disks.KEY.iothread`",
  metadata: "nothing: it is where the provider and others keep their notes",
  os: 'the fields of `os` one by one (path "os")',
  "os/type": "`machine`",
  "os/kernel": "`directBoot.kernel`",
  "os/initrd": "`directBoot.initrd`",
  "os/cmdline": "`directBoot.cmdline`",
  devices: 'one device at a time (path "devices")',
  "devices/disk": "`disks` (its cache mode is `disks.KEY.cache`)",
  "devices/interface": "`networks`",
  "devices/emulator": "nothing: libvirt chooses it",
  cpu: '`cpuMode`, or the parts of `cpu` one by one (path "cpu")',
};

/** A place that is the user's own until the program uses the input that writes it. */
const managedWith: Readonly<Record<string, string>> = {
  on_poweroff: "onPoweroff",
  on_reboot: "onReboot",
  on_crash: "onCrash",
  clock: "clock",
  memoryBacking: "memoryBacking",
  numatune: "numa",
  sysinfo: "smbios",
  "cpu/numa": "numa",
  "cpu/model": "cpu",
  "cpu/topology": "cpu",
  "cpu/feature": "cpu",
  "cputune/vcpupin": "pinning",
  "cputune/emulatorpin": "pinning",
  "cputune/iothreadpin": "pinning",
  "os/firmware": "firmware",
  "os/loader": "firmware",
  "os/nvram": "firmware",
  "os/smbios": "smbios",
  "features/hyperv": "hyperv",
  "features/kvm": "features",
  "features/acpi": "features",
  "features/apic": "features",
  "features/pae": "features",
  "features/pmu": "features",
  "features/smm": "features",
  "features/vmport": "features",
  "features/ioapic": "features",
  "devices/tpm": "tpm",
  "devices/watchdog": "watchdog",
  "devices/rng": "rng",
  "devices/panic": "panic",
  "devices/memballoon": "balloon",
  "devices/graphics": "graphics",
  "devices/video": "video",
  "devices/sound": "sound",
  "devices/vsock": "vsock",
};

/** Devices of which others may stand beside those of an input; all of a name go together. */
const removedWith: readonly (readonly [place: string, input: string])[] = [
  ["devices/filesystem", "shares"],
  ["devices/hostdev", "hostDevices"],
  ["devices/channel", "channels"],
  ["devices/channel", "guestAgent"],
  ["devices/serial", "serial"],
  ["devices/serial", "serials"],
  ["devices/console", "consoles"],
  ["devices/input", "input"],
];

/** Places below these are the provider's too. */
const managedBelow = ["devices/disk", "devices/interface", "metadata"];

const aliasOf = (key: string) => `${fragmentAliasPrefix}${key}`;

const placeOf = (path: string, element: string) => (path === "" ? element : `${path}/${element}`);

/** Indentation and the order of attributes are no difference. */
const digestOf = (xml: string) =>
  createHash("sha256")
    .update(writeXml(readXml(xml)))
    .digest("hex");

const plainName = /^[A-Za-z][A-Za-z0-9_.:-]*$/;

const plainPath = /^(?:[A-Za-z][A-Za-z0-9_.:-]*(?:\/[A-Za-z][A-Za-z0-9_.:-]*)*)?$/;

/** What the mark of a fragment that takes away says in place of a digest. */
const removal = "removed";

/** The input that the program uses and that writes the place, or one above it. */
function inputAt(path: string, place: string, given: ReadonlySet<string>): string | undefined {
  const above = Object.keys(managedWith).find((each) => place === each || path === each || path.startsWith(`${each}/`));
  const input = above === undefined ? undefined : managedWith[above];
  return input !== undefined && given.has(input) ? `\`${input}\`` : undefined;
}

/** What is wrong with the fragments by themselves and beside the `inputs` that are given; libvirt judges the rest when it is defined. */
export function fragmentProblems(
  fragments: Readonly<Record<string, XmlFragment>>,
  inputs: ReadonlySet<string> = new Set(),
): FragmentProblem[] {
  const places = new Map<string, string>();
  return Object.entries(fragments).flatMap(([key, fragment]): FragmentProblem[] => {
    const { path } = fragment;
    if (!plainPath.test(path)) {
      return [
        {
          key,
          field: "path",
          reason: `is ${JSON.stringify(path)}, but must be names of elements below <domain> with slashes between: "devices", "features/hyperv", or "" for <domain> itself.`,
        },
      ];
    }
    const given = whatIsSaid(fragment);
    if ("reason" in given) return [{ key, ...given }];
    const { element, field } = given;
    const place = placeOf(path, element);
    const owner =
      managed[place] ??
      inputAt(path, place, inputs) ??
      managedBelow.filter((each) => path === each || path.startsWith(`${each}/`)).map((each) => managed[each])[0] ??
      (field === "remove" ? inputWithin(place, inputs) : undefined);
    const where = path === "" ? "<domain>" : path;
    if (owner !== undefined)
      return [{ key, field, reason: `is <${element}> in ${where}, which the provider manages itself: use ${owner}.` }];
    if (path === "devices" && field === "xml") return [];
    const other = places.get(place);
    places.set(place, key);
    return other === undefined
      ? []
      : [
          {
            key,
            field: "path",
            reason: `leads to the same place as ${JSON.stringify(other)}: <${element}> in ${where}. Put both into one fragment.`,
          },
        ];
  });
}

/** A place inside of this one that an input of the program writes. */
function inputWithin(place: string, inputs: ReadonlySet<string>): string | undefined {
  const within = [...Object.entries(managedWith), ...removedWith].find(
    ([each, input]) => (each === place || each.startsWith(`${place}/`)) && inputs.has(input),
  );
  return within === undefined ? undefined : `\`${within[1]}\``;
}

/** The element that a fragment sets or takes away, and the field that says so. */
function whatIsSaid({ xml, remove: name }: XmlFragment): { element: string; field: "xml" | "remove" } | Omit<FragmentProblem, "key"> {
  if (xml === undefined && name === undefined)
    return { field: "xml", reason: "is missing: say the element to set, or with `remove` the name of the one to take away." };
  if (xml !== undefined && name !== undefined)
    return { field: "remove", reason: "stands beside `xml`, which replaces what is there: leave one of them out." };
  if (name !== undefined) {
    return plainName.test(name)
      ? { element: name, field: "remove" }
      : { field: "remove", reason: `is ${JSON.stringify(name)}, but must be the name of one element: "vmport".` };
  }
  const element = elementOf(xml ?? "");
  return typeof element === "string" ? { element, field: "xml" } : { field: "xml", reason: `is no XML element: ${element.problem}` };
}

function elementOf(xml: string): string | { readonly problem: string } {
  try {
    return readXml(xml).nodeName;
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const parentAt = (domain: XmlElement, path: string, make: boolean): XmlElement | undefined =>
  path
    .split("/")
    .filter((name) => name !== "")
    .reduce<XmlElement | undefined>(
      (at, name) => (at === undefined ? undefined : make ? ensureChild(at, name) : childOf(at, name)),
      domain,
    );

/** The element that a mark is about, as the definition has it now. */
function elementAt(domain: XmlElement, { key, path, element }: FragmentMark): XmlElement | undefined {
  const parent = parentAt(domain, path, false);
  if (parent === undefined) return undefined;
  const found = childrenOf(parent, element);
  return path === "devices" ? found.find((each) => attributeOf(childOf(each, "alias"), "name") === aliasOf(key)) : found[0];
}

export const marksOf = (fragments: Readonly<Record<string, XmlFragment>>): FragmentMark[] =>
  Object.entries(fragments).map(([key, { path, xml, remove: name }]) =>
    xml === undefined
      ? { key, path, element: name ?? "", digest: removal }
      : { key, path, element: readXml(xml).nodeName, digest: digestOf(xml) },
  );

/** Takes away all elements of the name but the devices that fragments put there. */
function takeAway(domain: XmlElement, { path, element }: FragmentMark): void {
  const parent = parentAt(domain, path, false);
  for (const each of parent === undefined ? [] : childrenOf(parent, element)) {
    if (attributeOf(childOf(each, "alias"), "name")?.startsWith(fragmentAliasPrefix) !== true) remove(each);
  }
}

/**
 * Puts the fragments in, takes away what they say, and takes those of `before` (the marks of the definition) out that are not asked for any more. What was taken
 * away does not come back by itself. What is as it was asked for is left
 * as libvirt has it, with all that libvirt filled in.
 */
export function writeFragments(
  domain: XmlElement,
  fragments: Readonly<Record<string, XmlFragment>>,
  before: readonly FragmentMark[],
): void {
  const wanted = marksOf(fragments);
  const stays = (mark: FragmentMark) =>
    wanted.some((each) => each.key === mark.key && each.path === mark.path && each.element === mark.element);
  for (const mark of before.filter((each) => each.digest !== removal && !stays(each))) remove(elementAt(domain, mark));
  for (const mark of wanted) {
    if (mark.digest === removal) {
      takeAway(domain, mark);
      continue;
    }
    const present = elementAt(domain, mark);
    const isSame = before.some(({ key, digest }) => key === mark.key && digest === mark.digest);
    if (present !== undefined && isSame) continue;
    const parent = parentAt(domain, mark.path, true) ?? domain;
    const fragment = fragments[mark.key];
    if (fragment?.xml === undefined) continue;
    const placed = importElement(parent, readXml(fragment.xml), present);
    remove(present);
    if (mark.path === "devices") setAttributes(childOf(placed, "alias") ?? addChild(placed, "alias"), { name: aliasOf(mark.key) });
  }
}
