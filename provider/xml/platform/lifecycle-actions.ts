// Plan <-> <on_poweroff>, <on_reboot> and <on_crash>: what libvirt does when the guest ends its run.
import { crashActions, powerActions, type DomainPlatform } from "../../plan/platform";
import { ensureChild } from "../child-order";
import { childOf, setText, textOf, type XmlElement } from "../document";
import { known, wordOf } from "./words";

/** The element of each, and what its absence means to libvirt. */
const elements = {
  onPoweroff: { name: "on_poweroff", usual: "destroy" },
  onReboot: { name: "on_reboot", usual: "restart" },
  onCrash: { name: "on_crash", usual: "destroy" },
} as const;
type Field = keyof typeof elements;

const actionOf = (domain: XmlElement, field: Field) => textOf(childOf(domain, elements[field].name)) ?? elements[field].usual;

export const parseLifecycleActions = (domain: XmlElement): Pick<DomainPlatform, Field> =>
  known({
    onPoweroff: wordOf(powerActions, actionOf(domain, "onPoweroff")),
    onReboot: wordOf(powerActions, actionOf(domain, "onReboot")),
    onCrash: wordOf(crashActions, actionOf(domain, "onCrash")),
  });

export function configureLifecycleActions(domain: XmlElement, plan: DomainPlatform): void {
  for (const field of Object.keys(elements) as Field[]) {
    const action = plan[field];
    if (action === undefined || action === actionOf(domain, field)) continue;
    setText(ensureChild(domain, elements[field].name), action);
  }
}
