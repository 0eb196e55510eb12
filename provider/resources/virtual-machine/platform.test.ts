// Firmware and platform through a VM's life on a fake host: asked, read back, imported, drifted, pending, refused.
import fc from "fast-check";
import { deviceRows } from "./devices-fields";
import { plan } from "../../xml/domain-plan.fixture";
import { domainXml } from "../../xml/domain-xml";
import { parseDomain } from "../../xml/parse-domain";
import { platforms } from "../../xml/platform/platform.fixture";
import { createStage, program } from "../../testing/machine-stage";
import { contractProblems } from "../contract";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { inputs as contract } from "./contract";
import { platformDiff, platformPending } from "./platform-changes";
import type { PlatformInputs } from "./platform-contract";
import { domainPlatform, platformTable, withValueAt } from "./platform-fields";
import { driftedPlatform, importedPlatform } from "./platform-observed";
import { platformProblems } from "./platform-problems";

/** What a program may say of each field. */
const values: Readonly<Record<string, readonly Value[]>> = {
  firmware: ["uefi"],
  "uefi.secureBoot": [true, false],
  "uefi.enrolledKeys": [true, false],
  "tpm.model": ["tpm-crb", "tpm-tis"],
  "tpm.version": ["2.0"],
  "cpu.model": ["Nehalem"],
  "cpu.features": [{ aes: "require", vmx: "disable" }, {}],
  "cpu.topology": [{ cores: 2 }, { sockets: 2 }],
  "pinning.vcpus": [{ "0": "1,0" }, {}],
  "pinning.emulator": ["0-3,^2"],
  "pinning.iothreads": [{ "1": "3" }],
  "numa.cells": [[{ cpus: "0,1", memory: "1GiB", memAccess: "shared" }, { memory: "1048576KiB" }]],
  "numa.nodeset": ["0,1"],
  "numa.mode": ["strict"],
  "memoryBacking.hugepages": [true],
  "memoryBacking.hugepageSize": ["2MiB", "2048KiB"],
  "memoryBacking.source": ["memfd"],
  "memoryBacking.access": ["shared"],
  "memoryBacking.allocation": ["immediate"],
  "memoryBacking.locked": [true, false],
  "memoryBacking.nosharepages": [true],
  "memoryBacking.discard": [true],
  "clock.offset": ["utc", "localtime"],
  "clock.timezone": ["Europe/Berlin"],
  "clock.timers": [{ hpet: { present: false } }, {}],
  "features.acpi": [true, false],
  "features.apic": [true],
  "features.pae": [true],
  "features.kvmHidden": [true],
  "features.pmu": [false],
  "features.smm": [true],
  "features.vmport": [false],
  "features.ioapic": ["kvm"],
  hyperv: [true, false],
  rng: [true, false],
  "watchdog.model": ["i6300esb", "ib700"],
  "watchdog.action": ["pause"],
  "panic.model": ["isa", "hyperv"],
  "balloon.model": ["virtio"],
  "balloon.freePageReporting": [true, false],
  "balloon.statsPeriodSeconds": [0, 5],
  onPoweroff: ["restart"],
  onReboot: ["destroy", "restart"],
  onCrash: ["preserve", "destroy"],
  "smbios.mode": ["sysinfo"],
  "smbios.system.serial": ["a & b"],
  "smbios.system.sku": ["<c>"],
};

const anyInputs: fc.Arbitrary<PlatformInputs> = fc
  .record(Object.fromEntries(Object.entries(values).map(([name, choices]) => [name, fc.constantFrom(...choices)])), { requiredKeys: [] })
  .map((chosen) =>
    Object.entries(chosen).reduce<Values>((made, [name, value]) => withValueAt(made, name.split("."), value), { firmware: "uefi" }),
  );

const definition = (inputs: PlatformInputs, base?: string) => domainXml({ ...plan, platform: domainPlatform(inputs) }, base);

