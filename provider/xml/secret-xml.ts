// A password that libvirt keeps -> its definition. The value itself goes by another way, and never into XML.
import { addChild, newRoot, setText } from "./document";
import { writeXml } from "./write-xml";

export interface SecretRequest {
  readonly uuid: string;
  readonly type: "ceph" | "iscsi";
  /** What it is for: unique on the host among those of its type. */
  readonly usage: string;
  readonly description?: string | undefined;
}

/** The element that holds the usage, by type. */
const usageElements = { ceph: "name", iscsi: "target" } as const satisfies Record<SecretRequest["type"], string>;

/** Private: libvirt gives the value to nobody. Not ephemeral: machines that start with the host need it. */
export function secretXml({ uuid, type, usage, description }: SecretRequest): string {
  const secret = newRoot("secret", { ephemeral: "no", private: "yes" });
  setText(addChild(secret, "uuid"), uuid);
  if (description !== undefined) setText(addChild(secret, "description"), description);
  setText(addChild(addChild(secret, "usage", { type }), usageElements[type]), usage);
  return writeXml(secret);
}
