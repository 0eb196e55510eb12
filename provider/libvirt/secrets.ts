// The port's verbs about libvirt's secrets: passwords of network disks, which no definition holds.
import { hostErrorCodes } from "./codes";
import type { HostConnection } from "./connection";
import { unlessCode } from "./errors";
import type { CallOptions, Libvirt } from "./port";

const { noSecret } = hostErrorCodes;

const aboutSecret = (doing: string, uuid: string, options: CallOptions | undefined) => ({ doing, what: `the secret ${uuid}`, options });

export function secretVerbs(host: HostConnection): Pick<Libvirt, "findSecret" | "defineSecret" | "setSecretValue" | "undefineSecret"> {
  const lookUp = async (uuid: string, options: CallOptions | undefined) =>
    (await host.call("secretLookupByUuid", { ...aboutSecret("Looking up", uuid, options), args: { uuid } })).secret;
  return {
    findSecret: (uuid, options) => {
      const found = lookUp(uuid, options).then((secret) =>
        host.call("secretGetXmlDesc", { ...aboutSecret("Reading", uuid, options), args: { secret, flags: 0 } }),
      );
      return unlessCode(
        found.then(({ xml }) => ({ uuid, xml })),
        noSecret,
      );
    },
    defineSecret: async (xml, options) => {
      await host.call("secretDefineXml", { doing: "Defining", what: "a secret", args: { xml, flags: 0 }, options });
    },
    setSecretValue: async (uuid, value, options) => {
      const secret = await lookUp(uuid, options);
      await host.call("secretSetValue", { ...aboutSecret("Setting the value of", uuid, options), args: { secret, value, flags: 0 } });
    },
    undefineSecret: async (uuid, options) => {
      const gone = lookUp(uuid, options).then((secret) =>
        host.call("secretUndefine", { ...aboutSecret("Undefining", uuid, options), args: { secret } }),
      );
      await unlessCode(gone, noSecret);
    },
  };
}
