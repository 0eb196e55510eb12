// Documents that grow, reach out or bring a type of their own, wherever XML comes in: refused at once, with nothing of them taken.
import { parseCapabilities, parseDomainCapabilities } from "./capabilities-xml";
import { diskChains } from "./disk-chains";
import { domainXml } from "./domain-xml";
import { plan } from "./domain-plan.fixture";
import { fragmentProblems } from "./fragments";
import { parseDomain } from "./parse-domain";
import { parseNetwork } from "./parse-network";
import { parsePool } from "./pool-xml";
import { parseVolume } from "./storage-xml";
import { sameXml } from "./same-xml";

/** Ten times ten and so on: a billion of the first one, in a few hundred characters. */
const levels = Array.from("bcdefghij");
const entities = levels.map((name, index) => `<!ENTITY ${name} "${`&${"abcdefghi"[index] ?? ""};`.repeat(10)}">`).join("");
const bomb = `<!DOCTYPE d [<!ENTITY a "laughs">${entities}]>`;

const documents = [
  { because: "a billion laughs", type: bomb, text: "&j;" },
  {
    because: "one entity that is long, many times",
    type: `<!DOCTYPE d [<!ENTITY a "${"x".repeat(100_000)}">]>`,
    text: "&a;".repeat(10_000),
  },
  { because: "a file of this machine", type: '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>', text: "&a;" },
  { because: "something from the network", type: '<!DOCTYPE d [<!ENTITY a SYSTEM "http://example.org/">]>', text: "&a;" },
  { because: "entities from elsewhere", type: '<!DOCTYPE d [<!ENTITY % a SYSTEM "http://example.org/a.dtd"> %a;]>', text: "" },
  { because: "a type alone", type: "<!DOCTYPE d>", text: "" },
  { because: "an entity without a type", type: "", text: "&a;" },
] as const;

const around = (element: string) => (type: string, text: string) => `${type}<${element}><name>${text}</name></${element}>`;

/** Where XML comes in. */
const readers = {
  parseDomain: (type, text) => parseDomain(around("domain")(type, text)),
  "domainXml, over a definition": (type, text) => domainXml(plan, around("domain")(type, text)),
  diskChains: (type, text) => diskChains(around("domain")(type, text)),
  sameXml: (type, text) => sameXml(around("domain")(type, text), "<domain/>"),
  parseNetwork: (type, text) => parseNetwork(around("network")(type, text)),
  parsePool: (type, text) => parsePool(around("pool")(type, text)),
  parseVolume: (type, text) => parseVolume(around("volume")(type, text)),
  parseCapabilities: (type, text) => parseCapabilities(around("capabilities")(type, text)),
  parseDomainCapabilities: (type, text) => parseDomainCapabilities(around("domainCapabilities")(type, text)),
} as const satisfies Readonly<Record<string, (type: string, text: string) => unknown>>;

const rows = Object.entries(readers).flatMap(([name, read]) => documents.map((document) => ({ name, read, ...document })));

test.each(rows)("$name refuses $because", ({ read, type, text }) => {
  const heapBytes = process.memoryUsage().heapUsed;
  expect(() => read(type, text)).toThrow(/^XML from the host/);
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(100 * 2 ** 20);
});

test.each(documents)("a fragment of the user's own is refused by its place: $because", ({ type, text }) => {
  const xml = `${type}<sound model='ich9'><codec type='duplex'/>${text}</sound>`;
  expect(fragmentProblems({ sound: { path: "devices", xml } })).toMatchObject([{ key: "sound", field: "xml" }]);
});

test("what looks like a document type in a comment or in text is a comment and text", () => {
  const held = parseDomain(
    `<!-- ${bomb.replaceAll("--", "- -")} --><domain><name>a</name><description><![CDATA[${bomb}]]></description></domain>`,
  );
  expect(held.description).toBe(bomb);
});
