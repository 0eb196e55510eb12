// The platform in a definition: any is read back as it was written, is written twice the same, and leaves alone what it does not speak of.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { DomainPlatform } from "../../plan/platform";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { differences } from "../lines-of.fixture";
import { readXml } from "../read-xml";
import { writeXml } from "../write-xml";
import { configurePlatform } from "./configure-platform";
import { parsePlatform } from "./parse-platform";
import { anyPlatform } from "./platform.fixture";

const baseFolder = join(__dirname, "..", "bases");
const bases: Readonly<Record<string, string>> = {
  "a new machine": domainXml(plan),
  "an empty definition": "<domain><devices/></domain>",
  ...Object.fromEntries(readdirSync(baseFolder).map((file) => [file, readFileSync(join(baseFolder, file), "utf8")])),
};
const baseNames = Object.keys(bases);
const base = (name: string) => bases[name] ?? "";

function over(xml: string, platform: DomainPlatform): string {
  const domain = readXml(xml);
  configurePlatform(domain, { platform });
  return writeXml(domain);
}

const tidy = (xml: string) => writeXml(readXml(xml));
const read = (xml: string) => parsePlatform(readXml(xml));

/** A block without fields says nothing. */
const said = (platform: DomainPlatform): object =>
  Object.fromEntries(
    Object.entries(platform as Readonly<Record<string, unknown>>).filter(
      ([, block]) => typeof block !== "object" || block === null || Object.keys(block).length > 0,
    ),
  );

describe.each(baseNames)("over %s", (name) => {
  test("any platform is read back", () => {
    fc.assert(
      fc.property(anyPlatform, (platform) => {
        expect(read(over(base(name), platform))).toMatchObject(said(platform));
      }),
      { numRuns: 60 },
    );
  });

  test("a second time changes nothing", () => {
    fc.assert(
      fc.property(anyPlatform, (platform) => {
        const once = over(base(name), platform);
        expect(over(once, platform)).toBe(once);
      }),
      { numRuns: 30 },
    );
  });

  test("nothing is written for what is not said", () => {
    expect(over(base(name), {})).toBe(tidy(base(name)));
  });

  test("what was read, written over itself, changes nothing", () => {
    expect(over(base(name), read(base(name)))).toBe(tidy(base(name)));
  });
});

