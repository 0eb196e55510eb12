// Plan -> <domain type>, <name>, <uuid>, <description>.
import type { DomainPlan } from "../../plan/domain";
import { ensureChild } from "../child-order";
import { removeChildren, setAttributes, setText, type XmlElement } from "../document";

export function configureIdentity(domain: XmlElement, { domainType, name, uuid, description }: DomainPlan): void {
  setAttributes(domain, { type: domainType });
  setText(ensureChild(domain, "name"), name);
  if (uuid !== undefined) setText(ensureChild(domain, "uuid"), uuid);
  if (description === undefined) removeChildren(domain, "description");
  else setText(ensureChild(domain, "description"), description);
}
