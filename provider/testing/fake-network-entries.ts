// virNetworkUpdate in the fake: one entry of a network's definition added, deleted or modified, with libvirt's own idea of which entries are the same.
import type { NetworkUpdate } from "../libvirt/port";
import { ipKey } from "../plan/ip-address";
import { fakeError } from "./fake-state";
import { append, at, children, rootElement, setText } from "./fake-xml";
import type { Element } from "./fake-xml";

const invalid = (message: string) => fakeError("operationInvalid", `Requested operation is not valid: ${message}`);

const value = (element: Element, name: string): string | undefined => {
  const text = element.getAttribute(name) ?? undefined;
  return text === undefined || (name !== "ip" && name !== "mac") ? text : name === "ip" ? ipKey(text) : text.toLowerCase();
};

const shares = (names: readonly string[]) => (one: Element, other: Element) =>
  names.some((name) => value(one, name) !== undefined && value(one, name) === value(other, name));

/** Every attribute that the asked one has is the same. */
const matches = (names: readonly string[]) => (asked: Element, held: Element) =>
  names.every((name) => value(asked, name) === undefined || value(asked, name) === value(held, name));

const hostnames = (element: Element) => children(element, "hostname").map((each) => each.textContent);

interface Section {
  readonly element: string;
  readonly parent: (root: Element, index: number | undefined) => Element;
  /** Whether an entry that is to be added is there already. */
  readonly clashes: (asked: Element, held: Element) => boolean;
  readonly deletes: (asked: Element, held: Element) => boolean;
  readonly modifies?: (asked: Element, held: Element) => boolean;
}

const ensure = (parent: Element, name: string): Element => at(parent, name) ?? setText(parent, name, "");

function dhcpOf(root: Element, index: number | undefined): Element {
  const ips = children(root, "ip");
  const chosen = index === undefined ? (ips.find((ip) => at(ip, "dhcp") !== undefined) ?? ips[0]) : ips[index];
  if (chosen === undefined) throw invalid(`couldn't update dhcp host entry - no <ip> element found`);
  return ensure(chosen, "dhcp");
}

const dnsOf = (root: Element) => ensure(root, "dns");
const hostWords = ["mac", "name", "ip"];
const rangeWords = ["start", "end"];
const srvWords = ["domain", "service", "protocol", "target"];

const sections = {
  dhcpHost: { element: "host", parent: dhcpOf, clashes: shares(hostWords), deletes: matches(hostWords), modifies: shares(hostWords) },
  dhcpRange: { element: "range", parent: dhcpOf, clashes: matches(rangeWords), deletes: matches(rangeWords) },
  dnsHost: {
    element: "host",
    parent: dnsOf,
    clashes: matches(["ip"]),
    deletes: (asked, held) => shares(["ip"])(asked, held) || hostnames(asked).some((name) => hostnames(held).includes(name)),
  },
  dnsSrv: { element: "srv", parent: dnsOf, clashes: matches(srvWords), deletes: matches(srvWords) },
  dnsTxt: { element: "txt", parent: dnsOf, clashes: matches(["name"]), deletes: matches(["name"]) },
  forwardInterface: {
    element: "interface",
    parent: (root) => ensure(root, "forward"),
    clashes: matches(["dev"]),
    deletes: matches(["dev"]),
  },
} as const satisfies Record<NetworkUpdate["section"], Section>;

/** Changes the tree in place, or throws libvirt's refusal. */
export function updateSection(root: Element, { section, command, xml, addressIndex }: NetworkUpdate): void {
  const { element, parent: parentOf, clashes, deletes, modifies }: Section = sections[section];
  const asked = rootElement(xml);
  if (asked.nodeName !== element) throw fakeError("xmlError", `XML error: unexpected element <${asked.nodeName}>, expecting <${element}>`);
  if (command === "modify" && modifies === undefined) {
    throw fakeError("operationUnsupported", `Operation not supported: ${section} cannot be modified, only added or deleted`);
  }
  const parent = parentOf(root, addressIndex);
  const held = children(parent, element);
  if (command === "add") {
    if (held.some((each) => clashes(asked, each))) throw invalid(`there is an existing ${section} entry in network`);
    append(parent, asked);
    return;
  }
  const found = held.filter((each) => (command === "modify" ? modifies?.(asked, each) === true : deletes(asked, each)));
  const isAmbiguous = found.length > 1 && section.startsWith("dns");
  const [first] = found;
  if (first === undefined || isAmbiguous) throw invalid(`couldn't locate a matching ${section} entry in network`);
  if (command === "modify") parent.replaceChild(parent.ownerDocument!.importNode(asked, true), first);
  else parent.removeChild(first);
  if (parent.children.length === 0 && parent.nodeName !== "forward") parent.parentNode?.removeChild(parent);
}
