// The leaves of the devices of which a machine has one: rows for the platform's table of fields, which diff, drift, import and what is pending share. Pure.
import { autoPort } from "../../plan/devices";
import { formatSize } from "../../plan/size";
import type { Value } from "../resource";
import { sizeBytes } from "../values";
import type { PlatformField } from "./platform-fields";

const bytesPerKiB = 1024;

const kib = (size: Value): Value => {
  const bytes = sizeBytes(size);
  return bytes === undefined ? size : Math.ceil(bytes / bytesPerKiB);
};
const sizeOfKib = (found: Value): Value => (typeof found === "number" ? formatSize(found * bytesPerKiB) : found);

const same = (value: Value) => value;

const field = (name: string, planName: string, more: Partial<PlatformField> = {}): PlatformField => ({
  path: name.split("."),
  planPath: planName.split("."),
  toPlan: same,
  toInput: same,
  ...more,
});

export const deviceRows: readonly PlatformField[] = [
  field("graphics", "graphics.type"),
  field("graphicsSettings.listen", "graphics.listen", { usual: "127.0.0.1" }),
  field("graphicsSettings.port", "graphics.port", { usual: autoPort }),
  // A program that an import writes is no place for it; left out, it stays.
  field("graphicsSettings.password", "graphics.password", { isSecret: true }),
  field("graphicsSettings.keymap", "graphics.keymap"),
  field("video", "video.model"),
  // libvirt writes its defaults down, which differ from model to model.
  field("videoSettings.vram", "video.vramKiB", { toPlan: kib, toInput: sizeOfKib, isLibvirts: true }),
  field("videoSettings.heads", "video.heads", { usual: 1, isLibvirts: true }),
  field("videoSettings.accel3d", "video.accel3d", { usual: false }),
  field("sound.model", "sound.model", { usual: "none" }),
  field("input.tablet", "input.tablet", { usual: "none" }),
  field("input.mouse", "input.mouse", { usual: "ps2" }),
  field("input.keyboard", "input.keyboard", { usual: "ps2" }),
  field("vsock.model", "vsock.model", { usual: "none" }),
  field("vsock.cid", "vsock.cid"),
  field("guestAgent", "guestAgent", { usual: false }),
];
