// A machine that a function's arguments name: by `name` or by `uuid`, one of them. Asks the host.
import { z } from "zod";
import { RefusedError } from "../../errors";
import type { DomainRecord } from "../../libvirt/port";
import type { Call } from "../resource";

export const machineName = {
  name: z.string().min(1).optional().describe("Name of the domain; or give `uuid`."),
  uuid: z.string().min(1).optional().describe("UUID of the domain; or give `name`."),
};

interface NameOrUuid {
  readonly name?: string | undefined;
  readonly uuid?: string | undefined;
}

/** One of the two. */
export function nameOrUuid({ name, uuid }: NameOrUuid): { readonly name: string } | { readonly uuid: string } {
  if (uuid !== undefined && name === undefined) return { uuid };
  if (name !== undefined && uuid === undefined) return { name };
  throw new RefusedError([{ path: "name", reason: "or `uuid` is required, and one of them only." }]);
}

/** What the host does not have, by the argument that names it. */
export function notThere(ref: NameOrUuid, what: string, list: string): RefusedError {
  const [path, value] = Object.entries<string | undefined>({ ...ref })[0] ?? ["name", ""];
  return new RefusedError([
    { path, reason: `is ${JSON.stringify(value)}, but the host has no such ${what}; \`virsh ${list}\` shows those that it has.` },
  ]);
}

export async function findMachine(
  args: NameOrUuid,
  { services: { libvirt }, signal }: Pick<Call, "services" | "signal">,
): Promise<DomainRecord> {
  const ref = nameOrUuid(args);
  const record = await libvirt.findDomain(ref, { signal });
  if (record === undefined) throw notThere(ref, "VM", "list --all");
  return record;
}
