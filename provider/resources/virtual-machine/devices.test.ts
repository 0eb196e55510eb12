// Devices through a VM's life on a fake host: asked, read back, imported, drifted, plugged, pending, refused.
import fc from "fast-check";
import type { DeviceKinds, DeviceMap } from "../../plan/devices";
import { fieldEffect } from "../../plan/field-effects";
import { createStage, program } from "../../testing/machine-stage";
import { anyDevices } from "../../xml/devices/devices.fixture";
import { deviceMaps } from "../../xml/devices/device-maps";
import { contractProblems } from "../contract";
import { pathKeys, propertyPath } from "../property-path";
import type { Values } from "../resource";
import { unknown } from "../resource";
import { inputs as contract } from "./contract";
import { deviceDiff } from "./devices-changes";
import { deviceInputsOf, domainDevices } from "./devices-plan";
import { deviceProblems } from "./devices-problems";

const gpu = { pci: "0000:01:00.0" };
const key = { usb: { vendor: "046d", product: "0a9c" } };
const asked = {
  graphics: "vnc",
  graphicsSettings: { password: "first" },
  input: { tablet: "usb" },
  sound: {},
  shares: { home: { source: "/srv/home" } },
  hostDevices: { gpu },
  channels: { "org.example.0": { unix: {} } },
} as const satisfies Values;

