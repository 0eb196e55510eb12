// getVirtualMachine: a machine of the host, whoever made it: what it is and what its disks run with.
import { z } from "zod";
import { formatSize } from "../../plan/size";
import { parseDomain } from "../../xml/parse-domain";
import { defined } from "../values";
import { runningDisk } from "../virtual-machine/contract";
import { driverOf } from "../virtual-machine/pending";
import { defineFunction } from "./define-function";
import { findMachine, machineName } from "./find-machine";

const bytesPerKiB = 1024;

const inputs = z.strictObject(machineName);

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
  run: async (args, call) => {
    const record = await findMachine(args, call);
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
