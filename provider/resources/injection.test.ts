// No text of a program becomes markup: every string input of every resource is given hostile texts, which are refused by their place or end as text.
import { BugError } from "../errors";
import { createFakeHostObserver, poolFacts } from "../testing/fake-host-observer";
import { createFakeImages } from "../testing/fake-images";
import { createFakeLibvirt } from "../testing/fake-libvirt";
import { createResourceDriver, type Step } from "../testing/resource-driver";
import { stringInputs, type StringInput } from "../testing/string-inputs";
import { tinyQcow2 } from "../testing/tiny-qcow2";
import type { Libvirt } from "../libvirt/port";
import { attributeOf, childrenOf, textOf, type XmlElement } from "../xml/document";
import { readXml } from "../xml/read-xml";
import { registry } from "./registry";
import type { ResourceDefinition, Value, Values } from "./resource";
import { isValues } from "./values";

/** What each resource needs beside the text; a part that is sure to be there is merged with what the text needs. */
const programs: Readonly<Record<string, Values>> = {
  "kvm:index:HostDefaults": {},
  "kvm:index:Image": { pool: "fast", source: "/images/one.qcow2" },
  "kvm:index:Network": { name: "one", mode: "nat", addresses: [{ address: "192.168.100.1/24" }] },
  "kvm:index:StoragePool": { name: "one", type: "dir" },
  "kvm:index:VirtualMachine": { name: "one", memory: "1GiB", disks: { root: { pool: "fast", size: "1GiB" } } },
  "kvm:index:Volume": { pool: "fast", name: "one", size: "1GiB" },
};

/** What an input needs beside to make sense, unless it says one of these words itself. */
const companions: readonly { readonly of?: string; readonly at: RegExp; readonly unless?: RegExp; readonly beside: Values }[] = [
  { of: "kvm:index:StoragePool", at: /./, unless: /^source\./, beside: { target: { path: "/srv/one" } } },
  {
    of: "kvm:index:StoragePool",
    at: /^source\.(devices|dir|format)/,
    beside: { type: "netfs", target: { path: "/srv/one" }, source: { hosts: [{ name: "one" }], dir: "/one" } },
  },
  {
    at: /^disks\.one\./,
    unless: /^disks\.one\.(file|rbd|iscsi|nfs|http|nvme|vhostUser)/,
    beside: { disks: { one: { pool: "fast", size: "1GiB" } } },
  },
  { at: /^disks\.one\.wwn/, beside: { disks: { one: { bus: "scsi" } } } },
  { at: /^disks\.one\.rbd\.username/, beside: { disks: { one: { rbd: { key: "QUJD" } } } } },
  { at: /^disks\.one\.rbd\.(key|secretUuid)/, beside: { disks: { one: { rbd: { username: "one" } } } } },
  { at: /^disks\.one\.iscsi\.username/, beside: { disks: { one: { iscsi: { password: "one" } } } } },
  { at: /^disks\.one\.iscsi\.(password|secretUuid)/, beside: { disks: { one: { iscsi: { username: "one" } } } } },
  { at: /^disks\.one\.nfs\.user/, beside: { disks: { one: { nfs: { group: "one" } } } } },
  { at: /^disks\.one\.nfs\.group/, beside: { disks: { one: { nfs: { user: "one" } } } } },
  { at: /^disks\.one\.throttle\.groupName/, beside: { disks: { one: { throttle: { totalIopsSec: 1 } } } } },
  {
    at: /^networks\.one\./,
    unless: /^networks\.one\.(bridge|direct|user|vhostUser)/,
    beside: { networks: { one: { network: "default" } } },
  },
  { at: /^(uefi|tpm)\./, beside: { machine: "q35", firmware: "uefi", uefi: { loader: "/one.fd" } } },
  { at: /^graphicsSettings\./, beside: { graphics: "vnc" } },
  { at: /^numa\.mode/, beside: { numa: { nodeset: "0" } } },
  { at: /^clock\.timezone/, beside: { clock: { offset: "timezone" } } },
  { at: /^cloudInit\.metaData/, beside: { cloudInit: { userData: "one" } } },
  { at: /^addresses\.0\./, beside: { addresses: [{ address: "192.168.100.1/24" }] } },
  { at: /^addresses\.0\.dhcp\.hosts\.one\.(mac|id|name)/, beside: { addresses: [{ dhcp: { hosts: { one: { ip: "192.168.100.5" } } } }] } },
  { at: /^dns\.hosts\.one\./, beside: { dns: { hosts: { one: { ip: "192.168.100.5" } } } } },
  {
    of: "kvm:index:StoragePool",
    at: /^source\.(hosts|name|auth|initiator)/,
    beside: { type: "rbd", source: { name: "one", hosts: [{ name: "one" }] } },
  },
];

function merged(left: Value | undefined, right: Value | undefined): Value | undefined {
  if (Array.isArray(left) && Array.isArray(right)) return [merged(left[0] as Value, right[0] as Value) as Value];
  if (!isValues(left) || !isValues(right)) return right ?? left;
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return Object.fromEntries(names.map((name) => [name, merged(left[name], right[name]) as Value]));
}

/** The value with the text at the end of the path. */
function withText(value: Value | undefined, [first, ...rest]: readonly string[], text: string): Value {
  if (first === undefined) return text;
  if (Array.isArray(value)) return [withText(value[0] as Value, rest, text)];
  const held = isValues(value) ? value : {};
  return { ...held, [first]: withText(held[first], rest, text) };
}