test("any devices, as inputs and back, are the same devices and no change", () => {
  fc.assert(
    fc.property(anyDevices, (devices) => {
      const inputs = Object.fromEntries(
        deviceMaps.flatMap((name) => {
          const map = devices[name];
          return map === undefined
            ? []
            : [
                [
                  name,
                  Object.fromEntries(
                    Object.entries(map).map(([each, device]) => [each, deviceInputsOf(name, each, device as DeviceKinds[DeviceMap])]),
                  ),
                ],
              ];
        }),
      ) as Values;
      expect(domainDevices(inputs) ?? {}).toEqual(devices);
      expect(deviceDiff(inputs, inputs)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("a default that is spelt out is no change", () => {
  const before = { shares: { home: { source: "/srv" } }, hostDevices: { gpu } };
  const after = { shares: { home: { source: "/srv", tag: "home", driver: "virtiofs" } }, hostDevices: { gpu: { ...gpu, managed: true } } };
  expect(deviceDiff(before, after)).toEqual([]);
  expect(deviceDiff(before, { ...after, hostDevices: unknown })).toEqual([{ path: "hostDevices", kind: "update", inputDiff: true }]);
});

test("a path with a dotted name leads back to its keys, and has a row", () => {
  const path = propertyPath(["channels", "org.example.0"]);
  expect(pathKeys(path)).toEqual(["channels", "org.example.0"]);
  expect(pathKeys("numa.cells[1].cpus")).toEqual(["numa", "cells", "1", "cpus"]);
  expect(fieldEffect(path, "added")?.effect).toBe("live");
  expect(fieldEffect("shares.home", "removed")?.effect).toBe("restart");
  expect(fieldEffect("graphicsSettings.password")?.effect).toBe("live");
  expect(fieldEffect("graphicsSettings.port")?.effect).toBe("restart");
});

test.each<{ because: string; inputs: Values; path: string }>([
  { because: "settings of no display", inputs: { graphics: "none", graphicsSettings: { port: 5900 } }, path: "graphicsSettings" },
  {
    because: "VNC hears eight characters",
    inputs: { graphics: "vnc", graphicsSettings: { password: "ninechars" } },
    path: "graphicsSettings.password",
  },
  { because: "VNC begins at 5900", inputs: { graphics: "vnc", graphicsSettings: { port: 80 } }, path: "graphicsSettings.port" },
  { because: "only virtio has 3D", inputs: { video: "vga", videoSettings: { accel3d: true } }, path: "videoSettings.accel3d" },
  { because: "no vsock has no number", inputs: { vsock: { model: "none", cid: 3 } }, path: "vsock.cid" },
  { because: "nowhere to go", inputs: { serial: {} }, path: "serial" },
  { because: "two ways at once", inputs: { consoles: { a: { pty: true, file: "/f" } } }, path: "consoles.a" },
  {
    because: "one port for two",
    inputs: { graphics: "vnc", graphicsSettings: { port: 5901 }, serials: { log: { tcp: { port: 5901 } } } },
    path: "serials.log",
  },
  { because: "one file for two", inputs: { serial: { file: "/f" }, serials: { log: { file: "/f" } } }, path: "serials.log" },
  {
    because: "the agent has an input",
    inputs: { channels: { "org.qemu.guest_agent.0": { unix: {} } } },
    path: 'channels["org.qemu.guest_agent.0"]',
  },
  { because: "SPICE's channel without SPICE", inputs: { graphics: "vnc", channels: { a: { spicevmc: true } } }, path: "channels.a" },
  { because: "a cache of 9p", inputs: { shares: { a: { source: "/a", driver: "9p", cache: "always" } } }, path: "shares.a.cache" },
  { because: "virtiofs knows one way", inputs: { shares: { a: { source: "/a", accessMode: "mapped" } } }, path: "shares.a.accessMode" },
  { because: "one tag for two", inputs: { shares: { a: { source: "/a" }, b: { source: "/b", tag: "a" } } }, path: "shares.b" },
  {
    because: "virtiofsd has to see the memory",
    inputs: { shares: { a: { source: "/a" } }, memoryBacking: { access: "private" } },
    path: "memoryBacking.access",
  },
  { because: "no device", inputs: { hostDevices: { a: {} } }, path: "hostDevices.a" },
  { because: "two devices", inputs: { hostDevices: { a: { ...gpu, ...key } } }, path: "hostDevices.a" },
  { because: "half a USB device", inputs: { hostDevices: { a: { usb: { vendor: "046d" } } } }, path: "hostDevices.a.usb" },
  { because: "a ROM of USB", inputs: { hostDevices: { a: { ...key, rom: { bar: true } } } }, path: "hostDevices.a.rom" },
  { because: "one device twice", inputs: { hostDevices: { a: gpu, b: gpu } }, path: "hostDevices.b" },
  {
    because: "a device that is a disk already",
    inputs: { disks: { fast: { nvme: { address: "0000:01:00.0" } } }, hostDevices: { b: gpu } },
    path: "hostDevices.b",
  },
])("refused: $because", ({ inputs, path }) => {
  expect(deviceProblems(inputs).map((problem) => problem.path)).toEqual([path]);
});

test("what is right, and what is not known yet, is no problem", () => {
  expect(deviceProblems(asked)).toEqual([]);
  expect(contractProblems(contract, { memory: "1GiB", ...asked })).toEqual([]);
  for (const name of Object.keys(asked)) expect(deviceProblems({ ...asked, [name]: unknown })).toEqual([]);
});

describe("a VM's life", () => {
  test("what is asked is defined, stays without a diff, drifts and is mended", async () => {
    const { web, domain, edit } = createStage();
    expect(await web.up(program(asked))).toMatchObject({ did: "create" });
    const { defined, inactiveXml } = await domain();
    expect(defined.platform).toMatchObject({
      graphics: { type: "vnc", password: "first" },
      sound: { model: "ich9" },
      input: { tablet: "usb" },
    });
    expect(defined.devices).toMatchObject({ shares: { home: { tag: "home" } }, hostDevices: { gpu: {} } });
    expect(inactiveXml).toMatch(/<access mode="shared"\/>/);
    await web.refresh();
    expect(web.now.inputs).toMatchObject(asked);
    expect(await web.up(program(asked))).toMatchObject({ did: "same" });
    await edit((xml) => xml.replace(/<hostdev [^]*<\/hostdev>/, "").replace('passwd="first"', 'passwd="other"'));
    await web.refresh();
    expect(web.now.inputs).toMatchObject({ hostDevices: {}, graphicsSettings: { password: "other" } });
    expect(await web.up(program(asked))).toMatchObject({ did: "update", changes: ["graphicsSettings.password", "hostDevices.gpu"] });
    expect((await domain()).defined.devices).toMatchObject({ hostDevices: { gpu: {} } });
  });

  test("devices of the host, channels and the password change while it runs; no message tells the password", async () => {
    const { web, domain } = createStage();
    await web.up(program(asked));
    const changed = program({
      ...asked,
      graphicsSettings: { password: "second" },
      hostDevices: { key },
      channels: { "org.example.1": { file: "/f" } },
    });
    const preview = await web.preview(changed);
    const said = preview.log.map(({ message }) => message).join("\n");
    expect(said).toContain("hostDevices.gpu");
    expect(said).toContain('channels["org.example.1"]: none => {"file":"/f"}: live');
    expect(said).toContain("graphicsSettings.password: the one there is => a new one: live");
    expect(said).not.toMatch(/first|second/);
    const { id } = await domain();
    expect(await web.up(changed)).toMatchObject({ did: "update" });
    const { id: idNow, running } = await domain();
    expect(idNow).toBe(id);
    expect(Object.keys(running?.devices?.hostDevices ?? {})).toEqual(["key"]);
    expect(Object.keys(running?.devices?.channels ?? {})).toEqual(["org.example.1"]);
    expect(running?.platform?.graphics?.password).toBe("second");
    expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
  });

  test("a share waits for a cold start; a map that leaves the program takes its devices along", async () => {
    const { web, domain, coldStart } = createStage();
    await web.up(program({}));
    await web.up(program({ shares: { home: { source: "/srv/home" } } }));
    expect(web.now.state).toMatchObject({ restartPending: true });
    await coldStart();
    await web.refresh();
    expect(web.now.state).toMatchObject({ restartPending: false });
    expect(await web.up(program({}))).toMatchObject({ did: "update", changes: ["shares.home"] });
    expect((await domain()).defined.devices?.shares).toEqual({});
    expect(await web.up(program({}))).toMatchObject({ did: "same" });
  });

  test("devices of other hands stay, and must be named by a program that speaks of their map", async () => {
    const { web, domain, edit } = createStage();
    await web.up(program({}));
    const foreign = `<hostdev mode="subsystem" type="usb"><source><vendor id="0x046d"/><product id="0x0a9c"/></source></hostdev>`;
    await edit((xml) => xml.replace("</devices>", `${foreign}</devices>`));
    await web.refresh();
    expect(await web.up(program({}))).toMatchObject({ did: "same" });
    await web.up(program({ description: "x" }));
    expect((await domain()).inactiveXml).toContain("0x046d");
    const refused = await web.up(program({ description: "x", hostDevices: { gpu } }));
    expect(refused.error?.message).toMatch(/hostDevices: would take away .*usb-046d-0a9c/);
    const named = program({ description: "x", hostDevices: { gpu, mine: key } });
    expect(await web.up(named)).toMatchObject({ did: "update" });
    expect((await domain()).inactiveXml.match(/<hostdev /g)).toHaveLength(2);
    await web.refresh();
    expect(await web.up(named)).toMatchObject({ did: "same" });
  });

  test("SPICE that the host's QEMU does not have is refused at preview", async () => {
    const { web, fake } = createStage();
    const without = `<domainCapabilities><devices><graphics supported="yes"><enum name="type"><value>vnc</value></enum></graphics></devices></domainCapabilities>`;
    jest.spyOn(fake, "domainCapabilitiesXml").mockResolvedValue(without);
    expect(await web.preview(program({ graphics: "spice" }))).toMatchObject({ did: "refused", problems: [{ path: "graphics" }] });
  });
});
