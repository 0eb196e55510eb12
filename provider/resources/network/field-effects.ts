// What a change of each field costs, and why: the table behind the diff, the preview's words and what is applied when. Pure.
import type { NetworkField } from "./network-fields";

/**
 * `live`: changed while the network runs; `nextStart`: when the network is next started, which is at once where no running VM is on it;
 * `replace`: another network; `nothing`: no guest notices.
 */
export type NetworkEffect = "live" | "nextStart" | "replace" | "nothing";

export const fieldEffects = {
  name: { effect: "replace", because: "libvirt cannot rename a network" },
  mode: { effect: "nextStart", because: "bridge and firewall rules are made at the start" },
  bridge: { effect: "nextStart", because: "the bridge is made at the start" },
  devices: { effect: "nextStart", because: "firewall rules are made at the start" },
  natPorts: { effect: "nextStart", because: "firewall rules are made at the start" },
  natAddresses: { effect: "nextStart", because: "firewall rules are made at the start" },
  natIpv6: { effect: "nextStart", because: "firewall rules are made at the start" },
  mac: { effect: "nextStart", because: "the bridge gets its MAC when it is made" },
  mtu: { effect: "nextStart", because: "the bridge gets its MTU when it is made" },
  domainName: { effect: "nextStart", because: "dnsmasq is told at the start" },
  domainLocalOnly: { effect: "nextStart", because: "dnsmasq is told at the start" },
  address: { effect: "nextStart", because: "the bridge gets its addresses at the start" },
  dhcpRanges: { effect: "live", because: "virNetworkUpdate, section IP_DHCP_RANGE" },
  dhcpHost: { effect: "live", because: "virNetworkUpdate, section IP_DHCP_HOST" },
  dnsEnabled: { effect: "nextStart", because: "dnsmasq is told at the start" },
  forwardPlainNames: { effect: "nextStart", because: "dnsmasq is told at the start" },
  forwarders: { effect: "nextStart", because: "dnsmasq is told at the start" },
  dnsHost: { effect: "live", because: "virNetworkUpdate, section DNS_HOST" },
  dnsSrv: { effect: "live", because: "virNetworkUpdate, section DNS_SRV" },
  dnsTxt: { effect: "live", because: "virNetworkUpdate, section DNS_TXT" },
  ipv6: { effect: "nextStart", because: "firewall rules are made at the start" },
  autostart: { effect: "nothing", because: "a link in libvirt's folder" },
  active: { effect: "nothing", because: "it is what is asked for" },
} as const satisfies Readonly<Record<NetworkField, { readonly effect: NetworkEffect; readonly because: string }>>;

/** macvtap's devices are libvirt's list, which it changes at any time; a bridge's device is in firewall rules. */
export function effectOf(field: NetworkField, hasOwnBridge: boolean): NetworkEffect {
  return field === "devices" && !hasOwnBridge ? "live" : fieldEffects[field].effect;
}
