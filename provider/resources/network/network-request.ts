// A network's inputs -> the definition to write, in libvirt's words. Pure.
import type { NetworkAddress, NetworkDns, NetworkForward, NetworkRequest } from "../../xml/network-xml";
import { defined } from "../values";
import type { CheckedInputs } from "./contract";
import { rulesOf } from "./network-modes";

type Address = NonNullable<CheckedInputs["addresses"]>[number];

function addressOf({ address, dhcp }: Address): NetworkAddress {
  return { address, ranges: dhcp?.ranges ?? [], hosts: Object.values(dhcp?.hosts ?? {}) };
}

function dnsOf({
  enabled = true,
  forwardPlainNames = true,
  forwarders = [],
  hosts = {},
  srv = [],
  txt = {},
}: NonNullable<CheckedInputs["dns"]>): NetworkDns {
  return {
    enabled,
    forwardPlainNames,
    forwarders,
    txt: Object.entries(txt).map(([name, value]) => ({ name, value })),
    srv: srv,
    hosts: Object.values(hosts),
  };
}

function forwardOf({ mode, devices = [], nat }: CheckedInputs): NetworkForward | undefined {
  const { forward } = rulesOf(mode);
  return forward === undefined ? undefined : { mode: forward, devices, nat };
}

export function networkRequest(inputs: CheckedInputs, uuid: string): NetworkRequest {
  const { name, mode, bridge, mac, mtu, domain, ipv6 = false, addresses = [], dns = {} } = inputs;
  return {
    name,
    uuid,
    ...defined({
      forward: forwardOf(inputs),
      virtualPort: rulesOf(mode).virtualPort,
      bridge,
      mac,
      mtu,
      domain: domain && { name: domain.name, localOnly: domain.localOnly === true },
    }),
    ipv6,
    addresses: addresses.map(addressOf),
    dns: dnsOf(dns),
  };
}
