// The secret verbs of the fake.
import type { Libvirt } from "../libvirt/port";
import { fakeError } from "./fake-state";
import type { FakeState } from "./fake-state";
import { rootElement, textAt } from "./fake-xml";

type SecretVerbs = Pick<Libvirt, "findSecret" | "defineSecret" | "setSecretValue" | "undefineSecret">;

const usageOf = (xml: string) => {
  const usage = [...rootElement(xml).getElementsByTagName("usage")][0];
  return `${usage?.getAttribute("type") ?? ""} ${usage?.textContent?.trim() ?? ""}`;
};

export function fakeSecretVerbs({ secrets }: FakeState): SecretVerbs {
  return {
    findSecret: async (uuid) => {
      const found = secrets.get(uuid);
      return found && { uuid, xml: found.xml };
    },
    defineSecret: async (xml) => {
      const uuid = textAt(rootElement(xml), "uuid") ?? "";
      const double = [...secrets].find(([other, secret]) => other !== uuid && usageOf(secret.xml) === usageOf(xml));
      if (double !== undefined)
        throw fakeError("internalError", `internal error: a secret with UUID ${double[0]} already defined for use with ${usageOf(xml)}`);
      secrets.set(uuid, { xml, value: secrets.get(uuid)?.value });
    },
    setSecretValue: async (uuid, value) => {
      const secret = secrets.get(uuid);
      if (secret === undefined) throw fakeError("noSecret", `Secret not found: no secret with matching uuid '${uuid}'`);
      secret.value = Buffer.from(value).toString("utf8");
    },
    undefineSecret: async (uuid) => void secrets.delete(uuid),
  };
}
