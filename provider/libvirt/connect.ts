// The composition of the port to libvirt: one lazy connection, and the verbs by concern.
import { addressVerbs } from "./addresses";
import { openHostConnection } from "./connection";
import type { HostConnectionOptions } from "./connection";
import { domainVerbs } from "./domains";
import { hostVerbs } from "./host";
import { liveDomainVerbs } from "./live-domains";
import { networkVerbs } from "./networks";
import { poolVerbs } from "./pools";
import type { Libvirt } from "./port";
import { savedDomainVerbs } from "./saved-domains";
import { secretVerbs } from "./secrets";
import { snapshotVerbs } from "./snapshots";
import { volumeVerbs } from "./volumes";

/** A local daemon's URI names no host: `qemu:///system`, `qemu+unix:///session?socket=/path`. */
const localUri = /^[a-z]+(\+unix)?:\/\/\//i;

/**
 * The host at a libvirt URI. Nothing is connected before the first call, and a lost connection is opened again by the next one.
 * Verbs reject with HostError, HostConnectionError or CancelledError. `close` ends what the connection holds: probe domains too.
 */
export function connectLibvirt(options: HostConnectionOptions): Libvirt {
  const host = openHostConnection(options);
  return {
    uri: options.uri,
    isLocalSocket: localUri.test(options.uri),
    close: () => host.close(),
    ...hostVerbs(host),
    ...domainVerbs(host),
    ...liveDomainVerbs(host),
    ...addressVerbs(host),
    ...savedDomainVerbs(host),
    ...snapshotVerbs(host),
    ...poolVerbs(host),
    ...volumeVerbs(host),
    ...networkVerbs(host),
    ...secretVerbs(host),
  };
}
