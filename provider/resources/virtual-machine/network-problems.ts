// What is wrong with a VM's networks as asked, all at once: what libvirt would refuse, or take and never do. Pure.
import type { Problem } from "../../errors";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { containsUnknown, isValues, sizeBytes } from "../values";
import { networkSourceFields } from "./network-plan";

const bytesPerKiB = 1024;

type Rule = (card: Values, sources: readonly string[]) => readonly { readonly field?: string; readonly reason: string }[];

const isOn = (card: Values, field: string) => card[field] !== undefined && card[field] !== false;

/** Cards that libvirt's <bandwidth> works on. */
const limitable: readonly string[] = ["network", "bridge", "direct"];
/** Cards whose MTU libvirt sets: those of bridges and vhost-user switches. */
const withMtu: readonly string[] = ["network", "bridge", "vhostUser"];

const isVirtio = ({ model }: Values) =>
  model === undefined || (typeof model === "string" && model.startsWith("virtio")) || containsUnknown(model);
const givenWith = (card: Values, field: string, other: string) =>
  isOn(card, field) && card[other] === undefined
    ? [{ field, reason: `is for \`${other}\`, which is not given: give it, or leave this out.` }]
    : [];

const rules: readonly Rule[] = [
  (_card, sources) => {
    if (sources.length === 1) return [];
    const names = networkSourceFields.map((field) => `\`${field}\``).join(", ");
    return [
      {
        reason:
          sources.length === 0
            ? `must say where the card leads: give one of ${names}.`
            : `leads to ${sources.map((field) => `\`${field}\``).join(" and ")}: give one of them.`,
      },
    ];
  },
  (card) => [
    ...givenWith(card, "portgroup", "network"),
    ...givenWith(card, "openvswitch", "bridge"),
    ...givenWith(card, "staticAddress", "network"),
  ],
  (card, [source = ""]) => {
    if (card["vlan"] === undefined) return [];
    const { direct } = card;
    const isPassthrough = source === "direct" && isValues(direct) && direct["mode"] === "passthrough";
    return source === "network" || isPassthrough || (source === "bridge" && card["openvswitch"] === true)
      ? []
      : [
          {
            field: "vlan",
            reason:
              "needs an Open vSwitch bridge (`openvswitch: true`) or a `direct` device in mode `passthrough`; tag the frames in the guest or at the bridge instead.",
          },
        ];
  },
  (card, [source]) =>
    card["bandwidth"] === undefined || source === undefined || limitable.includes(source)
      ? []
      : [{ field: "bandwidth", reason: `is not for \`${source}\`, which libvirt does not limit.` }],
  (card, [source]) =>
    card["mtu"] === undefined || source === undefined || withMtu.includes(source)
      ? []
      : [{ field: "mtu", reason: `is not for \`${source}\`, whose MTU libvirt does not set.` }],
  (card) =>
    card["queues"] === undefined || isVirtio(card)
      ? []
      : [{ field: "queues", reason: `is for the model \`virtio\`: ${JSON.stringify(card["model"])} has one queue.` }],
  (card, [source]) => (source !== "vhostUser" || isVirtio(card) ? [] : [{ field: "model", reason: "must be `virtio` with `vhostUser`." }]),
  ({ mac }) =>
    typeof mac === "string" && isGroupAddress(mac)
      ? [{ field: "mac", reason: `is ${mac}, a multicast address: the second digit must be even, as in 52:54:00:12:34:56.` }]
      : [],
  ({ mac }) => (mac === "00:00:00:00:00:00" ? [{ field: "mac", reason: "is the address of no card." }] : []),
  ({ bandwidth }) => bandwidthProblems(bandwidth),
];

const isGroupAddress = (mac: string) => (parseInt(mac.slice(0, 2), 16) & 1) === 1;

function bandwidthProblems(bandwidth: Value | undefined): ReturnType<Rule> {
  if (!isValues(bandwidth)) return [];
  return Object.entries(bandwidth).flatMap(([direction, limit]) =>
    Object.entries(isValues(limit) ? limit : {}).flatMap(([field, size]) => {
      const bytes = sizeBytes(size);
      if (bytes === undefined || (bytes > 0 && bytes % bytesPerKiB === 0)) return [];
      return [
        {
          field: `bandwidth.${direction}.${field}`,
          reason: `is ${JSON.stringify(size)}; libvirt counts in whole KiB, of which there must be some.`,
        },
      ];
    }),
  );
}

/** A MAC or a place in the boot order that two cards have. */
function doubles(networks: Values, field: string, reason: (value: string | number, other: string) => string): Problem[] {
  const seen = new Map<string | number, string>();
  return Object.entries(networks).flatMap(([key, card]) => {
    const value = isValues(card) ? card[field] : undefined;
    if (typeof value !== "string" && typeof value !== "number") return [];
    const other = seen.get(value);
    seen.set(value, other ?? key);
    return other === undefined ? [] : [{ path: propertyPath(["networks", key, field]), reason: reason(value, other) }];
  });
}

/** A boot order that a disk has too. */
function bootOrderProblems(networks: Values, disks: Value | undefined): Problem[] {
  const taken = new Map(
    Object.entries(isValues(disks) ? disks : {}).flatMap(([key, disk]) =>
      isValues(disk) && typeof disk["bootOrder"] === "number" ? [[disk["bootOrder"], key] as const] : [],
    ),
  );
  return Object.entries(networks).flatMap(([key, card]) => {
    const order = isValues(card) ? card["bootOrder"] : undefined;
    if (typeof order !== "number") return [];
    const disk = taken.get(order);
    if (disk === undefined) return [];
    return [
      {
        path: propertyPath(["networks", key, "bootOrder"]),
        reason: `is ${order}, as that of disks.${disk}: give each a place of its own.`,
      },
    ];
  });
}

function waitProblems(wait: Value | undefined, networks: Values): Problem[] {
  if (!isValues(wait)) return [];
  const { network } = wait;
  if (typeof network === "string" && networks[network] === undefined)
    return [
      {
        path: "waitForAddress.network",
        reason: `is ${JSON.stringify(network)}, which is none of \`networks\`: ${Object.keys(networks).join(", ") || "there are none"}.`,
      },
    ];
  if (Object.keys(networks).length > 0) return [];
  return [{ path: "waitForAddress", reason: "waits for an address, but the VM has no `networks` that could have one." }];
}

/** `inputs` as far as they are known; shapes that the contract refuses already are passed over. */
export function networkProblems(inputs: Values): Problem[] {
  const { networks: asked, disks, waitForAddress } = inputs;
  if (asked !== undefined && !isValues(asked)) return [];
  const networks: Values = asked ?? {};
  const ofCards = Object.entries(networks).flatMap(([key, card]) => {
    if (!isValues(card)) return [];
    const sources = networkSourceFields.filter((field) => isOn(card, field));
    return rules
      .flatMap((rule) => rule(card, sources))
      .map(({ field, reason }) => ({ path: propertyPath(["networks", key, ...(field?.split(".") ?? [])]), reason }));
  });
  return [
    ...ofCards,
    ...doubles(networks, "mac", (mac, other) => `is ${mac}, as that of networks.${other}: give each card an address of its own.`),
    ...doubles(networks, "bootOrder", (order, other) => `is ${order}, as that of networks.${other}: give each a place of its own.`),
    ...doubles(
      networks,
      "staticAddress",
      (address, other) => `is ${address}, as that of networks.${other}: give each card an address of its own.`,
    ),
    ...bootOrderProblems(networks, disks),
    ...waitProblems(waitForAddress, networks),
  ];
}
