// Our element in <metadata>: nothing is lost in it, and nothing that others wrote there can hurt.
import fc from "fast-check";
import { anyMetadata, metadata, plan } from "./domain-plan.fixture";
import { childOf, newRoot } from "./document";
import { domainXml } from "./domain-xml";
import { parseMetadata, writeMetadata } from "./metadata-xml";
import { parseDomain } from "./parse-domain";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";

test("any metadata comes back as it was, and a second writing replaces the first", () => {
  fc.assert(
    fc.property(anyMetadata, anyMetadata, (first, second) => {
      const root = newRoot("metadata");
      writeMetadata(root, first, new Map());
      writeMetadata(root, second, new Map());
      expect(parseMetadata(readXml(writeXml(root)))?.metadata).toEqual(second);
    }),
    { numRuns: 200 },
  );
});

const own = (inner: string, phase = "ready") =>
  `<kvm:domain xmlns:kvm="https://pulumi-kvm.dev/domain/1" phase="${phase}">${inner}</kvm:domain>`;
const urn = "<kvm:urn>urn:a</kvm:urn>";

test.each([
  { because: "there is nothing", xml: "" },
  {
    because: "it is somebody else's with our prefix",
    xml: `<kvm:domain xmlns:kvm="https://example.org" phase="ready">${urn}</kvm:domain>`,
  },
  { because: "the prefix stands for nothing", xml: `<kvm:domain phase="ready">${urn}</kvm:domain>` },
  { because: "the URN is missing", xml: own("") },
  { because: "the phase is unknown", xml: own(urn, "later") },
  {
    because: "a mode is unknown",
    xml: own(`${urn}<kvm:disk key="a"><kvm:requested cache="fast"/><kvm:effective/><kvm:reason/></kvm:disk>`),
  },
  {
    because: "settings are missing",
    xml: own(`${urn}<kvm:disk key="a"><kvm:requested/><kvm:effective cache="none"/><kvm:reason/></kvm:disk>`),
  },
  { because: "a disk has no key", xml: own(`${urn}<kvm:disk/>`) },
  { because: "a PID is no number", xml: own(`${urn}<kvm:maker hostname="h" pid="x" since="s"/>`) },
  { because: "a volume does not say whether to keep it", xml: own(`${urn}<kvm:volume key="a" pool="p" name="n" path="/p"/>`) },
])("reads as absent, because $because", ({ xml }) => {
  expect(parseMetadata(readXml(`<metadata>${xml}</metadata>`))).toBeUndefined();
});

test.each([
  { because: "another prefix", xml: `<x:domain xmlns:x="https://pulumi-kvm.dev/domain/1" phase="ready"><x:urn>urn:a</x:urn></x:domain>` },
  { because: "the default namespace", xml: `<domain xmlns="https://pulumi-kvm.dev/domain/1" phase="ready"><urn>urn:a</urn></domain>` },
  { because: "things that a later version added", xml: own(`${urn}<kvm:later a="b"/>`) },
])("reads with $because", ({ xml }) => {
  expect(parseMetadata(readXml(`<metadata>${xml}</metadata>`))?.metadata).toEqual({ urn: "urn:a", phase: "ready", disks: [], volumes: [] });
});

test("what others keep in <metadata> stays to the letter, and ours is replaced where it stood", () => {
  const foreign = `<a:a xmlns:a="urn:a"> mixed <a:b>  </a:b>\n text &amp; more </a:a>`;
  const first = domainXml(plan).replace("<metadata>", `<metadata>${foreign}`);
  const after = domainXml({ ...plan, metadata: { ...metadata, phase: "creating" } }, first);
  expect(after).toContain(foreign);
  expect(parseDomain(after).metadata?.phase).toBe("creating");
  expect(childOf(readXml(after), "metadata")?.getElementsByTagName("kvm:domain").length).toBe(1);
});