test("the table knows every field of the contract, and the values above all but the files", () => {
  const known = platformTable.filter((row) => !deviceRows.includes(row)).map(({ path }) => path.join("."));
  const spared = [...known].filter((name) => values[name] === undefined);
  expect(spared).toEqual([
    "uefi.loader",
    "uefi.nvramTemplate",
    "smbios.system.manufacturer",
    "smbios.system.product",
    "smbios.system.version",
    "smbios.system.family",
  ]);
  fc.assert(
    fc.property(anyInputs, (inputs) => {
      expect(contractProblems(contract, { memory: "1GiB", ...(inputs as unknown as Values) })).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

describe("any platform that a program asks for", () => {
  const seen = (xml: string) => parseDomain(xml).platform;

  test("is found as asked: no drift", () => {
    fc.assert(fc.property(anyInputs, (inputs) => expect(driftedPlatform(inputs, seen(definition(inputs)))).toEqual(inputs)));
  });

  test("imported, is a program whose definition says the same, and whose preview is empty", () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const xml = definition(inputs);
        const imported = importedPlatform(seen(xml));
        expect(definition(imported, xml)).toBe(xml);
        expect(driftedPlatform(imported, seen(xml))).toEqual(imported);
        expect(platformDiff(imported as unknown as Values, imported as unknown as Values)).toEqual([]);
      }),
    );
  });

  test("does not wait where it runs", () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const domain = parseDomain(definition(inputs));
        expect(platformPending(domain, domain)).toEqual([]);
      }),
    );
  });
});

test.each<{ because: string; olds: Values; news: Values; paths: readonly string[] }>([
  { because: "a field that comes", olds: {}, news: { tpm: {} }, paths: ["tpm.model"] },
  { because: "what a block means is spelt out", olds: { tpm: {} }, news: { tpm: { model: "tpm-crb" } }, paths: [] },
  { because: "left out is as it is", olds: { tpm: {}, rng: false }, news: {}, paths: [] },
  { because: "a set in other words", olds: { pinning: { emulator: "0,1" } }, news: { pinning: { emulator: "0-1" } }, paths: [] },
  {
    because: "a size in other words",
    olds: { memoryBacking: { hugepageSize: "2MiB" } },
    news: { memoryBacking: { hugepageSize: "2048KiB" } },
    paths: [],
  },
  {
    because: "what counts itself out",
    olds: { cpu: { topology: { cores: 2 } } },
    news: { cpu: { topology: { sockets: 1, cores: 2 } } },
    paths: [],
  },
  {
    because: "features are a whole",
    olds: { cpu: { features: { aes: "require" } } },
    news: { cpu: { features: {} } },
    paths: ["cpu.features"],
  },
  { because: "taken away by name", olds: { watchdog: {} }, news: { watchdog: { model: "none" } }, paths: ["watchdog.model"] },
  { because: "not known yet", olds: { tpm: {} }, news: { tpm: unknown }, paths: ["tpm.model", "tpm.version"] },
])("diff: $because", ({ olds, news, paths }) => {
  expect(platformDiff(olds, news).map(({ path }) => path)).toEqual(paths);
});

/** As libvirt 9.0 shows a machine that runs. */
const running = `<domain type='qemu' id='1'><name>w</name><os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><firmware><feature enabled='yes' name='secure-boot'/></firmware>
  <loader readonly='yes' secure='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.ms.fd</loader><nvram template='/usr/share/OVMF/OVMF_VARS_4M.ms.fd'>/w_VARS.fd</nvram></os>
  <features><acpi/><apic/><smm state='on'/></features><cpu mode='custom' match='exact' check='full'><model fallback='forbid'>Nehalem</model>
  <feature policy='disable' name='x2apic'/><feature policy='require' name='aes'/><feature policy='require' name='hypervisor'/></cpu><clock offset='utc'/>
  <devices><rng model='virtio'/><memballoon model='virtio'/></devices></domain>`;

test.each<{ because: string; inputs: PlatformInputs; paths: readonly string[] }>([
  {
    because: "what libvirt expands waits for nothing",
    inputs: {
      firmware: "uefi",
      uefi: { secureBoot: true },
      cpu: { model: "Nehalem", features: { x2apic: "disable", aes: "optional", hypervisor: "force" } },
    },
    paths: [],
  },
  {
    because: "what the run lacks waits",
    inputs: {
      firmware: "uefi",
      uefi: { secureBoot: false },
      cpu: { model: "Haswell", features: { avx: "require" } },
      watchdog: {},
      rng: false,
    },
    paths: ["uefi.secureBoot", "cpu.model", "cpu.features", "rng", "watchdog.model", "watchdog.action"],
  },
])("pending: $because", ({ inputs, paths }) => {
  const wanted = parseDomain(definition(inputs));
  expect(platformPending(wanted, parseDomain(running)).map(({ path }) => path)).toEqual(paths);
});

