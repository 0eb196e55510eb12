// getVirtualMachine: a machine of the host, whoever made it: what it is and what its disks run with.
import { z } from "zod";
import { RefusedError } from "../../errors";
import { formatSize } from "../../plan/size";
import { parseDomain } from "../../xml/parse-domain";
import { defined } from "../values";
import { runningDisk } from "../virtual-machine/contract";
import { driverOf } from "../virtual-machine/pending";
import { defineFunction } from "./define-function";

const bytesPerKiB = 1024;

const inputs = z.strictObject({
  name: z.string().min(1).optional().describe("Name of the domain; or give `uuid`."),
  uuid: z.string().min(1).optional().describe("UUID of the domain; or give `name`."),
});

export const getVirtualMachine = defineFunction({
  token: "kvm:index:getVirtualMachine",
  description: "A virtual machine of the host, whoever made it: what it is, and what its disks have in the definition and in the run.",
  inputs,
  outputs: z.strictObject({
    name: z.string().describe("Name of the domain."),
    uuid: z.string().describe("UUID of the domain."),
    state: z.enum(["running", "paused", "stopped", "crashed", "suspended"]).describe("State.").meta({ id: "MachineState" }),
    description: z.string().optional().describe("Free text of the definition."),
    domainType: z.string().describe("The accelerator: `kvm`, `qemu`."),
    machine: z.string().describe("Machine type."),
    cpus: z.int().describe("Virtual CPUs that are on."),
    memory: z.string().describe("Memory."),
    autostart: z.boolean().describe("Whether it is started with the host."),
    disks: z.record(z.string(), runningDisk).describe("The disks of the definition: what the next cold start uses."),
    runningDisks: z.record(z.string(), runningDisk).describe("The disks of the run; empty when it is stopped."),
    managed: z.boolean().describe("Whether this provider made the machine, or took it over."),
  }),
  run: async (args, { services: { libvirt }, signal }) => {
    const { name, uuid } = args as z.infer<typeof inputs>;
    const ref = uuid !== undefined && name === undefined ? { uuid } : name !== undefined && uuid === undefined ? { name } : undefined;
    if (ref === undefined) throw new RefusedError([{ path: "name", reason: "or `uuid` is required, and one of them only." }]);
    const record = await libvirt.findDomain(ref, { signal });
    if (record === undefined) {
      const [path, value] = Object.entries(ref)[0] ?? ["name", ""];
      throw new RefusedError([
        { path, reason: `is ${JSON.stringify(value)}, but the host has no such VM; \`virsh list --all\` shows those that it has.` },
      ]);
    }
    const domain = parseDomain(record.inactiveXml);
    const disksOf = ({ disks }: typeof domain) =>
      Object.fromEntries(disks.map((disk) => [disk.key, { target: disk.target, ...defined({ path: disk.path }), ...driverOf(disk) }]));
    return {
      name: record.name,
      uuid: record.uuid,
      state: record.state,
      ...defined({ description: domain.description }),
      domainType: domain.domainType,
      machine: domain.machine,
      cpus: domain.cpus,
      memory: formatSize(domain.memoryKiB * bytesPerKiB),
      autostart: record.autostart,
      disks: disksOf(domain),
      runningDisks: record.liveXml === undefined ? {} : disksOf(parseDomain(record.liveXml)),
      managed: domain.metadata !== undefined,
    };
  },
});
