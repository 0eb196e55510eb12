// Names libvirt secrets that belong to something of ours: the same owner always has the same UUID, so that nothing need be remembered.
import { createHash } from "node:crypto";

/** A UUID (version 8: of our own making) from the owner's name, such as "vm web disk data": unique on a host as the name is. */
export function secretUuidOf(owner: string): string {
  const digits = createHash("sha256").update(`pulumi-kvm secret ${owner}`).digest("hex");
  const variant = ((Number.parseInt(digits.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, variant + digits.slice(17, 20), digits.slice(20, 32)].join(
    "-",
  );
}
