// getAddresses: the addresses of a running guest, whoever made the machine; waited for where the program says how long.
import { z } from "zod";
import { asValues, defined } from "../values";
import { observeAddresses, waitUntilReachable } from "../virtual-machine/addresses";
import { addressOutputs } from "../virtual-machine/network-contract";
import { observedMachine } from "../virtual-machine/state";
import { defineFunction } from "./define-function";
import { findMachine, machineName } from "./find-machine";

const inputs = z.strictObject({
  ...machineName,
  network: z
    .string()
    .min(1)
    .optional()
    .describe("With `waitSeconds`: the key of the network card whose address is waited for. Default: any."),
  waitSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .optional()
    .describe("Seconds to wait until the guest has an address. When they are over, what is known is told. Default: 0."),
});

export const getAddresses = defineFunction({
  token: "kvm:index:getAddresses",
  description:
    "The addresses of a virtual machine, whoever made it: told by its guest agent, by the leases of libvirt's DHCP servers, or by the host's ARP table. None while it does not run.",
  inputs,
  outputs: z.strictObject({
    name: z.string().describe("Name of the domain."),
    uuid: z.string().describe("UUID of the domain."),
    ...addressOutputs,
  }),
  run: async (args, call) => {
    const asked = args as z.infer<typeof inputs>;
    const { uuid, name } = await findMachine(asked, call);
    await waitUntilReachable(uuid, { network: asked.network, seconds: asked.waitSeconds ?? 0 }, call);
    const { macAddresses, addresses, ipAddress } = await observeAddresses(observedMachine(await findMachine({ uuid }, call)), call);
    return asValues({ name, uuid, macAddresses, addresses, ...defined({ ipAddress }) });
  },
});