/** What a change leaves and takes. */
const changes: readonly {
  readonly because: string;
  readonly xml: string;
  readonly platform: DomainPlatform;
  readonly gone: readonly string[];
  readonly added: readonly string[];
}[] = [
  {
    because: "other features make newer libvirt choose anew, but the variables stay where they are",
    xml: `<domain><os firmware='efi'><type>hvm</type><firmware><feature enabled='no' name='secure-boot'/></firmware><loader readonly='yes' type='pflash'>/a.fd</loader><nvram template='/b.fd'>/c.fd</nvram></os></domain>`,
    platform: { firmware: "uefi", uefi: { secureBoot: true } },
    gone: [
      '/domain/os/firmware/feature enabled="no" name="secure-boot"',
      '/domain/os/loader readonly="yes" type="pflash" /a.fd',
      '/domain/os/nvram template="/b.fd" /c.fd',
    ],
    added: ['/domain/os/firmware/feature enabled="yes" name="secure-boot"', "/domain/os/nvram /c.fd"],
  },
  {
    because: "a machine whose firmware was named stays with it",
    xml: `<domain><os><type>hvm</type><loader readonly='yes' type='pflash'>/a.fd</loader><nvram>/c.fd</nvram></os></domain>`,
    platform: { firmware: "uefi" },
    gone: [],
    added: [],
  },
  {
    because: "BIOS has no variables",
    xml: `<domain><os firmware='efi'><type>hvm</type><loader type='pflash'>/a.fd</loader><nvram>/c.fd</nvram><boot dev='hd'/></os></domain>`,
    platform: { firmware: "bios" },
    gone: ['/domain/os firmware="efi"', '/domain/os/loader type="pflash" /a.fd', "/domain/os/nvram /c.fd"],
    added: ["/domain/os"],
  },
  {
    because: "another watchdog sits elsewhere; the one that q35 has built in is left alone",
    xml: `<domain><devices><watchdog model='itco' action='reset'/><watchdog model='i6300esb' action='pause'><address type='pci'/></watchdog></devices></domain>`,
    platform: { watchdog: { model: "ib700" } },
    gone: ['/domain/devices/watchdog action="pause" model="i6300esb"', '/domain/devices/watchdog/address type="pci"'],
    added: ['/domain/devices/watchdog action="pause" model="ib700"'],
  },
  {
    because: "a TPM of the host gives way to an emulated one that is asked for",
    xml: `<domain><devices><tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm></devices></domain>`,
    platform: { tpm: { model: "tpm-tis" } },
    gone: ['/domain/devices/tpm/backend type="passthrough"', '/domain/devices/tpm/backend/device path="/dev/tpm0"'],
    added: ['/domain/devices/tpm/backend type="emulator"'],
  },
  {
    because: "distances between nodes stay with them",
    xml: `<domain><cpu><numa><cell id='0' cpus='0' memory='1' unit='MiB'><distances><sibling id='1' value='21'/></distances></cell></numa></cpu></domain>`,
    platform: { numa: { cells: [{ cpus: "0-1", memoryKiB: 1024 }] } },
    gone: ['/domain/cpu/numa/cell cpus="0" id="0" memory="1" unit="MiB"'],
    added: ['/domain/cpu/numa/cell cpus="0-1" id="0" memory="1024" unit="KiB"'],
  },
  {
    because: "a guest of the host's own CPU gets a model: what went with the old mode goes",
    xml: `<domain><cpu mode='host-passthrough' check='none' migratable='on'><feature name='vmx' policy='disable'/></cpu></domain>`,
    platform: { cpu: { model: "Nehalem" } },
    gone: ['/domain/cpu check="none" migratable="on" mode="host-passthrough"'],
    added: ['/domain/cpu match="exact" mode="custom"', "/domain/cpu/model Nehalem"],
  },
  {
    because: "features are a whole: one that is not named goes",
    xml: `<domain><cpu mode='host-model'><feature name='vmx' policy='disable'/><feature name='aes' policy='require'/></cpu></domain>`,
    platform: { cpu: { features: { aes: "require" } } },
    gone: ['/domain/cpu/feature name="vmx" policy="disable"'],
    added: [],
  },
  {
    because: "enlightenments of other hands stay beside ours",
    xml: `<domain><features><hyperv mode='custom'><relaxed state='off'/><reset state='on'/><spinlocks state='on' retries='4096'/></hyperv></features></domain>`,
    platform: { features: {}, hyperv: false },
    gone: [
      '/domain/features/hyperv mode="custom"',
      '/domain/features/hyperv/relaxed state="off"',
      '/domain/features/hyperv/reset state="on"',
      '/domain/features/hyperv/spinlocks retries="4096" state="on"',
    ],
    added: [],
  },
  {
    because: "entries of ours come beside those of others",
    xml: `<domain><sysinfo type='smbios'><bios><entry name='vendor'>x</entry></bios><system><entry name='uuid'>u</entry></system></sysinfo></domain>`,
    platform: { smbios: { system: { serial: "1" } } },
    gone: [],
    added: ['/domain/sysinfo/system/entry name="serial" 1'],
  },
];

test.each(changes)("$because", ({ xml, platform, gone, added }) => {
  const changed = differences(xml, over(xml, platform));
  expect([...changed.gone].sort()).toEqual([...gone].sort());
  expect([...changed.added].sort()).toEqual([...added].sort());
});

test("a new machine has random numbers unless it is to have none", () => {
  expect(read(domainXml(plan)).rng).toBe(true);
  expect(read(domainXml({ ...plan, platform: { rng: false } })).rng).toBe(false);
  expect(read(domainXml(plan, domainXml({ ...plan, platform: { rng: false } }))).rng).toBe(false);
});

test("a part of the enlightenments is neither all nor none", () => {
  expect(read("<domain><features><hyperv><relaxed state='on'/></hyperv></features></domain>").hyperv).toBeUndefined();
});

test("a running machine shows which firmware was chosen, and that it was", () => {
  const live = `<domain><os><firmware><feature enabled='yes' name='secure-boot'/></firmware><loader readonly='yes' secure='yes' type='pflash'>/a.fd</loader></os></domain>`;
  expect(read(live)).toMatchObject({ firmware: "uefi", isFirmwareChosen: true, uefi: { secureBoot: true } });
});
