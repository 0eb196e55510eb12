// A change of each input of a network card, for each row of networkFieldEffects.
import type { networkFieldEffects } from "../../plan/field-effects";
import type { Values } from "../../resources/resource";
import type { EffectCases, Place } from "./play-cases";

const noOvs = "needs Open vSwitch";
const noShaping = "needs a kernel that shapes traffic (sch_htb, sch_sfq)";

export const networkCases = (place: Place) => {
  const { key, network, otherNetwork, bridge, otherBridge } = place;
  const mac = `52:54:00:00:47:${key.slice(-2).padStart(2, "0")}`;
  const card = (more: Values, source: Values = { network }): Values => ({ networks: { [key]: { ...source, ...more } } });
  const limited = (average: string) => card({ bandwidth: { inbound: { average } } });
  return {
    added: [{ because: "a slot is free", after: card({ mac }), brings: new RegExp(mac) }],
    removed: [{ because: "the guest lets go", guest: true, before: card({ mac }), after: { networks: {} }, takes: new RegExp(mac) }],
    changed: [
      {
        because: "from a bridge to QEMU's own network",
        before: card({}),
        after: card({}, { user: true }),
        brings: /<interface type=["']user/,
      },
    ],
    network: [
      {
        because: "from bridge to bridge",
        before: card({}),
        after: card({}, { network: otherNetwork }),
        brings: new RegExp(`network=["']${otherNetwork}`),
      },
    ],
    bridge: [
      {
        because: "from bridge to bridge",
        before: card({}, { bridge }),
        after: card({}, { bridge: otherBridge }),
        brings: new RegExp(`bridge=["']${otherBridge}`),
      },
    ],
    portgroup: [
      {
        because: "another group of the same network",
        before: card({ portgroup: "slow" }),
        after: card({ portgroup: "fast" }),
        brings: /portgroup=["']fast/,
      },
    ],
    openvswitch: [
      {
        because: "a bridge of another kind",
        onFake: noOvs,
        before: card({}, { bridge }),
        after: card({ openvswitch: true }, { bridge }),
        brings: /<virtualport type=["']openvswitch/,
      },
    ],
    direct: [
      {
        because: "another device",
        before: card({}, { direct: { device: bridge } }),
        after: card({}, { direct: { device: otherBridge } }),
        brings: new RegExp(`dev=["']${otherBridge}`),
      },
    ],
    user: [
      {
        because: "from QEMU's own network to a bridge",
        before: card({}, { user: true }),
        after: card({}),
        brings: /<interface type=["']network/,
      },
    ],
    vhostUser: [
      {
        because: "another switch",
        onFake: "needs a vhost-user switch",
        before: card({}, { vhostUser: { socket: "/run/one.sock" } }),
        after: card({}, { vhostUser: { socket: "/run/two.sock" } }),
        brings: /two\.sock/,
      },
    ],
    model: [{ because: "another card", before: card({}), after: card({ model: "e1000" }), brings: /<model type=["']e1000/ }],
    mac: [{ because: "the guest has read it", before: card({}), after: card({ mac }), brings: new RegExp(mac) }],
    mtu: [{ because: "the guest has read it", before: card({}), after: card({ mtu: 1400 }), brings: /<mtu size=["']1400/ }],
    vlan: [
      {
        because: "another tag",
        onFake: noOvs,
        before: card({ vlan: 1, openvswitch: true }, { bridge }),
        after: card({ vlan: 42, openvswitch: true }, { bridge }),
        brings: /<tag id=["']42/,
      },
    ],
    bandwidth: [
      { because: "another limit", onFake: noShaping, before: limited("1MiB"), after: limited("2MiB"), brings: /<inbound average=["']2048/ },
      { because: "no limit any more", onFake: noShaping, before: limited("1MiB"), after: card({}), takes: /<inbound/ },
    ],
    linkState: [{ because: "the cable is pulled", before: card({}), after: card({ linkState: "down" }), brings: /<link state=["']down/ }],
    bootOrder: [{ because: "the firmware has looked", before: card({}), after: card({ bootOrder: 1 }), brings: /<boot order=["']1/ }],
    queues: [{ because: "the guest has counted them", before: card({}), after: card({ queues: 2 }), brings: /queues=["']2/ }],
    staticAddress: [{ because: "an entry of the network", before: card({}), after: card({ staticAddress: "192.0.2.77" }) }],
  } as const satisfies EffectCases<typeof networkFieldEffects>;
};
