// getVolume: a volume of the host, by its path or by pool and name.
import { z } from "zod";
import { RefusedError } from "../../errors";
import { formatSize } from "../../plan/size";
import { parseVolume } from "../../xml/storage-xml";
import { hostPath } from "../volume-fields";
import { defined } from "../values";
import { defineFunction } from "./define-function";

const inputs = z.strictObject({
  path: hostPath.optional().describe("Path on the host; or give `pool` and `name`."),
  pool: z.string().min(1).optional().describe("The pool, with `name`."),
  name: z.string().min(1).optional().describe("Name of the volume, with `pool`."),
});
type Inputs = z.infer<typeof inputs>;

function refOf({ path, pool, name }: Inputs): { readonly path: string } | { readonly pool: string; readonly name: string } {
  if (path !== undefined && pool === undefined && name === undefined) return { path };
  if (path === undefined && pool !== undefined && name !== undefined) return { pool, name };
  throw new RefusedError([{ path: "path", reason: "names the volume, or `pool` and `name` together do: give the one or the other." }]);
}

export const getVolume = defineFunction({
  token: "kvm:index:getVolume",
  description: "A volume of the host, whoever made it, by its path or by pool and name.",
  inputs,
  outputs: z.strictObject({
    path: z.string().describe("Path on the host."),
    pool: z.string().describe("The pool."),
    name: z.string().describe("Name of the volume."),
    format: z.string().describe("Image format, as libvirt takes it."),
    capacity: z.string().describe('What a guest sees: "20GiB".'),
    allocation: z.string().optional().describe("Space that it takes; none where it takes none."),
    backingPath: z.string().optional().describe("The image that it stands on."),
  }),
  run: async (args, { services: { libvirt }, signal }) => {
    const asked = args as Inputs;
    const ref = refOf(asked);
    const record = await libvirt.findVolume(ref, { signal });
    if (record === undefined) {
      const what = "path" in ref ? { path: "path", value: ref.path } : { path: "name", value: `${ref.pool}/${ref.name}` };
      throw new RefusedError([{ path: what.path, reason: `is ${JSON.stringify(what.value)}, but the host's pools have no such volume.` }]);
    }
    const { format, allocationBytes, backingPath } = parseVolume(record.xml);
    const { path, pool, name, capacityBytes } = record;
    return {
      path,
      pool,
      name,
      format,
      capacity: formatSize(capacityBytes),
      ...defined({ allocation: allocationBytes > 0 ? formatSize(allocationBytes) : undefined, backingPath }),
    };
  },
});
