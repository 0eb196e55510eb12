// Snapshots of the fake's domains: what libvirt tells of them, and what an external one does to the disks.
import type { Libvirt } from "../libvirt/port";
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
  const root = rootElement(xml);
  for (const disk of disksOf(root)) {
    const path = overlays[targetOf(disk)];
    const source = at(disk, "source");
    const below = state.files.get(source?.getAttribute("file") ?? "");
    if (path === undefined || source === undefined || below === undefined) continue;
    // The same file for the definition and the run.
    if (!state.files.has(path)) state.files.set(path, { ...below, path, format: "qcow2", backing: below });
    source.setAttribute("file", path);
  }
  return xmlText(root);
}

export const fakeSnapshotVerbs = (state: FakeState) =>
  ({
    listSnapshots: async (uuid) => [...domainOf(state, uuid).snapshots],
    deleteSnapshot: async (uuid, name) => {
      const { snapshots } = domainOf(state, uuid);
      const index = snapshots.findIndex((snapshot) => snapshot.name === name);
      if (index >= 0) snapshots.splice(index, 1);
    },
  }) satisfies Partial<Libvirt>;
