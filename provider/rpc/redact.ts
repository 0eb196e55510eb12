// Keeps secrets out of every text that leaves the provider: errors, warnings, logs.

/** Shorter secrets occur in every text by chance: replacing them would make messages unreadable, and so give them away. */
export const shortestSecret = 3;
const redacted = "[secret]";

const xmlEscapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };

const escapeXml = (text: string, escaped: RegExp) => text.replace(escaped, (char) => xmlEscapes[char] ?? char);

/** The secret as it is, and as libvirt's XML, JSON and a URI write it. */
const spellings = (secret: string) => [
  secret,
  escapeXml(secret, /[&<>]/g),
  escapeXml(secret, /[&<>"']/g),
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(Buffer.from(secret).toString()),
];

export type Redact = (text: string) => string;

/** Replaces every secret in a text. */
export const redactor = (secrets: readonly string[]): Redact => {
  const words = new Set(secrets.filter((secret) => secret.length >= shortestSecret).flatMap(spellings));
  // The longest first: a secret inside another would leave the rest of it readable.
  const ordered = [...words].sort((left, right) => right.length - left.length);
  return (text) => ordered.reduce((clean, word) => clean.replaceAll(word, redacted), text);
};
