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
  readonly field: "path" | "xml";
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

/** Places below these are the provider's too. */
const managedBelow = ["devices/disk", "devices/interface", "metadata"];

const aliasOf = (key: string) => `${fragmentAliasPrefix}${key}`;

const placeOf = (path: string, element: string) => (path === "" ? element : `${path}/${element}`);

/** Indentation and the order of attributes are no difference. */
const digestOf = (xml: string) =>
  createHash("sha256")
    .update(writeXml(readXml(xml)))
    .digest("hex");

const plainPath = /^(?:[A-Za-z][A-Za-z0-9_.:-]*(?:\/[A-Za-z][A-Za-z0-9_.:-]*)*)?$/;

/** The input that the program uses and that writes the place, or one above it. */
function inputAt(path: string, place: string, given: ReadonlySet<string>): string | undefined {
  const above = Object.keys(managedWith).find((each) => place === each || path === each || path.startsWith(`${each}/`));
  const input = above === undefined ? undefined : managedWith[above];
  return input !== undefined && given.has(input) ? `\`${input}\`` : undefined;
}

/** What is wrong with the fragments by themselves and beside the inputs that are `given`; libvirt judges the rest when it is defined. */
export function fragmentProblems(
  fragments: Readonly<Record<string, XmlFragment>>,
  given: ReadonlySet<string> = new Set(),
): FragmentProblem[] {
  const places = new Map<string, string>();
  return Object.entries(fragments).flatMap(([key, { path, xml }]): FragmentProblem[] => {
    if (!plainPath.test(path)) {
      return [
        {
          key,
          field: "path",
          reason: `is ${JSON.stringify(path)}, but must be names of elements below <domain> with slashes between: "devices", "features/hyperv", or "" for <domain> itself.`,
        },
      ];
    }
    const element = elementOf(xml);
    if (typeof element !== "string") return [{ key, field: "xml", reason: `is no XML element: ${element.problem}` }];
    const place = placeOf(path, element);
    const owner =
      managed[place] ??
      inputAt(path, place, given) ??
      managedBelow.filter((each) => path === each || path.startsWith(`${each}/`)).map((each) => managed[each])[0];
    if (owner !== undefined)
      return [
        {
          key,
          field: "xml",
          reason: `is <${element}> in ${path === "" ? "<domain>" : path}, which the provider manages itself: use ${owner}.`,
        },
      ];
    if (path === "devices") return [];
    const other = places.get(place);
    places.set(place, key);
    return other === undefined
      ? []
      : [
          {
            key,
            field: "path",
            reason: `leads to the same place as ${JSON.stringify(other)}: <${element}> in ${path === "" ? "<domain>" : path}. Put both into one fragment.`,
          },
        ];
  });
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
  Object.entries(fragments).map(([key, { path, xml }]) => ({ key, path, element: readXml(xml).nodeName, digest: digestOf(xml) }));

/**
 * Puts the fragments in, and takes those of `before` (the marks of the definition) away that are not asked for any more. What is as it was asked for is left
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
  for (const mark of before.filter((each) => !stays(each))) remove(elementAt(domain, mark));
  for (const mark of wanted) {
    const present = elementAt(domain, mark);
    const isSame = before.some(({ key, digest }) => key === mark.key && digest === mark.digest);
    if (present !== undefined && isSame) continue;
    const parent = parentAt(domain, mark.path, true) ?? domain;
    const fragment = fragments[mark.key];
    if (fragment === undefined) continue;
    const placed = importElement(parent, readXml(fragment.xml), present);
    remove(present);
    if (mark.path === "devices") setAttributes(childOf(placed, "alias") ?? addChild(placed, "alias"), { name: aliasOf(mark.key) });
  }
}
