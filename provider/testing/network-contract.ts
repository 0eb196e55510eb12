// What the port promises of networks, as tests that run against the fake and against the real daemon: so that the fake cannot lie.
import { hostErrorCodes } from "../libvirt/codes";
import type { Libvirt, NetworkUpdate } from "../libvirt/port";

/** A host to hold the contract to. */
export interface NetworkContractHost {
  readonly libvirt: Libvirt;
  /** An address with prefix that an interface of the host has, which is no network of libvirt's. */
  readonly takenAddress: string;
  /** The name of that interface. */
  readonly takenInterface: string;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(() => undefined).catch((caught: unknown) => caught);
  return (error as { code?: number } | undefined)?.code ?? error;
}

const uuids = ["5d1c6d5e-0a3b-4b1f-8c55-90d1f3a7be01", "5d1c6d5e-0a3b-4b1f-8c55-90d1f3a7be02"] as const;

/** Subnets of the suite's networks: 10.99.N.0/24. */
const subnet = (number: number) => `10.99.${number}`;

interface XmlOptions {
  readonly uuid?: string;
  readonly forward?: string;
  readonly bridge?: string;
  readonly rest?: string;
}

const networkXml = (name: string, { uuid, forward = "", bridge, rest = "" }: XmlOptions = {}) =>
  `<network><name>${name}</name>${uuid === undefined ? "" : `<uuid>${uuid}</uuid>`}${forward}${
    bridge === undefined ? "" : `<bridge name='${bridge}'/>`
  }${rest}</network>`;

const ipXml = (net: string, dhcp = "") =>
  `<ip address='${net}.1' netmask='255.255.255.0'>${dhcp === "" ? "" : `<dhcp>${dhcp}</dhcp>`}</ip>`;
