// Plan <-> <filesystem>: folders of the host that the guest mounts, by virtiofs or 9p.
import { shareAccessModes, shareCaches, type Share } from "../../plan/devices";
import { ensureChild, setFlag } from "../child-order";
import { attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, type XmlElement } from "../document";
import { wordOf } from "../platform/words";
import { integerOf } from "../size";
import { plainKey, type DeviceKind } from "./device-kind";

/** libvirt's words for the drivers; it leaves the one of 9p out where nothing else is said of it. */
const drivers: Readonly<Record<string, Share["driver"]>> = { virtiofs: "virtiofs", path: "9p" };
const driverWords = { virtiofs: "virtiofs", "9p": "path" } as const satisfies Record<Share["driver"], string>;

function parseShare(element: XmlElement): Share | undefined {
  const driver = drivers[attributeOf(childOf(element, "driver"), "type") ?? "path"];
  const source = attributeOf(childOf(element, "source"), "dir");
  const tag = attributeOf(childOf(element, "target"), "dir");
  const accessMode = wordOf(shareAccessModes, attributeOf(element, "accessmode") ?? "passthrough");
  const isMount = (attributeOf(element, "type") ?? "mount") === "mount";
  if (!isMount || driver === undefined || source === undefined || tag === undefined || accessMode === undefined) return undefined;
  const cache = wordOf(shareCaches, attributeOf(childOf(element, "binary", "cache"), "mode"));
  const queue = integerOf(attributeOf(childOf(element, "driver"), "queue"));
  return {
    source,
    tag,
    driver,
    accessMode,
    readonly: childOf(element, "readonly") !== undefined,
    ...(cache === undefined ? {} : { cache }),
    ...(queue === undefined ? {} : { queue }),
  };
}

/** The driver's element is made anew only where the driver is another: what else it says belongs to the old one. */
function writeDriver(element: XmlElement, { driver, queue }: Share): void {
  if (parseShare(element)?.driver !== driver) removeChildren(element, "driver", "binary", "address");
  if (driver === "9p" && childOf(element, "driver") === undefined) return;
  setAttributes(ensureChild(element, "driver"), { type: driverWords[driver], queue });
}

function writeCache(element: XmlElement, cache: Share["cache"]): void {
  const binary = childOf(element, "binary");
  if (cache !== undefined) setAttributes(ensureChild(ensureChild(element, "binary"), "cache"), { mode: cache });
  else if (binary !== undefined) removeChildren(binary, "cache");
  if (cache === undefined && binary !== undefined && childrenOf(binary).length === 0 && !binary.hasAttributes()) remove(binary);
}

function writeShare(element: XmlElement, share: Share): void {
  const isUsual = share.accessMode === "passthrough" && attributeOf(element, "accessmode") === undefined;
  setAttributes(element, {
    type: "mount",
    ...(isUsual && attributeOf(element, "type") !== undefined ? {} : { accessmode: share.accessMode }),
  });
  writeDriver(element, share);
  writeCache(element, share.cache);
  setAttributes(ensureChild(element, "source"), { dir: share.source });
  setAttributes(ensureChild(element, "target"), { dir: share.tag });
  setFlag(element, "readonly", share.readonly);
}

export const shareKind: DeviceKind<Share> = {
  element: "filesystem",
  aliasWord: "share",
  parse: parseShare,
  write: writeShare,
  identity: ({ tag }) => tag,
  keyOf: ({ tag }) => plainKey(tag),
};