test.each<{ because: string; inputs: Values; path: string; isNew?: boolean }>([
  { because: "UEFI's fields without UEFI", inputs: { uefi: { secureBoot: false } }, path: "uefi" },
  { because: "i440fx has no SMM", inputs: { firmware: "uefi", machine: "pc", uefi: { secureBoot: true } }, path: "uefi.secureBoot" },
  { because: "nor has libvirt's default", inputs: { firmware: "uefi", uefi: { secureBoot: true } }, path: "uefi.secureBoot" },
  {
    because: "keys without a lock",
    inputs: { firmware: "uefi", uefi: { secureBoot: false, enrolledKeys: true } },
    path: "uefi.enrolledKeys",
  },
  { because: "half of a pair of files", inputs: { firmware: "uefi", uefi: { nvramTemplate: "/a" } }, path: "uefi.nvramTemplate" },
  {
    because: "keys are in the named file",
    inputs: { firmware: "uefi", uefi: { loader: "/a", enrolledKeys: true } },
    path: "uefi.enrolledKeys",
  },
  {
    because: "secure boot needs SMM",
    inputs: { firmware: "uefi", machine: "q35", uefi: { secureBoot: true }, features: { smm: false } },
    path: "features.smm",
  },
  { because: "CRB is 2.0", inputs: { tpm: { version: "1.2" } }, path: "tpm.version" },
  { because: "a model is a mode", inputs: { cpuMode: "host-passthrough", cpu: { model: "Nehalem" } }, path: "cpu.model" },
  { because: "features of nothing", inputs: { cpu: { features: { aes: "require" } } }, path: "cpu.features" },
  { because: "a product that does not fit", inputs: { cpus: 2, maxCpus: 4, cpu: { topology: { cores: 2 } } }, path: "cpu.topology" },
  { because: "no such CPU", inputs: { cpus: 2, pinning: { vcpus: { "2": "0" } } }, path: 'pinning.vcpus["2"]' },
  {
    because: "no such CPU in a node",
    inputs: { cpus: 2, memory: "1GiB", numa: { cells: [{ cpus: "0-2", memory: "1GiB" }] } },
    path: "numa.cells[0].cpus",
  },
  {
    because: "one CPU in two nodes",
    inputs: {
      cpus: 2,
      memory: "2GiB",
      numa: {
        cells: [
          { cpus: "0", memory: "1GiB" },
          { cpus: "0-1", memory: "1GiB" },
        ],
      },
    },
    path: "numa.cells[1].cpus",
  },
  { because: "nodes are all the memory", inputs: { memory: "2GiB", numa: { cells: [{ memory: "1GiB" }] } }, path: "numa.cells" },
  { because: "how, but not where", inputs: { numa: { mode: "strict" } }, path: "numa.mode" },
  {
    because: "a size of what is off",
    inputs: { memoryBacking: { hugepages: false, hugepageSize: "2MiB" } },
    path: "memoryBacking.hugepageSize",
  },
  {
    because: "a daemon has to see the memory",
    inputs: { memoryBacking: { access: "private" }, networks: { lan: { vhostUser: { socket: "/s" } } } },
    path: "memoryBacking.access",
  },
  { because: "which time zone", inputs: { clock: { offset: "timezone" } }, path: "clock.timezone" },
  { because: "a time zone in UTC", inputs: { clock: { timezone: "Europe/Berlin" } }, path: "clock.timezone" },
  { because: "tables that nobody sees", inputs: { smbios: { mode: "host", system: { serial: "1" } } }, path: "smbios.mode" },
  { because: "none tells nothing", inputs: { balloon: { model: "none", statsPeriodSeconds: 5 } }, path: "balloon.statsPeriodSeconds" },
  { because: "none does nothing", inputs: { watchdog: { model: "none", action: "pause" } }, path: "watchdog.action" },
])("refused: $because", ({ inputs, path }) => {
  expect(platformProblems(inputs, undefined).map((problem) => problem.path)).toEqual([path]);
});

test.each(Object.entries(platforms))("what libvirt takes has no problem: %s", (_name, { platform }) => {
  const inputs = importedPlatform(platform) as unknown as Values;
  expect(platformProblems({ machine: "q35", cpus: 2, memory: "2GiB", ...inputs }, undefined)).toEqual([]);
});

test("what is not known yet is no problem", () => {
  for (const { path } of platformTable) {
    const inputs: Values = { firmware: "uefi", machine: "q35", cpuMode: "maximum", [path[0] ?? ""]: unknown };
    expect(platformProblems(inputs, undefined)).toEqual([]);
  }
});

