// Plan <-> <serial> ports behind the first, virtio <console>s and virtio <channel>s.
import { agentChannel, type Channel, type CharacterDevice } from "../../plan/devices";
import { ensureChild } from "../child-order";
import { attributeOf, childOf, childrenOf, setAttributes, type XmlElement } from "../document";
import { parseCharacterSource, writeCharacterSource } from "./character-source";
import type { DeviceKind } from "./device-kind";

/** The first port is an input of its own (`serial`), as libvirt shows it a second time as a console. */
const isFirstPort = (serial: XmlElement) =>
  serial.parentNode !== null && childrenOf(serial.parentNode as XmlElement, "serial")[0] === serial;

function parseSerial(element: XmlElement): CharacterDevice | undefined {
  const source = isFirstPort(element) ? undefined : parseCharacterSource(element);
  return source === undefined ? undefined : { source };
}

const isVirtio = (element: XmlElement) => attributeOf(childOf(element, "target"), "type") === "virtio";

function parseConsole(element: XmlElement): CharacterDevice | undefined {
  const source = isVirtio(element) ? parseCharacterSource(element) : undefined;
  return source === undefined ? undefined : { source };
}

/** What can be a key too. */
const plainName = /^[A-Za-z0-9_.-]+$/;

/** The guest agent's channel is an input of its own (`guestAgent`). */
function parseChannel(element: XmlElement): Channel | undefined {
  const name = attributeOf(childOf(element, "target"), "name");
  const source = isVirtio(element) && name !== agentChannel ? parseCharacterSource(element) : undefined;
  return name === undefined || !plainName.test(name) || source === undefined ? undefined : { name, source };
}

export const serialKind: DeviceKind<CharacterDevice> = {
  element: "serial",
  aliasWord: "serial",
  parse: parseSerial,
  write: (element, { source }) => writeCharacterSource(element, source),
  identity: () => undefined,
  keyOf: (_, place) => `serial${place}`,
};

export const consoleKind: DeviceKind<CharacterDevice> = {
  element: "console",
  aliasWord: "console",
  parse: parseConsole,
  write: (element, { source }) => {
    writeCharacterSource(element, source);
    if (!isVirtio(element)) setAttributes(ensureChild(element, "target"), { type: "virtio" });
  },
  identity: () => undefined,
  keyOf: (_, place) => `console${place}`,
};

export const channelKind: DeviceKind<Channel> = {
  element: "channel",
  parse: parseChannel,
  write: (element, { name, source }) => {
    writeCharacterSource(element, source);
    setAttributes(ensureChild(element, "target"), { type: "virtio", name });
  },
  identity: ({ name }) => name,
  keyOf: ({ name }) => name,
};
