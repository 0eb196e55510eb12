// Plan <-> the pins in <cputune>: which CPUs of the host the guest's CPUs, QEMU itself and the I/O threads run on.
import { canonicalCpuSet } from "../../plan/cpu-set";
import type { DomainPlatform } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { attributeOf, childOf, childrenOf, remove, setAttributes, type XmlElement } from "../document";
import { blockOf } from "./words";

/** The element of each kind of pin, and the attribute that says what is pinned. */
const pins = { vcpus: { element: "vcpupin", by: "vcpu" }, iothreads: { element: "iothreadpin", by: "iothread" } } as const;
type PinKind = keyof typeof pins;

const setOf = (element: XmlElement | undefined): string | undefined => {
  const text = attributeOf(element, "cpuset");
  return text === undefined ? undefined : canonicalCpuSet(text);
};

const parsePins = (tune: XmlElement | undefined, kind: PinKind): Record<string, string> =>
  Object.fromEntries(
    (tune === undefined ? [] : childrenOf(tune, pins[kind].element)).map((pin) => [
      attributeOf(pin, pins[kind].by) ?? "",
      setOf(pin) ?? "",
    ]),
  );

export function parsePinning(domain: XmlElement): Pick<DomainPlatform, "pinning"> {
  const tune = childOf(domain, "cputune");
  return blockOf("pinning", {
    vcpus: parsePins(tune, "vcpus"),
    emulator: setOf(tune && childOf(tune, "emulatorpin")),
    iothreads: parsePins(tune, "iothreads"),
  });
}

function writePins(tune: XmlElement, kind: PinKind, wanted: Readonly<Record<string, string>>): void {
  const { element, by } = pins[kind];
  const present = new Map(childrenOf(tune, element).map((pin) => [attributeOf(pin, by) ?? "", pin]));
  remove(...[...present].filter(([id]) => !Object.hasOwn(wanted, id)).map(([, pin]) => pin));
  for (const [id, cpuset] of Object.entries(wanted).sort(([a], [b]) => Number(a) - Number(b))) {
    const pin = present.get(id);
    if (setOf(pin) !== cpuset) setAttributes(pin ?? addInOrder(tune, element), { [by]: id, cpuset });
  }
}

export function configurePinning(domain: XmlElement, { pinning }: DomainPlatform): void {
  if (pinning === undefined) return;
  const tune = ensureChild(domain, "cputune");
  for (const kind of ["vcpus", "iothreads"] as const) {
    const wanted = pinning[kind];
    if (wanted !== undefined) writePins(tune, kind, wanted);
  }
  if (pinning.emulator !== undefined && setOf(childOf(tune, "emulatorpin")) !== pinning.emulator)
    setAttributes(ensureChild(tune, "emulatorpin"), { cpuset: pinning.emulator });
  if (childrenOf(tune).length === 0) remove(tune);
}