const rangeXml = (net: string, start: number, end: number) => `<range start='${net}.${start}' end='${net}.${end}'/>`;
const flat = (xml: string | undefined) => (xml ?? "").replace(/\s*\n\s*/g, "").replace(/"/g, "'");

/** `prefix` begins the names of what the suite makes on the host; at most eight letters, as bridges carry it too. */
export function describeNetworkContract(title: string, prefix: string, setUp: () => Promise<NetworkContractHost>): void {
  describe(`the port to libvirt's networks: ${title}`, () => {
    let host: NetworkContractHost;
    let libvirt: Libvirt;
    let count = 0;
    const made: string[] = [];
    const fresh = () => ({ name: `${prefix}-${++count}`, net: subnet(count) });

    const define = async (xml: string) => {
      const network = await libvirt.defineNetwork(xml);
      made.push(network.name);
      return network;
    };
    const started = async (dhcp = "", rest = "") => {
      const { name, net } = fresh();
      await define(networkXml(name, { rest: rest + ipXml(net, dhcp.replaceAll("NET", net)) }));
      await libvirt.startNetwork(name);
      return { name, net };
    };
    const update = (name: string, change: Partial<NetworkUpdate> & Pick<NetworkUpdate, "xml">) =>
      libvirt.updateNetwork(name, { section: "dhcpHost", command: "add", affects: "both", ...change });
    const texts = async (name: string) => {
      const record = await libvirt.findNetwork(name);
      return { stored: flat(record?.xml), live: flat(record?.liveXml) };
    };

    beforeAll(async () => {
      host = await setUp();
      libvirt = host.libvirt;
    });
    afterEach(async () => {
      for (const name of made.splice(0)) {
        if ((await libvirt.findNetwork(name)) === undefined) continue;
        await libvirt.stopNetwork(name);
        await libvirt.undefineNetwork(name);
      }
    });
    afterAll(() => libvirt.close());

    test("a defined network is there by name and by UUID, not active, with a bridge and a MAC, and gone once undefined", async () => {
      const { name, net } = fresh();
      expect(await define(networkXml(name, { uuid: uuids[0], forward: "<forward mode='nat'/>", rest: ipXml(net) }))).toEqual({
        name,
        uuid: uuids[0],
      });
      const network = await libvirt.findNetwork(name);
      expect(network).toMatchObject({ name, uuid: uuids[0], active: false, persistent: true, autostart: false });
      expect(network).not.toHaveProperty("liveXml");
      expect(flat(network?.xml)).toMatch(/<bridge name='virbr\d+'[^]*<mac address='52:54:00/);
      expect(await libvirt.findNetworkByUuid(uuids[0])).toEqual(network);
      expect(await libvirt.listNetworks()).toContainEqual(network);
      expect(await libvirt.findNetworkByUuid(uuids[1])).toBeUndefined();
      await libvirt.undefineNetwork(name);
      await libvirt.undefineNetwork(name);
      expect(await libvirt.findNetwork(name)).toBeUndefined();
      expect(await libvirt.findNetworkByUuid(uuids[0])).toBeUndefined();
    });

    test.each([
      { because: "no XML", code: "xmlSyntax", xml: "<network" },
      { because: "no such mode", code: "configUnsupported", xml: networkXml("x", { forward: "<forward mode='tunnel'/>" }) },
      { because: "a slash in the name", code: "xmlSyntax", xml: networkXml("a/b") },
      { because: "nothing to translate", code: "xmlError", xml: networkXml("x", { forward: "<forward mode='nat'/>" }) },
      {
        because: "an open network goes anywhere",
        code: "xmlError",
        xml: networkXml("x", { forward: "<forward mode='open' dev='lo'/>", rest: ipXml(subnet(200)) }),
      },
      {
        because: "addresses on the host's bridge",
        code: "configUnsupported",
        xml: networkXml("x", { forward: "<forward mode='bridge'/>", bridge: "br0", rest: ipXml(subnet(200)) }),
      },
      {
        because: "DHCP on two addresses of a family",
        code: "configUnsupported",
        xml: networkXml("x", {
          rest: [200, 201].map((number) => ipXml(subnet(number), rangeXml(subnet(number), 2, 9))).join(""),
        }),
      },
      {
        because: "a range outside its network",
        code: "internalError",
        xml: networkXml("x", { rest: ipXml(subnet(200), rangeXml(subnet(201), 2, 9)) }),
      },
      {
        because: "a range backwards",
        code: "internalError",
        xml: networkXml("x", { rest: ipXml(subnet(200), rangeXml(subnet(200), 9, 2)) }),
      },
      {
        because: "the MTU of the host's bridge",
        code: "xmlError",
        xml: networkXml("x", { forward: "<forward mode='bridge'/>", bridge: "br0", rest: "<mtu size='9000'/>" }),
      },
      { because: "macvtap has no bridge", code: "xmlError", xml: networkXml("x", { forward: "<forward mode='vepa'/>", bridge: "br0" }) },
    ] as const)("is refused as $code: $because", async ({ xml, code }) => {
      expect(await codeOf(define(xml))).toBe(hostErrorCodes[code]);
    });

    test("two networks share no name, no UUID and no bridge", async () => {
      const [one, other] = [fresh(), fresh()];
      const bridge = `${prefix}br`;
      await define(networkXml(one.name, { uuid: uuids[0], bridge }));
      expect(await codeOf(define(networkXml(one.name, { uuid: uuids[1] })))).toBe(hostErrorCodes.operationFailed);
      expect(await codeOf(define(networkXml(other.name, { uuid: uuids[0] })))).toBe(hostErrorCodes.operationFailed);
      expect(await codeOf(define(networkXml(other.name, { bridge })))).toBe(hostErrorCodes.internalError);
      expect(await libvirt.findNetwork(other.name)).toBeUndefined();
    });

    test("starts and stops, twice is fine; what runs is told apart from what is stored", async () => {
      const { name, net } = fresh();
      const { uuid } = await define(networkXml(name, { rest: ipXml(net) }));
      await libvirt.startNetwork(name);
      await libvirt.startNetwork(name);
      expect(await libvirt.findNetwork(name)).toMatchObject({ active: true });
      await define(networkXml(name, { uuid, rest: `<domain name='later.lan'/>${ipXml(net)}` }));
      const { stored, live } = await texts(name);
      expect([stored.includes("later.lan"), live.includes("later.lan")]).toEqual([true, false]);
      await libvirt.stopNetwork(name);
      await libvirt.stopNetwork(name);
      expect(await libvirt.findNetwork(name)).toMatchObject({ active: false });
      await libvirt.startNetwork(name);
      expect((await texts(name)).live).toContain("later.lan");
    });

    test("an active network that is undefined runs on, and is gone when it stops", async () => {
      const { name } = await started();
      await libvirt.undefineNetwork(name);
      expect(await libvirt.findNetwork(name)).toMatchObject({ active: true, persistent: false, autostart: false });
      await libvirt.stopNetwork(name);
      expect(await libvirt.findNetwork(name)).toBeUndefined();
    });

    test("autostart is kept over a new definition, and goes with the network", async () => {
      const { name, net } = await started();
      const { uuid } = (await libvirt.findNetwork(name))!;
      await libvirt.setNetworkAutostart(name, true);
      await libvirt.setNetworkAutostart(name, true);
      await define(networkXml(name, { uuid, rest: ipXml(net) }));
      expect(await libvirt.findNetwork(name)).toMatchObject({ autostart: true, active: true });
      await libvirt.stopNetwork(name);
      await libvirt.undefineNetwork(name);
      await define(networkXml(name, { rest: ipXml(net) }));
      expect(await libvirt.findNetwork(name)).toMatchObject({ autostart: false });
    });

    test("addresses that an interface of the host has already are refused at the start, as is a bridge that is there", async () => {
      const { name } = fresh();
      const [address = "", prefixLength = ""] = host.takenAddress.split("/");
      const { uuid } = await define(networkXml(name, { rest: `<ip address='${address}' prefix='${prefixLength}'/>` }));
      expect(await codeOf(libvirt.startNetwork(name))).toBe(hostErrorCodes.internalError);
      await define(networkXml(name, { uuid, bridge: host.takenInterface }));
      expect(await codeOf(libvirt.startNetwork(name))).toBe(hostErrorCodes.systemError);
      expect(await libvirt.findNetwork(name)).toMatchObject({ active: false });
    });

    test("DHCP hosts come, change and go while the network is active", async () => {
      const { name, net } = await started("<range start='NET.10' end='NET.20'/>");
      const xml = `<host mac='52:54:00:00:99:01' name='web' ip='${net}.11'/>`;
      await update(name, { xml });
      expect(await texts(name)).toEqual({ stored: expect.stringContaining(xml) as string, live: expect.stringContaining(xml) as string });
      expect(await codeOf(update(name, { xml: `<host mac='52:54:00:00:99:02' ip='${net}.11'/>` }))).toBe(hostErrorCodes.operationInvalid);
      const moved = xml.replace(".11", ".12");
      await update(name, { xml: moved, command: "modify", affects: "live" });
      const after = await texts(name);
      expect([after.stored.includes(xml), after.live.includes(moved)]).toEqual([true, true]);
      await update(name, { xml: moved, command: "delete", affects: "live" });
      await update(name, { xml, command: "delete", affects: "definition" });
      const { stored, live } = await texts(name);
      expect(stored + live).not.toContain("52:54:00:00:99:01");
      expect(await codeOf(update(name, { xml, command: "delete" }))).toBe(hostErrorCodes.operationInvalid);
      expect(await libvirt.findNetwork(name)).toMatchObject({ active: true });
    });

    test.each([
      { section: "dhcpRange", xml: "<range start='NET.30' end='NET.40'/>" },
      { section: "dnsHost", xml: "<host ip='NET.9'><hostname>db</hostname><hostname>db.lan</hostname></host>" },
      { section: "dnsTxt", xml: "<txt name='about' value='some text'/>" },
      { section: "dnsSrv", xml: "<srv service='sip' protocol='tcp' domain='lan' target='db.lan' port='5060' priority='1' weight='2'/>" },
    ] as const)("$section entries come and go while the network is active, and are not modified", async ({ section, xml }) => {
      const { name, net } = await started();
      const entry = { section, xml: xml.replaceAll("NET", net) };
      await update(name, entry);
      expect(await codeOf(update(name, entry))).toBe(hostErrorCodes.operationInvalid);
      expect(await codeOf(update(name, { ...entry, command: "modify" }))).toBe(hostErrorCodes.operationUnsupported);
      const { stored, live } = await texts(name);
      expect([stored, live]).toEqual([expect.stringContaining(entry.xml), expect.stringContaining(entry.xml)]);
      await update(name, { ...entry, command: "delete" });
      const after = await texts(name);
      expect(after.stored + after.live).not.toContain(entry.xml);
      expect(await codeOf(update(name, { ...entry, command: "delete" }))).toBe(hostErrorCodes.operationInvalid);
    });

    test("an entry goes to the address that is named", async () => {
      const { name, net } = fresh();
      await define(networkXml(name, { rest: `${ipXml(net)}<ip family='ipv6' address='fd00:99::1' prefix='64'/>` }));
      await libvirt.startNetwork(name);
      await update(name, { xml: "<host name='six' ip='fd00:99::6'/>", addressIndex: 1 });
      expect((await texts(name)).live).toMatch(/fd00:99::1'[^]*<host name='six'/);
      expect(await codeOf(update(name, { xml: "<host name='seven' ip='fd00:99::7'/>", addressIndex: 2 }))).toBe(
        hostErrorCodes.operationInvalid,
      );
    });

    test("one that is not active has nothing live to change", async () => {
      const { name, net } = fresh();
      await define(networkXml(name, { rest: ipXml(net) }));
      const xml = `<host mac='52:54:00:00:99:01' ip='${net}.11'/>`;
      expect(await codeOf(update(name, { xml }))).toBe(hostErrorCodes.operationInvalid);
      await update(name, { xml, affects: "definition" });
      expect((await texts(name)).stored).toContain(xml);
    });

    test("devices of a macvtap network come and go", async () => {
      const { name } = fresh();
      await define(networkXml(name, { forward: `<forward mode='vepa'><interface dev='${host.takenInterface}'/></forward>` }));
      await libvirt.startNetwork(name);
      await update(name, { section: "forwardInterface", xml: "<interface dev='none1'/>" });
      expect((await texts(name)).live).toContain("<interface dev='none1'");
      await update(name, { section: "forwardInterface", xml: "<interface dev='none1'/>", command: "delete" });
      expect((await texts(name)).stored).not.toContain("none1");
    });

    test("a network without guests has no leases", async () => {
      const { name } = await started("<range start='NET.10' end='NET.20'/>");
      expect(await libvirt.networkLeases(name)).toEqual([]);
      expect(await libvirt.networkLeases(name, { mac: "52:54:00:00:99:01" })).toEqual([]);
    });

    test("what is not there is said to be no network", async () => {
      const name = `${prefix}-none`;
      const verbs = [
        libvirt.startNetwork(name),
        libvirt.stopNetwork(name),
        libvirt.setNetworkAutostart(name, true),
        update(name, { xml: "<host/>" }),
        libvirt.networkLeases(name),
      ];
      expect(await Promise.all(verbs.map(codeOf))).toEqual(verbs.map(() => hostErrorCodes.noNetwork));
    });
  });
}
