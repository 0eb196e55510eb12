// Names a domain to libvirt's procedures, which know it by its UUID alone.
import type { Domain } from "node-libvirt";
import type { CallContext } from "./errors";
import type { CallOptions } from "./port";

/** The name and the number are only along for the ride. */
export const domainRef = (uuid: string): Domain => ({ name: "", uuid, id: -1 });

/** What a call about a domain says of itself when it fails. */
export const aboutDomain = (
  doing: string,
  uuid: string,
  options: CallOptions | undefined,
): CallContext & { options: CallOptions | undefined } => ({
  doing,
  what: `the domain ${uuid}`,
  options,
});
