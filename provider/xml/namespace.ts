// The XML namespace of what we keep in a domain's <metadata>.

export const metadataNamespace = "https://pulumi-kvm.dev/domain/1";
export const metadataPrefix = "kvm";
export const metadataElementName = `${metadataPrefix}:domain`;
