// The steps that create and update share: define, start and stop a network, with progress, and with a way out in what goes wrong.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { networksOverlap, parseIpInterface } from "../../plan/ip-address";
import { parseNetwork } from "../../xml/parse-network";
import type { Call } from "../resource";
import type { CheckedInputs } from "./contract";
import { rulesOf } from "./network-modes";

/** The same error with what the user can do about it. */
async function withWayOut<Result>(work: Promise<Result>, wayOutOf: (error: HostError) => Promise<string | undefined>): Promise<Result> {
  return work.catch(async (error: unknown) => {
    if (!(error instanceof HostError)) throw error;
    const wayOut = (await wayOutOf(error).catch(() => undefined)) ?? error.context.wayOut;
    throw wayOut === undefined ? error : new HostError(error.code, error.libvirtMessage, { ...error.context, wayOut });
  });
}

const interfacesOf = (addresses: readonly { readonly address: string }[]) =>
  addresses.map(({ address }) => parseIpInterface(address)).filter((ip) => ip !== undefined);

/** The active network of libvirt's that has the bridge, or addresses in the same network. */
async function rivalOf({ name, bridge, addresses = [] }: CheckedInputs, isOn: "bridge" | "addresses", { services }: Call) {
  const own = interfacesOf(addresses);
  const others = (await services.libvirt.listNetworks()).filter((each) => each.name !== name);
  return others.find(({ xml, liveXml }) => {
    const other = parseNetwork(liveXml ?? xml);
    if (isOn === "bridge") return bridge !== undefined && other.bridge === bridge;
    return liveXml !== undefined && interfacesOf(other.addresses).some((ip) => own.some((each) => networksOverlap(each, ip)));
  })?.name;
}

export async function defineNetwork(inputs: CheckedInputs, xml: string, call: Call): Promise<void> {
  const { libvirt } = call.services;
  await withWayOut(libvirt.defineNetwork(xml, { signal: call.signal }), async ({ code }) => {
    if (code !== hostErrorCodes.internalError) return undefined;
    const rival = await rivalOf(inputs, "bridge", call);
    return (
      rival &&
      `The network ${rival} has the bridge ${inputs.bridge ?? ""}: give this one another \`bridge\`, or none (libvirt then finds a free name).`
    );
  });
}

async function whyNotStarted(inputs: CheckedInputs, code: number, call: Call): Promise<string | undefined> {
  const { mode, bridge, addresses = [] } = inputs;
  if (!rulesOf(mode).ownBridge) return "Check that the bridge or devices are there on the host (`ip link`).";
  const rival = await rivalOf(inputs, "addresses", call);
  const texts = addresses.map(({ address }) => address).join(", ");
  if (rival !== undefined) {
    return `The network ${rival} has addresses that overlap with ${texts}: give this one other \`addresses\`, or stop that one.`;
  }
  if (code === hostErrorCodes.systemError) {
    const named = bridge === undefined ? "" : ` that no interface of the host is named ${bridge} (\`ip link\`; give another \`bridge\`),`;
    return `Check${named} that dnsmasq is installed on the host (Debian: dnsmasq-base), and that libvirt may change the host's network.`;
  }
  if (code !== hostErrorCodes.internalError) return undefined;
  return `Check that no interface or route of the host is in the networks of ${texts} (\`ip address\`, \`ip route\`; else choose other \`addresses\`), that nothing else serves DNS or DHCP on all of the host's addresses, and that the host has iptables or nft.`;
}

export async function startNetwork(inputs: CheckedInputs, call: Call): Promise<void> {
  const { services, signal, log } = call;
  log.status(`starting network ${inputs.name}`);
  await withWayOut(services.libvirt.startNetwork(inputs.name, { signal }), ({ code }) => whyNotStarted(inputs, code, call));
}

export async function stopNetwork({ name }: CheckedInputs, { services, signal, log }: Call): Promise<void> {
  log.status(`stopping network ${name}`);
  await services.libvirt.stopNetwork(name, { signal });
}
