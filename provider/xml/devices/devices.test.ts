// Devices in a definition: any are read back as they were written, are written twice the same, and leave alone what they do not speak of.
import fc from "fast-check";
import type { DomainDevices, SingleDevices } from "../../plan/devices";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { differences } from "../lines-of.fixture";
import { parseDomain } from "../parse-domain";
import { anyDevices, anySingleDevices } from "./devices.fixture";
import { changedPasswordXml } from "./graphics";

const machine = (devices: string) => `<domain type='kvm'><name>web</name><devices><serial type='pty'/>${devices}</devices></domain>`;
const over = (xml: string, devices: DomainDevices, platform: SingleDevices = {}) => {
  const before = domainXml({ ...plan, disks: [] }, xml);
  return differences(before, domainXml({ ...plan, disks: [], devices, platform }, before));
};

test("any maps are read back", () => {
  fc.assert(
    fc.property(anyDevices, (devices) => {
      expect(parseDomain(domainXml({ ...plan, devices })).devices).toMatchObject(devices);
    }),
    { numRuns: 60 },
  );
});

test("any single devices are read back, and written once", () => {
  fc.assert(
    fc.property(fc.record(anySingleDevices, { requiredKeys: [] }), (platform) => {
      const once = domainXml({ ...plan, platform });
      expect(parseDomain(once).platform).toMatchObject(platform);
      expect(domainXml({ ...plan, platform }, once)).toBe(once);
    }),
    { numRuns: 60 },
  );
});

const gpu = { source: { type: "pci", address: "0000:01:00.0", managed: true } } as const;
const home = { source: "/srv/home", tag: "home", driver: "virtiofs", readonly: false, accessMode: "passthrough" } as const;

/** What a change leaves and takes. */
const changes: readonly {
  readonly because: string;
  readonly xml: string;
  readonly devices?: DomainDevices;
  readonly platform?: SingleDevices;
  readonly gone: readonly RegExp[];
  readonly added: readonly RegExp[];
}[] = [
  {
    because: "a device that was imported is the one that is asked for, whatever its key; what libvirt filled in stays",
    xml: `<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source><address type='pci' slot='0x05'/></hostdev>`,
    devices: { hostDevices: { gpu } },
    gone: [],
    added: [],
  },
  {
    because: "a map is whole: what it does not have goes, but for what it cannot say and the user's own pieces",
    xml: `<hostdev mode='subsystem' type='usb'><source><vendor id='0x046d'/><product id='0x0a9c'/></source></hostdev>
          <hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/></source></hostdev>
          <hostdev mode='subsystem' type='pci'><source><address bus='0x02' slot='0x00'/></source><alias name='ua-xml-mine'/></hostdev>`,
    devices: { hostDevices: {} },
    gone: [/hostdev mode="subsystem" type="usb"/, /source$/, /vendor/, /product/],
    added: [],
  },
  {
    because: "virtiofs needs shared memory, and brings it",
    xml: "",
    devices: { shares: { home } },
    gone: [],
    added: [
      /memoryBacking$/,
      /source type="memfd"/,
      /access mode="shared"/,
      /filesystem accessmode/,
      /driver type="virtiofs"/,
      /source dir/,
      /target dir/,
      /alias/,
    ],
  },
  {
    because: "a share of 9p moves to virtiofs: its rules of writing were the old driver's",
    xml: `<filesystem type='mount' accessmode='passthrough'><driver type='path' wrpolicy='immediate'/><source dir='/srv/home'/><target dir='home'/></filesystem>`,
    devices: { shares: { home } },
    gone: [/driver type="path" wrpolicy="immediate"/],
    added: [/memoryBacking$/, /source type="memfd"/, /access mode="shared"/, /driver type="virtiofs"/],
  },
  {
    because: "a display keeps its password and its other settings when another port is asked for",
    xml: `<graphics type='vnc' port='-1' autoport='yes' passwd='secret' sharePolicy='force-shared'/>`,
    platform: { graphics: { type: "vnc", port: 5999 } },
    gone: [/graphics autoport="yes" passwd="secret" port="-1" sharePolicy="force-shared" type="vnc"/],
    added: [/graphics autoport="no" passwd="secret" port="5999" sharePolicy="force-shared" type="vnc"/],
  },
  {
    because: "none takes a display of either type away, and no other",
    xml: `<graphics type='spice'/><graphics type='vnc'/><graphics type='sdl'/>`,
    platform: { graphics: { type: "none" } },
    gone: [/type="spice"/, /type="vnc"/],
    added: [],
  },
  {
    because: "the board's own keyboard is no device that could go",
    xml: `<input type='keyboard' bus='ps2'/><input type='tablet' bus='usb'/>`,
    platform: { input: { keyboard: "ps2", tablet: "none" } },
    gone: [/input bus="usb" type="tablet"/],
    added: [],
  },
  {
    because: "the guest agent's channel is not the map's",
    xml: `<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>`,
    devices: { channels: {} },
    gone: [],
    added: [],
  },
];

test.each(changes)("$because", ({ xml, devices = {}, platform, gone, added }) => {
  const changed = over(machine(xml), devices, platform);
  const ofDevices = (lines: readonly string[]) => lines.filter((line) => !line.includes("/metadata"));
  /** Each line is one that was foreseen, or stands here as it is. */
  const told = (lines: readonly string[], patterns: readonly RegExp[]) =>
    ofDevices(lines).map((line) => patterns.find((pattern) => pattern.test(line))?.source ?? line);
  const sources = (patterns: readonly RegExp[]) => patterns.map(({ source }) => source).sort();
  expect(told(changed.gone, gone).sort()).toEqual(sources(gone));
  expect(told(changed.added, added).sort()).toEqual(sources(added));
});

test("two displays are more than a program can say", () => {
  expect(parseDomain(machine(`<graphics type='spice'/><graphics type='vnc'/>`)).platform?.graphics).toBeUndefined();
});

test("a running display shows the port that libvirt chose, and that it did", () => {
  const live = machine(
    `<graphics type='vnc' port='5901' autoport='yes' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>`,
  );
  expect(parseDomain(live).platform?.graphics).toEqual({ type: "vnc", listen: "127.0.0.1", port: -1 });
  expect(changedPasswordXml(live, "new & <old")).toBe(
    `<graphics type="vnc" port="5901" autoport="yes" listen="127.0.0.1" passwd="new &amp; &lt;old">\n  <listen type="address" address="127.0.0.1"/>\n</graphics>\n`,
  );
});

test("a mediated device, a share of another kind, a console that is the first port's: each is told by what it is", () => {
  const xml = machine(`<filesystem type='ram'><source usage='1' units='KiB'/><target dir='t'/></filesystem>
    <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>
    <console type='pty'><target type='serial' port='0'/></console>`);
  expect(parseDomain(xml).devices).toMatchObject({
    shares: {},
    consoles: {},
    hostDevices: { "mdev-c2177883-f1bb-47f0-914d-32a22e3a8804": { source: { type: "mdev", model: "vfio-pci" } } },
  });
});
