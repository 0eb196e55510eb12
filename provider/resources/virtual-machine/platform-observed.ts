// The platform of a definition as inputs: what Read returns of it, for import and for drift. Pure.
import type { ObservedPlatform } from "../../plan/platform";
import type { Values } from "../resource";
import { sameValue } from "../values";
import {
  foundAt,
  isAsFound,
  platformNames,
  platformTable,
  valueAt,
  withBlockDefaults,
  withValueAt,
  type PlatformField,
  type PlatformInputs,
} from "./platform-fields";

/** The files of firmware that libvirt chose are its own business. */
const chosenFiles = ["uefi.loader", "uefi.nvramTemplate"];

const isOwnWords = ({ path }: PlatformField, platform: ObservedPlatform) =>
  platform.isFirmwareChosen === true && chosenFiles.includes(path.join("."));

/** Everything that the definition says and that is not as in any machine. */
export function importedPlatform(platform: ObservedPlatform = {}): PlatformInputs {
  return platformTable.reduce<Values>((made, each) => {
    const found = foundAt(platform, each);
    const isTold =
      found !== undefined &&
      each.isLibvirts !== true &&
      each.isSecret !== true &&
      !sameValue(found, each.usual) &&
      !isOwnWords(each, platform);
    return isTold ? withValueAt(made, each.path, each.toInput(found)) : made;
  }, {});
}

/** The inputs of last time with what differs on the host put in its place; what they do not say is not told. */
export function driftedPlatform(old: PlatformInputs, platform: ObservedPlatform = {}): PlatformInputs {
  const before = Object.fromEntries(platformNames.flatMap((name) => (old[name] === undefined ? [] : [[name, old[name]]]))) as Values;
  const asked = withBlockDefaults(before);
  return platformTable.reduce<Values>((made, each) => {
    const wanted = valueAt(asked, each.path);
    const found = foundAt(platform, each);
    if (wanted === undefined || isAsFound(each, wanted, found)) return made;
    return withValueAt(made, each.path, found === undefined ? undefined : each.toInput(found));
  }, before);
}
