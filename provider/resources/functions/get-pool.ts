// getPool: a storage pool of the host, whoever made it.
import { z } from "zod";
import { RefusedError } from "../../errors";
import { formatSize } from "../../plan/size";
import { parsePool } from "../../xml/pool-xml";
import { defined } from "../values";
import { defineFunction } from "./define-function";

const inputs = z.strictObject({ name: z.string().min(1).describe("Name of the pool.") });

export const getPool = defineFunction({
  token: "kvm:index:getPool",
  description: "A storage pool of the host, whoever made it, with its free space and the names of its volumes.",
  inputs,
  outputs: z.strictObject({
    name: z.string().describe("Name of the pool."),
    uuid: z.string().describe("UUID of the pool."),
    type: z.string().describe("Kind of storage, in libvirt's words."),
    path: z.string().optional().describe("Where on the host the volumes appear; none for network pools."),
    active: z.boolean().describe("Whether it is started."),
    autostart: z.boolean().describe("Whether it is started with the host."),
    capacity: z.string().optional().describe('Size of the storage: "100GiB"; none while the pool is not active.'),
    available: z.string().optional().describe("Free space, as of libvirt's last look; none while the pool is not active."),
    volumes: z.array(z.string()).describe("Names of its volumes, in order; empty while the pool is not active."),
  }),
  run: async (args, { services: { libvirt }, signal }) => {
    const { name } = args as z.infer<typeof inputs>;
    const record = await libvirt.findPool(name, { signal });
    if (record === undefined) {
      throw new RefusedError([
        {
          path: "name",
          reason: `is ${JSON.stringify(name)}, but the host has no such storage pool; \`virsh pool-list --all\` shows those that it has.`,
        },
      ]);
    }
    const { type, path } = parsePool(record.xml);
    const { uuid, active, autostart, capacityBytes, availableBytes } = record;
    return {
      name,
      uuid,
      type,
      active,
      autostart,
      ...defined({ path }),
      ...(active ? { capacity: formatSize(capacityBytes), available: formatSize(availableBytes) } : {}),
      volumes: active ? [...(await libvirt.listVolumes(name, { signal }))].sort() : [],
    };
  },
});