describe("a VM's life", () => {
  const asked = { machine: "q35", firmware: "uefi", uefi: { secureBoot: true }, tpm: {}, watchdog: { action: "pause" } } as const;

  test("what is asked is defined, stays without a diff, drifts and is mended", async () => {
    const { web, domain, edit } = createStage();
    expect(await web.up(program(asked))).toMatchObject({ did: "create" });
    expect((await domain()).defined.platform).toMatchObject({
      firmware: "uefi",
      uefi: { secureBoot: true },
      tpm: { model: "tpm-crb" },
      watchdog: { model: "i6300esb", action: "pause" },
      rng: true,
    });
    await web.refresh();
    expect(await web.up(program(asked))).toMatchObject({ did: "same" });
    await edit((xml) => xml.replace('action="pause"', 'action="reset"').replace(/<tpm [^]*<\/tpm>/, ""));
    await web.refresh();
    expect(web.now.inputs).toMatchObject({ watchdog: { action: "reset" }, tpm: { model: "none" } });
    expect(await web.up(program(asked))).toMatchObject({ did: "update", changes: ["tpm.model", "watchdog.action"] });
    expect((await domain()).defined.platform).toMatchObject({ tpm: { model: "tpm-crb" }, watchdog: { action: "pause" } });
  });

  test("a change waits for a cold start, is announced, and is over after it", async () => {
    const { web, domain, coldStart } = createStage();
    await web.up(program(asked));
    const changed = program({ ...asked, watchdog: { action: "reset" }, balloon: { statsPeriodSeconds: 5 } });
    const preview = await web.preview(changed);
    expect(preview.log.map(({ message }) => message).join(" ")).toMatch(/watchdog\.action.*balloon\.statsPeriodSeconds/);
    expect(await web.up(changed)).toMatchObject({
      did: "update",
      changes: ["watchdog.action", "balloon.model", "balloon.statsPeriodSeconds"],
    });
    expect(web.now.state).toMatchObject({
      restartPending: true,
      pendingChanges: ["watchdog.action: pause => reset", "balloon.statsPeriodSeconds: 0 => 5"],
    });
    await coldStart();
    await web.refresh();
    expect(web.now.state).toMatchObject({ restartPending: false, pendingChanges: [] });
    expect((await domain()).running?.platform?.watchdog).toEqual({ model: "i6300esb", action: "reset" });
    expect(await web.up(changed)).toMatchObject({ did: "same" });
  });

  test("what the program leaves out stays as it is, random numbers of an older machine's too", async () => {
    const { web, domain, edit } = createStage();
    await web.up(program(asked));
    await edit((xml) => xml.replace(/<rng [^]*<\/rng>/, ""));
    await web.refresh();
    expect(await web.up(program({ machine: "q35" }))).toMatchObject({ did: "same" });
    expect(await web.up(program({ machine: "q35", description: "x" }))).toMatchObject({ changes: ["description"] });
    expect((await domain()).defined.platform).toMatchObject({ firmware: "uefi", tpm: { model: "tpm-crb" }, rng: false });
  });

  test("a CPU model takes the place of the host policy's CPU mode", async () => {
    const { web, domain } = createStage();
    await web.up(program({ cpuMode: "host-passthrough" }));
    expect(await web.up(program({ cpu: { model: "Nehalem" } }))).toMatchObject({ did: "update", changes: ["cpu.model"] });
    expect((await domain()).defined).toMatchObject({ cpuMode: "custom", platform: { cpu: { model: "Nehalem" } } });
    await web.refresh();
    expect(await web.up(program({ cpu: { model: "Nehalem" } }))).toMatchObject({ did: "same" });
  });

  test("a CPU feature that goes waits too, though nobody could tell it from what libvirt adds", async () => {
    const { web, coldStart } = createStage();
    const cpu = (features: Values) => program({ cpuMode: "host-passthrough", cpu: { features } });
    await web.up(cpu({ vmx: "disable", aes: "require" }));
    expect(web.now.state).toMatchObject({ pendingChanges: [] });
    await web.up(cpu({ aes: "require" }));
    expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: [expect.stringContaining("cpu.features: ") as string] });
    await coldStart();
    await web.refresh();
    expect(web.now.state).toMatchObject({ restartPending: false });
  });

  test("problems are told at preview, with their paths", async () => {
    const { web } = createStage();
    const wrong = program({ machine: "pc", firmware: "uefi", uefi: { secureBoot: true }, cpus: 2, cpu: { topology: { cores: 4 } } });
    expect(await web.preview(wrong)).toMatchObject({ did: "refused", problems: [{ path: "uefi.secureBoot" }, { path: "cpu.topology" }] });
  });
});
