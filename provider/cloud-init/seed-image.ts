// A cloud-init request and its machine -> the image of the seed disk, as cloud-init's NoCloud source looks for it. Pure.
import { isoImage } from "./iso-image";
import type { SeedMachine, SeedRequest } from "./user-data";
import { seedFiles } from "./user-data";

/** By this label cloud-init knows a seed. */
const seedLabel = "cidata";

/** Seeds are as large as this, or a multiple: most changes of the content need no other volume. */
export const seedMultipleBytes = 1024 * 1024;

export function seedImage(request: SeedRequest, machine: SeedMachine): Uint8Array {
  const texts = [...seedFiles(request, machine)];
  const files = new Map(texts.map(([name, text]) => [name as string, new TextEncoder().encode(text)]));
  return isoImage({ label: seedLabel, files, multipleBytes: seedMultipleBytes });
}

/** Whether two requests make the same seed, whatever they are written like. */
export function sameSeed(left: SeedRequest, right: SeedRequest, machine: SeedMachine): boolean {
  const [one, other] = [seedFiles(left, machine), seedFiles(right, machine)];
  return one.size === other.size && [...one].every(([name, text]) => other.get(name) === text);
}
