// The port's verbs about managed-save images: a domain's memory on disk, with the XML that it resumes with.
import type { HostConnection } from "./connection";
import { aboutDomain, domainRef } from "./domain-ref";
import type { Libvirt } from "./port";

/** VIR_DOMAIN_SAVE_IMAGE_XML_SECURE: with the secrets, which a redefinition would lose otherwise. */
const withSecrets = 1;

export function savedDomainVerbs(host: HostConnection): Pick<Libvirt, "saveDomain" | "savedXml" | "redefineSaved" | "dropSaved"> {
  return {
    saveDomain: async (uuid, options) => {
      await host.callSlowly("domainManagedSave", {
        ...aboutDomain("Saving the memory of", uuid, options),
        args: { dom: domainRef(uuid), flags: 0 },
      });
    },
    savedXml: async (uuid, options) => {
      const about = aboutDomain("Reading the saved definition of", uuid, options);
      const { xml } = await host.call("domainManagedSaveGetXmlDesc", { ...about, args: { dom: domainRef(uuid), flags: withSecrets } });
      return xml;
    },
    redefineSaved: async (uuid, xml, options) => {
      const about = aboutDomain("Changing the saved definition of", uuid, options);
      await host.callSlowly("domainManagedSaveDefineXml", { ...about, args: { dom: domainRef(uuid), dxml: xml, flags: 0 } });
    },
    dropSaved: async (uuid, options) => {
      const about = aboutDomain("Dropping the saved memory of", uuid, options);
      const { result: exists } = await host.call("domainHasManagedSaveImage", { ...about, args: { dom: domainRef(uuid), flags: 0 } });
      if (exists) await host.call("domainManagedSaveRemove", { ...about, args: { dom: domainRef(uuid), flags: 0 } });
    },
  };
}
