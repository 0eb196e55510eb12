// The port's verbs about a domain's snapshots.
import { domainSnapshotListFlags, domainXmlFlags } from "node-libvirt";
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { aboutDomain, domainRef } from "./domain-ref";
import { unlessCode } from "./errors";
import type { Libvirt } from "./port";

export function snapshotVerbs(host: HostConnection): Pick<Libvirt, "listSnapshots" | "deleteSnapshot"> {
  return {
    listSnapshots: async (uuid, options) => {
      const about = aboutDomain("Reading the snapshots of", uuid, options);
      const { snapshots } = await host.call("domainListAllSnapshots", {
        ...about,
        args: { dom: domainRef(uuid), needResults: true, flags: domainSnapshotListFlags.TOPOLOGICAL },
      });
      return Promise.all(
        snapshots.map(async (snap) => {
          const { xml } = await host.call("domainSnapshotGetXmlDesc", { ...about, args: { snap, flags: domainXmlFlags.SECURE } });
          return { name: snap.name, xml };
        }),
      );
    },
    deleteSnapshot: async (uuid, name, options) => {
      const deleted = host.callSlowly("domainSnapshotDelete", {
        ...aboutDomain(`Deleting the snapshot ${name} of`, uuid, options),
        args: { snap: { name, dom: domainRef(uuid) }, flags: 0 },
      });
      await unlessCode(deleted, hostErrorCodes.noSnapshot);
    },
  };
}
