// Snapshots of the fake's domains: what libvirt tells of them, and what an external one does to the disks.
import type { Libvirt } from "../libvirt/port";
import { parseSnapshot } from "../xml/parse-snapshot";
import { disksOf, targetOf } from "./fake-definition";
import { domainOf } from "./fake-state";
import type { FakeDomain, FakeState } from "./fake-state";
import { at, rootElement, xmlText } from "./fake-xml";

/** Without overlays the snapshot is inside the disks' images. */
export function takeSnapshot(state: FakeState, domain: FakeDomain, name: string, overlays: Readonly<Record<string, string>> = {}): void {
  const disks = Object.entries(overlays).map(
    ([target, path]) => `<disk name='${target}' snapshot='external' type='file'><source file='${path}'/></disk>`,
  );
  const xml = `<domainsnapshot><name>${name}</name><disks>${disks.join("")}</disks>${domain.inactiveXml}</domainsnapshot>`;
  domain.snapshots.push({ name, xml });
  domain.inactiveXml = onOverlays(state, domain.inactiveXml, overlays);
  if (domain.liveXml !== undefined) domain.liveXml = onOverlays(state, domain.liveXml, overlays);
}

function onOverlays(state: FakeState, xml: string, overlays: Readonly<Record<string, string>>): string {
  const files = new Map(disksOf(rootElement(xml)).map((disk) => [targetOf(disk), at(disk, "source")?.getAttribute("file")]));
  return Object.entries(overlays).reduce((text, [target, path]) => {
    const below = state.files.get(files.get(target) ?? "");
    // The same file for the definition and the run.
    if (below !== undefined && !state.files.has(path)) state.files.set(path, { ...below, path, format: "qcow2", backing: below });
    return onFile(text, target, path);
  }, xml);
}

/** The newest data goes into the file below, and the disk back onto that. */
function merge(state: FakeState, domain: FakeDomain, xml: string): void {
  for (const { target, path, over } of parseSnapshot(xml).overlays) {
    if (over === undefined) continue;
    domain.inactiveXml = onFile(domain.inactiveXml, target, over);
    state.files.delete(path);
  }
}

function onFile(xml: string, target: string, path: string): string {
  const root = rootElement(xml);
  const disk = disksOf(root).find((each) => targetOf(each) === target);
  if (disk !== undefined) at(disk, "source")?.setAttribute("file", path);
  return xmlText(root);
}

export const fakeSnapshotVerbs = (state: FakeState) =>
  ({
    listSnapshots: async (uuid) => [...domainOf(state, uuid).snapshots],
    deleteSnapshot: async (uuid, name) => {
      const domain = domainOf(state, uuid);
      const index = domain.snapshots.findIndex((snapshot) => snapshot.name === name);
      const [gone] = index < 0 ? [] : domain.snapshots.splice(index, 1);
      if (gone !== undefined) merge(state, domain, gone.xml);
    },
  }) satisfies Partial<Libvirt>;