function programOf({ token }: ResourceDefinition, { path, programWith }: StringInput, text: string): Values {
  const fitting = companions
    .filter(({ of, at, unless }) => (of ?? token) === token && at.test(path) && unless?.test(path) !== true)
    .map(({ beside }) => beside);
  const parts: readonly (Value | undefined)[] = [programWith(text), programs[token], ...fitting];
  const program = parts.reduce(merged, {});
  return (path.endsWith("{}") ? program : withText(program, path.split("."), text)) as Values;
}

/** Everything that goes to libvirt as XML. */
function listening(libvirt: Libvirt, heard: string[]): Libvirt {
  return new Proxy(libvirt, {
    get(target, name): unknown {
      const verb: unknown = Reflect.get(target, name);
      if (typeof verb !== "function") return verb;
      return (...words: unknown[]): unknown => {
        heard.push(...words.filter((word): word is string => typeof word === "string" && word.startsWith("<")));
        return Reflect.apply(verb, target, words);
      };
    },
  });
}

async function make(definition: ResourceDefinition, program: Values): Promise<{ readonly step: Step; readonly heard: readonly string[] }> {
  const fake = createFakeLibvirt();
  const host = createFakeHostObserver();
  fake.addPool({ name: "fast", path: "/pools/fast" });
  host.setPool("fast", poolFacts("/pools/fast"));
  fake.addFile({ path: "/pools/fast/one.raw" });
  const images = createFakeImages();
  images.put("/images/one.qcow2", tinyQcow2(2 ** 20));
  const heard: string[] = [];
  const driver = createResourceDriver({ definition, libvirt: listening(fake, heard), host, images, name: "one" });
  return { step: await driver.up(program, { skipPreview: true }), heard };
}

const elementsOf = (element: XmlElement): readonly XmlElement[] => [element, ...childrenOf(element).flatMap(elementsOf)];
const namesIn = (xml: string) => elementsOf(readXml(xml)).map(({ nodeName }) => nodeName);

/** Every text and attribute value of the documents. */
const textsIn = (documents: readonly string[]) =>
  documents.flatMap((xml) =>
    elementsOf(readXml(xml)).flatMap((element) => [
      textOf(element) ?? "",
      ...element.getAttributeNames().map((name) => attributeOf(element, name) ?? ""),
    ]),
  );

const markup = `/a"'><evil b='1'/>&amp;&#60;]]>--><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;`;
const hostile = {
  markup,
  "markup over lines": `${markup}\n<two/>\t`,
  NUL: "/one\u0000<evil/>",
  "control characters": "/one\u001b[0m\u0008",
  "half a pair": "/one\ud800",
  "no character": "/one\uffff",
} as const;

const inputs = Object.values(registry).flatMap((definition) =>
  stringInputs(definition.inputs).map((input) => ({ title: `${definition.token.split(":")[2] ?? ""} ${input.path}`, definition, input })),
);

/** A problem is named by the input, or by what it is a part of or has in it. */
function isAbout(path: string, input: StringInput): boolean {
  const plain = (text: string) =>
    text
      .replaceAll(/\[(\d+)\]/g, ".$1")
      .replaceAll(/\["?|"?\]/g, ".")
      .split(".")
      .filter((part) => part !== "" && part !== "{}");
  // The policy of a host is told of where it takes effect.
  const [said, asked] = [plain(path), plain(input.path)].map((parts) => (parts[0] === "host" ? parts.slice(2) : parts)) as [
    string[],
    string[],
  ];
  return said.slice(0, asked.length).every((part, index) => index >= asked.length - 1 || part === asked[index]) && said[0] === asked[0];
}

async function expectHarmless(
  definition: ResourceDefinition,
  input: StringInput,
  text: string,
  usual: readonly string[] | undefined,
): Promise<void> {
  const { step, heard } = await make(definition, programOf(definition, input, text));
  if (step.error instanceof BugError) throw step.error;
  for (const xml of heard) expect(namesIn(xml)).not.toContain("evil");
  if (step.problems.length > 0) {
    expect(step.problems.filter(({ path }) => !isAbout(path, input))).toEqual([]);
    return;
  }
  if (usual === undefined || step.error !== undefined) return;
  expect(heard.map(namesIn)).toEqual(usual.map(namesIn));
}

const reached: string[] = [];

describe.each(inputs)("$title", ({ title, definition, input }) => {
  let usual: readonly string[] | undefined;
  beforeAll(async () => {
    const { step, heard } = await make(definition, programOf(definition, input, input.harmless));
    if (step.problems.length > 0 || step.error !== undefined) return;
    reached.push(title);
    usual = heard;
  });

  test.each(Object.entries(hostile))("%s", async (_, text) => {
    await expectHarmless(definition, input, text, usual);
  });
});

test("most inputs were tried on a program that is whole but for the text", () => {
  const left = inputs.map(({ title }) => title).filter((title) => !reached.includes(title));
  expect({ left, share: reached.length / inputs.length > 0.8 }).toMatchObject({ share: true });
});

test("what is said is what is written: a description", async () => {
  const { heard } = await make(registry["kvm:index:VirtualMachine"]!, {
    ...programs["kvm:index:VirtualMachine"],
    description: markup,
  });
  expect(textsIn(heard)).toContain(markup);
});

test.each(["/x<", "]]>", "&e;"])("a very long text takes no long time: %s", async (piece) => {
  const { step } = await make(registry["kvm:index:VirtualMachine"]!, {
    ...programs["kvm:index:VirtualMachine"],
    description: piece.repeat(300_000),
  });
  expect(step.error).not.toBeInstanceOf(BugError);
});
