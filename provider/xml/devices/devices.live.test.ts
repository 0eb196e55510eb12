// Devices in definitions that a real libvirt takes in: kept as said, settled at once, and, as far as any machine has them, started, plugged and changed.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithHost, virsh } from "../../../tools/lab/lab";
import type { DomainPlan } from "../../plan/domain";
import { plan } from "../domain-plan.fixture";
import { domainXml } from "../domain-xml";
import { differences } from "../lines-of.fixture";
import { parseDomain } from "../parse-domain";
import { deviceXml } from "./device-maps";
import { deviceRows } from "./devices.fixture";
import { changedPasswordXml } from "./graphics";

jest.setTimeout(180_000);

const name = `devices-${process.pid}`;
const tcg: DomainPlan = {
  ...plan,
  name,
  uuid: undefined,
  domainType: "qemu",
  machine: "q35",
  memoryKiB: 65536,
  maxMemoryKiB: 65536,
  disks: [],
  metadata: { ...plan.metadata, disks: [], volumes: [] },
};

describeWithHost("a real libvirt", (lab) => {
  let folder = "";

  async function inFile(xml: string): Promise<string> {
    const file = join(folder, "element.xml");
    await writeFile(file, xml);
    return file;
  }
  async function define(xml: string): Promise<string> {
    await virsh(lab(), "define", await inFile(xml));
    return virsh(lab(), "dumpxml", "--inactive", "--security-info", name);
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kvm-devices-"));
  });
  afterEach(async () => {
    await virsh(lab(), "destroy", name).catch(() => undefined);
    await virsh(lab(), "undefine", name).catch(() => undefined);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(Object.entries(deviceRows))("keeps what was said, and settles at once: %s", async (_, { plan: devices }) => {
    const wanted: DomainPlan = { ...tcg, ...devices };
    const now = await define(domainXml(wanted));
    expect(parseDomain(now)).toMatchObject(devices);
    expect(differences(now, await define(domainXml(wanted, now)))).toEqual({ gone: [], added: [] });
  });

  test("starts with a share, a display with a password, consoles and channels; takes a channel and another password while it runs", async () => {
    const wanted: DomainPlan = {
      ...tcg,
      platform: { graphics: { type: "vnc", password: "first" }, sound: { model: "ich9" }, input: { tablet: "usb" }, guestAgent: true },
      devices: {
        shares: { home: { source: folder, tag: "home", driver: "virtiofs", readonly: false, accessMode: "passthrough" } },
        consoles: { hvc: { source: { type: "pty" } } },
        channels: { "org.example.0": { name: "org.example.0", source: { type: "unix", mode: "bind" } } },
      },
    };
    await define(domainXml(wanted));
    await virsh(lab(), "start", name, "--paused");
    const live = await virsh(lab(), "dumpxml", "--security-info", name);
    expect(parseDomain(live)).toMatchObject({
      platform: { ...wanted.platform, graphics: { type: "vnc", listen: "127.0.0.1", port: -1, password: "first" } },
      devices: { shares: wanted.devices?.shares, consoles: wanted.devices?.consoles, aliases: { shares: { home: "ua-share-home" } } },
    });
    // Who may only look sees no password.
    expect(await virsh(lab(), "dumpxml", name)).not.toContain("first");

    await virsh(lab(), "update-device", name, await inFile(changedPasswordXml(live, "second")), "--live");
    const added = { name: "org.example.1", source: { type: "unix", mode: "bind" } } as const;
    await virsh(lab(), "attach-device", name, await inFile(deviceXml("channels", "org.example.1", added)), "--live");
    const after = parseDomain(await virsh(lab(), "dumpxml", "--security-info", name));
    expect(after.platform?.graphics?.password).toBe("second");
    expect(after.devices?.aliases.channels).toMatchObject({ "org.example.1": expect.any(String) as string });
  });
});
