// What the port to libvirt promises, as tests that run against the fake and against the real daemon: so that the fake cannot lie.
import { setTimeout as sleep } from "node:timers/promises";
import { CancelledError } from "../errors";
import { hostErrorCodes } from "../libvirt/codes";
import type { DomainRecord, Libvirt } from "../libvirt/port";
import { parseDomain } from "../xml/parse-domain";
import { parseSnapshot } from "../xml/parse-snapshot";

/** A host to hold the contract to, with storage and hands of the test's own. */
export interface ContractHost {
  readonly libvirt: Libvirt;
  openAnother(): Libvirt;
  /** Pools of type dir: one with direct I/O, one without. */
  readonly directPool: { readonly name: string; readonly path: string };
  readonly cachedPool: { readonly name: string; readonly path: string };
  /** Kernel and initrd of a guest that stops when asked to. */
  readonly guest: { readonly kernel: string; readonly initrd: string };
  /** Puts a raw file there, without libvirt's doing. */
  putFile(path: string, sizeBytes: number): Promise<void>;
  setPoolActive(name: string, active: boolean): Promise<void>;
  /** Makes a snapshot as a person with virsh does: inside the disks' images, or, with overlays by target, in files of its own. */
  addSnapshot(domain: string, name: string, overlays?: Readonly<Record<string, string>>): Promise<void>;
}

const bytesPerMiB = 1024 ** 2;
const shutdownAttempts = 60;
const memoryKiB = 131_072;

interface DiskOptions {
  readonly path: string;
  readonly target?: string;
  readonly cache?: string;
  readonly io?: string;
  readonly format?: string;
  readonly extra?: string;
}

const diskXml = ({ path, target = "vda", cache = "writeback", io, format = "raw", extra = "" }: DiskOptions) =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}' cache='${cache}'${io ? ` io='${io}'` : ""}/>
   <source file='${path}'/><target dev='${target}' bus='virtio'/>${extra}</disk>`;

const cardXml = ({ mac = "52:54:00:00:00:01", model = "virtio", inner = "" }) =>
  `<interface type='user'><mac address='${mac}'/><model type='${model}'/>${inner}<alias name='ua-lan'/></interface>`;

const volumeXml = (name: string, { format = "raw", capacityBytes = bytesPerMiB, backing = "" } = {}) =>
  `<volume><name>${name}</name><capacity unit='bytes'>${capacityBytes}</capacity><target><format type='${format}'/></target>${backing}</volume>`;

/** q35 has a free port for one device only, unless told otherwise. */
const hotplugPorts = [1, 2, 3, 4].map((index) => `<controller type='pci' index='${index}' model='pcie-root-port'/>`).join("");

const rejection = (promise: Promise<unknown>) => promise.then(() => undefined).catch((error: unknown) => error);

/** Asks again and again; the test's own time limit ends it. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  while (!(await ask()));
}

/** The code and a part of the text of a HostError, to compare as data. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = (await rejection(promise)) as { code?: number } | undefined;
  return error?.code ?? error;
}

/** `prefix` begins the names of what the suite makes on the host. */
export function describeLibvirtContract(title: string, prefix: string, setUp: () => Promise<ContractHost>): void {
  describe(`the port to libvirt: ${title}`, () => {
    let host: ContractHost;
    let libvirt: Libvirt;
    let count = 0;
    const domains: string[] = [];
    const freshName = () => `${prefix}-${++count}`;

    const domainXml = (name: string, { disks = "", uuid = "", vcpus = "<vcpu current='1'>2</vcpu>", extra = "" } = {}) =>
      `<domain type='qemu'><name>${name}</name>${uuid && `<uuid>${uuid}</uuid>`}<memory unit='KiB'>${memoryKiB}</memory>${vcpus}
       <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${host.guest.kernel}</kernel><initrd>${host.guest.initrd}</initrd><cmdline>console=ttyS0 quiet</cmdline></os>
       <features><acpi/></features>${extra}<devices>${disks}${hotplugPorts}<memballoon model='virtio'/></devices></domain>`;
    const define = async (options: { disks?: string; name?: string; extra?: string } = {}) => {
      const made = await libvirt.defineDomain(domainXml(options.name ?? freshName(), options));
      domains.push(made.uuid);
      return made;
    };
    const read = async (uuid: string): Promise<DomainRecord> => (await libvirt.findDomain({ uuid }))!;
    const volume = async (pool = host.directPool.name, options: Parameters<typeof volumeXml>[1] = {}) =>
      libvirt.createVolume(pool, volumeXml(`${freshName()}.img`, options));
    const redefine = async (uuid: string, from: string, to: string) =>
      libvirt.defineDomain((await read(uuid)).inactiveXml.replaceAll(/'/g, '"').replace(from, to));

    beforeAll(async () => {
      host = await setUp();
      libvirt = host.libvirt;
    });
    afterEach(async () => {
      for (const uuid of domains.splice(0)) {
        await libvirt.destroyDomain(uuid);
        await libvirt.undefineDomain(uuid);
      }
    });
    afterAll(() => libvirt.close());

    test("identify tells versions and capabilities", async () => {
      const { libvirtVersion, qemuVersion, hostname, capabilitiesXml } = await libvirt.identify();
      expect(libvirtVersion).toMatch(/^\d+\.\d+\.\d+$/);
      expect(qemuVersion).toMatch(/^\d+\.\d+\.\d+$/);
      expect(hostname).not.toBe("");
      expect(capabilitiesXml).toContain("<capabilities>");
      expect(await libvirt.domainCapabilitiesXml({ virtType: "qemu", machine: "q35" })).toContain("<domain>qemu</domain>");
      await expect(libvirt.domainCapabilitiesXml({ virtType: "qemu", machine: "no-such" })).rejects.toMatchObject({
        code: hostErrorCodes.invalidArgument,
      });
    });

    describe("a domain's definition", () => {
      test("is stopped, persistent and complete after define", async () => {
        const { uuid, name } = await define();
        const record = await read(uuid);
        expect(record).toMatchObject({ name, uuid, state: "stopped", persistent: true, autostart: false, hasManagedSave: false });
        expect([record.id, record.liveXml]).toEqual([undefined, undefined]);
        expect(record.inactiveXml).toContain(uuid);
        expect(record.inactiveXml).toMatch(/machine=["']pc-q35-\d/);
        expect(record.inactiveXml).toMatch(/<currentMemory unit=["']KiB["']>131072</);
        expect(await libvirt.findDomain({ name })).toEqual(record);
        expect(await libvirt.listDomains()).toContainEqual({ name, uuid });
      });

      test("is replaced by a define with the same UUID, and only with the same name", async () => {
        const { uuid, name } = await define();
        await libvirt.defineDomain(domainXml(name, { uuid, extra: "<description>second</description>" }));
        expect((await read(uuid)).inactiveXml).toContain("second");
        expect(await codeOf(libvirt.defineDomain(domainXml(freshName(), { uuid })))).toBe(hostErrorCodes.operationFailed);
        expect(await codeOf(libvirt.defineDomain(domainXml(name, { uuid: "0b6de6c7-23a2-4b29-9f0c-1d1c6f9d1a11" })))).toBe(
          hostErrorCodes.operationFailed,
        );
      });

      test.each([
        { disks: diskXml({ path: "/nowhere", cache: "bogus" }), code: hostErrorCodes.xmlError, because: "no such cache mode" },
        { disks: diskXml({ path: "/nowhere", io: "native" }), code: hostErrorCodes.configUnsupported, because: "io native needs O_DIRECT" },
        {
          disks: diskXml({ path: "/nowhere", format: "qcow2", extra: "<shareable/>" }),
          code: hostErrorCodes.configUnsupported,
          because: "qcow2 cannot be shared",
        },
        { disks: diskXml({ path: "/a" }) + diskXml({ path: "/b" }), code: hostErrorCodes.xmlError, because: "two disks on one target" },
        { disks: "<disk", code: hostErrorCodes.xmlSyntax, because: "no XML" },
      ])("is refused with code $code: $because", async ({ disks, code }) => {
        const name = freshName();
        expect(await codeOf(libvirt.defineDomain(domainXml(name, { disks })))).toBe(code);
        expect(await libvirt.findDomain({ name })).toBeUndefined();
      });

      test("keeps autostart over a define", async () => {
        const { uuid } = await define();
        await libvirt.setAutostart(uuid, true);
        await redefine(uuid, "<devices>", "<devices>");
        expect((await read(uuid)).autostart).toBe(true);
        await libvirt.setAutostart(uuid, false);
        expect((await read(uuid)).autostart).toBe(false);
      });

      test("is gone after undefine; again, and a stop of what is gone, succeed", async () => {
        const { uuid } = await define();
        await libvirt.undefineDomain(uuid);
        expect(await libvirt.findDomain({ uuid })).toBeUndefined();
        await libvirt.undefineDomain(uuid);
        await libvirt.destroyDomain(uuid);
        expect(await codeOf(libvirt.startDomain(uuid))).toBe(hostErrorCodes.noDomain);
        expect(await codeOf(libvirt.setAutostart(uuid, true))).toBe(hostErrorCodes.noDomain);
      });

      test("outlives nothing: a running domain that is undefined is transient and goes with its run", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid, { paused: true });
        await libvirt.undefineDomain(uuid);
        expect(await read(uuid)).toMatchObject({ persistent: false, state: "paused" });
        await libvirt.destroyDomain(uuid);
        expect(await libvirt.findDomain({ uuid })).toBeUndefined();
      });
    });

    describe("a domain's life", () => {
      test("starts, with a greater number each time; starting and stopping twice", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid);
        const first = await read(uuid);
        expect(first.state).toBe("running");
        expect(first.liveXml).toContain(uuid);
        expect(await codeOf(libvirt.startDomain(uuid))).toBe(hostErrorCodes.operationInvalid);
        await libvirt.destroyDomain(uuid);
        await libvirt.destroyDomain(uuid);
        await libvirt.startDomain(uuid, { paused: true });
        const second = await read(uuid);
        expect(second.state).toBe("paused");
        expect(second.id).toBeGreaterThan(first.id!);
      });

      test("without direct I/O a start with none fails as QEMU words it, and writeback starts", async () => {
        const { path } = await volume(host.cachedPool.name);
        const { uuid } = await define({ disks: diskXml({ path, cache: "none" }) });
        const error = (await rejection(libvirt.startDomain(uuid))) as { code: number; libvirtMessage: string };
        expect(error.code).toBe(hostErrorCodes.internalError);
        expect(error.libvirtMessage).toContain(`Could not open '${path}'`);
        expect(error.libvirtMessage).toMatch(/does not support O_DIRECT/);
        expect(await read(uuid)).toMatchObject({ state: "stopped", persistent: true });
        await redefine(uuid, 'cache="none"', 'cache="writeback"');
        await libvirt.startDomain(uuid, { paused: true });
        expect((await read(uuid)).state).toBe("paused");
      });

      test("without direct I/O under a backing file, none on the overlay fails on the backing file", async () => {
        const base = await volume(host.cachedPool.name);
        const overlay = await volume(host.directPool.name, {
          format: "qcow2",
          backing: `<backingStore><path>${base.path}</path><format type='raw'/></backingStore>`,
        });
        const { uuid } = await define({ disks: diskXml({ path: overlay.path, format: "qcow2", cache: "none" }) });
        const error = (await rejection(libvirt.startDomain(uuid))) as { libvirtMessage: string };
        expect(error.libvirtMessage).toContain(`Could not open '${base.path}'`);
      });

      test("a missing image is a system error", async () => {
        const { uuid } = await define({ disks: diskXml({ path: `${host.directPool.path}/not-there` }) });
        expect(await codeOf(libvirt.startDomain(uuid))).toBe(hostErrorCodes.systemError);
      });

      test("a define while it runs changes the next start only", async () => {
        const { path } = await volume();
        const { uuid } = await define({ disks: diskXml({ path }) });
        await libvirt.startDomain(uuid, { paused: true });
        await redefine(uuid, 'cache="writeback"', 'cache="none"');
        const record = await read(uuid);
        expect(record.inactiveXml).toMatch(/cache=["']none/);
        expect(record.liveXml).toMatch(/cache=["']writeback/);
      });

      test("pauses and resumes; a stopped one cannot", async () => {
        const { uuid } = await define();
        expect(await codeOf(libvirt.pauseDomain(uuid))).toBe(hostErrorCodes.operationInvalid);
        expect(await codeOf(libvirt.requestShutdown(uuid))).toBe(hostErrorCodes.operationInvalid);
        await libvirt.startDomain(uuid, { paused: true });
        await libvirt.resumeDomain(uuid);
        expect((await read(uuid)).state).toBe("running");
        await libvirt.pauseDomain(uuid);
        expect((await read(uuid)).state).toBe("paused");
      });

      test("stops when the guest is asked to", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid);
        // Asked again and again: the real guest hears the power button only when it is up.
        let hasStopped = false;
        for (let attempt = 0; attempt < shutdownAttempts && !hasStopped; attempt++) {
          await rejection(libvirt.requestShutdown(uuid));
          hasStopped = await libvirt.waitForState(uuid, "stopped", { timeoutMs: 500 });
        }
        expect((await read(uuid)).state).toBe("stopped");
      });

      test("a guest without an agent cannot be asked by one", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid);
        expect(await codeOf(libvirt.requestShutdown(uuid, { by: "agent" }))).toBe(hostErrorCodes.argumentUnsupported);
      });

      test("what happens when the guest ends its run is changed while it runs, the definition stays", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid, { paused: true });
        for (const action of [
          { event: "poweroff", action: "restart" },
          { event: "crash", action: "coredump-restart" },
        ] as const)
          await libvirt.setLiveLifecycleAction(uuid, action);
        const { liveXml, inactiveXml } = await read(uuid);
        for (const part of ["<on_poweroff>restart<", "<on_crash>coredump-restart<"]) {
          expect(liveXml).toContain(part);
          expect(inactiveXml).not.toContain(part);
        }
        expect(await codeOf(libvirt.setLiveLifecycleAction(uuid, { event: "reboot", action: "destroy" }))).toBe(
          hostErrorCodes.configUnsupported,
        );
      });

      test("snapshots come each behind the one it stands on, and go", async () => {
        const { path } = await volume(host.directPool.name, { format: "qcow2" });
        const { uuid, name } = await define({ disks: diskXml({ path, format: "qcow2" }) });
        expect(await libvirt.listSnapshots(uuid)).toEqual([]);
        const [one, two] = [`${path}.one`, `${path}.two`];
        await host.addSnapshot(name, "one", { vda: one });
        await host.addSnapshot(name, "two", { vda: two });
        const snapshots = (await libvirt.listSnapshots(uuid)).map(({ xml }) => parseSnapshot(xml));
        expect(snapshots).toEqual([
          { name: "one", overlays: [{ target: "vda", path: one, over: path }], memoryFile: undefined, images: [path] },
          { name: "two", overlays: [{ target: "vda", path: two, over: one }], memoryFile: undefined, images: [one] },
        ]);
        // A definition written over the one that they are of keeps them.
        await redefine(uuid, "<memory", "<description>other</description><memory");
        expect((await libvirt.listSnapshots(uuid)).map((snapshot) => snapshot.name)).toEqual(["one", "two"]);
        await libvirt.deleteSnapshot(uuid, "two");
        await libvirt.deleteSnapshot(uuid, "one");
        expect(parseDomain((await read(uuid)).inactiveXml).disks.map((disk) => disk.path)).toEqual([path]);
        await host.addSnapshot(name, "inside");
        expect((await libvirt.listSnapshots(uuid)).map(({ xml }) => parseSnapshot(xml))).toEqual([
          { name: "inside", overlays: [], memoryFile: undefined, images: [path] },
        ]);
        await libvirt.deleteSnapshot(uuid, "inside");
        await libvirt.deleteSnapshot(uuid, "inside");
        expect(await libvirt.listSnapshots(uuid)).toEqual([]);
      });

      test("waits for a state by event; the time over is an answer", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid, { paused: true });
        expect(await libvirt.waitForState(uuid, "stopped", { timeoutMs: 50 })).toBe(false);
        const begun = performance.now();
        const waiting = libvirt.waitForState(uuid, "stopped", { timeoutMs: 10_000 });
        await sleep(100);
        await libvirt.destroyDomain(uuid);
        expect(await waiting).toBe(true);
        expect(performance.now() - begun).toBeLessThan(1_900);
        expect(await libvirt.waitForState("c0ffee00-0000-4000-8000-000000000000", "stopped", { timeoutMs: 50 })).toBe(true);
      });

      test("a signal ends a call and a wait as cancelled", async () => {
        const { uuid } = await define();
        expect(await rejection(libvirt.findDomain({ uuid }, { signal: AbortSignal.abort() }))).toBeInstanceOf(CancelledError);
        const abort = new AbortController();
        const waiting = rejection(libvirt.waitForState(uuid, "running", { timeoutMs: 10_000, signal: abort.signal }));
        setTimeout(() => abort.abort(), 50);
        expect(await waiting).toBeInstanceOf(CancelledError);
      });
    });

    describe("a managed save", () => {
      test("resumes with its own XML, which can be edited", async () => {
        const { path } = await volume();
        const { uuid } = await define({ disks: diskXml({ path }) });
        await libvirt.startDomain(uuid);
        await libvirt.saveDomain(uuid);
        expect(await read(uuid)).toMatchObject({ state: "stopped", hasManagedSave: true });
        const saved = (await libvirt.savedXml(uuid)).replaceAll(/'/g, '"');
        await libvirt.redefineSaved(uuid, saved.replace('cache="writeback"', 'cache="none"'));
        expect(await libvirt.savedXml(uuid)).toMatch(/cache=["']none/);
        await libvirt.startDomain(uuid);
        const record = await read(uuid);
        expect(record).toMatchObject({ state: "running", hasManagedSave: false });
        expect(record.liveXml).toMatch(/cache=["']none/);
        expect(record.inactiveXml).toMatch(/cache=["']writeback/);
      });

      test("is kept when the resume fails, and resumes with the old XML", async () => {
        const { path } = await volume(host.cachedPool.name);
        const { uuid } = await define({ disks: diskXml({ path }) });
        await libvirt.startDomain(uuid);
        await libvirt.saveDomain(uuid);
        const saved = (await libvirt.savedXml(uuid)).replaceAll(/'/g, '"');
        await libvirt.redefineSaved(uuid, saved.replace('cache="writeback"', 'cache="none"'));
        expect(await codeOf(libvirt.startDomain(uuid))).toBe(hostErrorCodes.internalError);
        expect(await read(uuid)).toMatchObject({ state: "stopped", hasManagedSave: true });
        await libvirt.redefineSaved(uuid, saved);
        await libvirt.startDomain(uuid);
        expect((await read(uuid)).state).toBe("running");
      });

      test("is dropped, also twice; without one there is no saved XML", async () => {
        const { uuid } = await define();
        expect(await codeOf(libvirt.savedXml(uuid))).toBe(hostErrorCodes.operationInvalid);
        expect(await codeOf(libvirt.redefineSaved(uuid, (await read(uuid)).inactiveXml))).toBe(hostErrorCodes.operationInvalid);
        expect(await codeOf(libvirt.saveDomain(uuid))).toBe(hostErrorCodes.operationInvalid);
        await libvirt.startDomain(uuid);
        await libvirt.saveDomain(uuid);
        await libvirt.dropSaved(uuid);
        await libvirt.dropSaved(uuid);
        expect((await read(uuid)).hasManagedSave).toBe(false);
      });
    });

    describe("a running domain", () => {
      test("takes a description, memory and vCPUs within its maximum", async () => {
        const { uuid } = await define();
        expect(await codeOf(libvirt.setLiveDescription(uuid, "x"))).toBe(hostErrorCodes.operationInvalid);
        await libvirt.startDomain(uuid);
        await libvirt.setLiveDescription(uuid, "told live");
        await libvirt.setLiveVcpus(uuid, 2);
        const record = await read(uuid);
        expect(record.liveXml).toContain("<description>told live</description>");
        expect(record.inactiveXml).not.toContain("told live");
        expect(record.liveXml).toMatch(/<vcpu[^>]*>2</);
        await libvirt.setLiveDescription(uuid, "");
        expect((await read(uuid)).liveXml).not.toContain("<description>");
        expect(await codeOf(libvirt.setLiveMemory(uuid, 2 * memoryKiB))).toBe(hostErrorCodes.invalidArgument);
        expect(await codeOf(libvirt.setLiveVcpus(uuid, 3))).toBe(hostErrorCodes.invalidArgument);
        await libvirt.setLiveMemory(uuid, memoryKiB);
      });

      test("takes a disk and lets it go; refuses what its storage cannot do", async () => {
        const [good, cached] = [await volume(), await volume(host.cachedPool.name)];
        const { uuid } = await define();
        const disk = diskXml({ path: good.path, target: "vdb", cache: "none" });
        expect(await codeOf(libvirt.attachLiveDevice(uuid, disk))).toBe(hostErrorCodes.operationInvalid);
        await libvirt.startDomain(uuid);
        await libvirt.attachLiveDevice(uuid, disk);
        expect((await read(uuid)).liveXml).toContain(good.path);
        expect(await codeOf(libvirt.attachLiveDevice(uuid, disk))).toBe(hostErrorCodes.xmlError);
        const refused = (await rejection(
          libvirt.attachLiveDevice(uuid, diskXml({ path: cached.path, target: "vdc", cache: "none" })),
        )) as Error & { code: number };
        expect(refused.code).toBe(hostErrorCodes.internalError);
        expect(refused.message).toMatch(/blockdev-add.*does not support O_DIRECT/);
        await libvirt.attachLiveDevice(uuid, diskXml({ path: cached.path, target: "vdc" }));
        expect(await codeOf(libvirt.detachLiveDevice(uuid, diskXml({ path: good.path, target: "vdz" })))).toBe(
          hostErrorCodes.deviceMissing,
        );
      });

      test("takes a network card, changes its cable, and lets it go; refuses what it changes on no running card", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid);
        await libvirt.attachLiveDevice(uuid, cardXml({}));
        const live = (await read(uuid)).liveXml ?? "";
        expect(live).toMatch(/<alias name=["']ua-lan["']/);
        await libvirt.updateLiveDevice(uuid, cardXml({ inner: "<link state='down'/>" }));
        expect((await read(uuid)).liveXml).toMatch(/<link state=["']down["']/);
        expect(await codeOf(libvirt.updateLiveDevice(uuid, cardXml({ model: "e1000" })))).toBe(hostErrorCodes.operationUnsupported);
        expect(await codeOf(libvirt.updateLiveDevice(uuid, cardXml({ mac: "52:54:00:00:00:99" })))).toBe(hostErrorCodes.deviceMissing);
        // A guest that has just begun to boot does not hear the first question.
        await until(async () => (await libvirt.unplugLiveDevice(uuid, "ua-lan", { timeoutMs: 2_000 })) === "removed");
        expect((await read(uuid)).liveXml).not.toContain("ua-lan");
      });

      test("tells no addresses where no source has any, and cannot tell of a stopped domain or without an agent", async () => {
        const { uuid } = await define({ disks: cardXml({}) });
        for (const source of ["lease", "agent", "arp"] as const)
          expect(await libvirt.domainInterfaceAddresses(uuid, source)).toBeUndefined();
        await libvirt.startDomain(uuid, { paused: true });
        expect(await libvirt.domainInterfaceAddresses(uuid, "lease")).toEqual([]);
        expect(await libvirt.domainInterfaceAddresses(uuid, "arp")).toEqual([]);
        expect(await libvirt.domainInterfaceAddresses(uuid, "agent")).toBeUndefined();
      });

      test("waits for news of a guest no longer than it is told to, and no longer than its signal", async () => {
        const { uuid } = await define();
        await libvirt.waitForGuestNews(uuid, { timeoutMs: 10 });
        const controller = new AbortController();
        const waiting = libvirt.waitForGuestNews(uuid, { timeoutMs: 60_000, signal: controller.signal });
        setTimeout(() => controller.abort(), 20);
        await expect(waiting).rejects.toBeInstanceOf(CancelledError);
      });

      test("hears of a guest that stops", async () => {
        const { uuid } = await define();
        await libvirt.startDomain(uuid, { paused: true });
        const waiting = libvirt.waitForGuestNews(uuid, { timeoutMs: 60_000 });
        // Subscribed by then: the question goes out before the answer to this one comes.
        await read(uuid);
        await libvirt.destroyDomain(uuid);
        await waiting;
      });

      test("sees a disk grow", async () => {
        const { path } = await volume();
        const { uuid } = await define({ disks: diskXml({ path }) });
        await libvirt.startDomain(uuid, { paused: true });
        await libvirt.resizeLiveDisk(uuid, "vda", 2 * bytesPerMiB);
        await libvirt.refreshPool(host.directPool.name);
        expect((await libvirt.findVolume({ path }))?.capacityBytes).toBe(2 * bytesPerMiB);
        expect(await codeOf(libvirt.resizeLiveDisk(uuid, "vdz", 2 * bytesPerMiB))).toBe(hostErrorCodes.invalidArgument);
      });
    });

    describe("a probe domain", () => {
      test("is paused, transient and gone with its connection", async () => {
        const other = host.openAnother();
        const probe = await other.createProbeDomain(domainXml(freshName()));
        expect(await read(probe.uuid)).toMatchObject({ name: probe.name, state: "paused", persistent: false });
        await other.close();
        expect(await libvirt.waitForState(probe.uuid, "stopped", { timeoutMs: 10_000 })).toBe(true);
        expect(await libvirt.findDomain({ uuid: probe.uuid })).toBeUndefined();
      });
    });

    describe("pools and volumes", () => {
      test("are found by name, or are not there", async () => {
        const pool = await libvirt.findPool(host.directPool.name);
        expect(pool).toMatchObject({ name: host.directPool.name, active: true });
        expect(pool?.xml).toContain(`<path>${host.directPool.path}</path>`);
        expect(pool?.capacityBytes).toBeGreaterThan(0);
        expect((await libvirt.listPools()).map(({ name }) => name)).toEqual(
          expect.arrayContaining([host.directPool.name, host.cachedPool.name]),
        );
        expect(await libvirt.findPool("no-such-pool")).toBeUndefined();
        expect(await libvirt.findVolume({ pool: "no-such-pool", name: "x" })).toBeUndefined();
        expect(await libvirt.findVolume({ pool: host.directPool.name, name: "no-such-volume" })).toBeUndefined();
        expect(await libvirt.findVolume({ path: `${host.directPool.path}/no-such-volume` })).toBeUndefined();
        expect(await codeOf(libvirt.createVolume("no-such-pool", volumeXml("x")))).toBe(hostErrorCodes.noPool);
        expect(await codeOf(libvirt.refreshPool("no-such-pool"))).toBe(hostErrorCodes.noPool);
      });

      test("a volume is made once, found by path and by name, grows, does not shrink, and is deleted twice", async () => {
        const made = await volume(host.directPool.name, { format: "qcow2" });
        const byName = { pool: made.pool, name: made.name };
        expect(made).toMatchObject({
          pool: host.directPool.name,
          path: `${host.directPool.path}/${made.name}`,
          capacityBytes: bytesPerMiB,
        });
        expect(made.xml).toMatch(/<format type=["']qcow2["']/);
        expect(await libvirt.findVolume(byName)).toEqual(await libvirt.findVolume({ path: made.path }));
        expect(await libvirt.listVolumes(made.pool)).toContain(made.name);
        expect(await codeOf(libvirt.createVolume(made.pool, volumeXml(made.name)))).toBe(hostErrorCodes.volumeExists);
        await libvirt.growVolume(byName, 2 * bytesPerMiB);
        expect((await libvirt.findVolume(byName))?.capacityBytes).toBe(2 * bytesPerMiB);
        expect(await codeOf(libvirt.growVolume({ path: made.path }, bytesPerMiB))).toBe(hostErrorCodes.invalidArgument);
        await libvirt.deleteVolume(byName);
        await libvirt.deleteVolume(byName);
        await libvirt.deleteVolume({ path: made.path });
        expect(await libvirt.findVolume(byName)).toBeUndefined();
        expect(await codeOf(libvirt.growVolume(byName, bytesPerMiB))).toBe(hostErrorCodes.noVolume);
      });

      test("an overlay names its backing file; without that file it is not made", async () => {
        const base = await volume();
        const backing = (path: string) => `<backingStore><path>${path}</path><format type='raw'/></backingStore>`;
        const overlay = await volume(host.directPool.name, { format: "qcow2", backing: backing(base.path) });
        expect(overlay.xml).toMatch(/<backingStore>/);
        expect(overlay.xml).toContain(`<path>${base.path}</path>`);
        const name = `${freshName()}.img`;
        expect(
          await codeOf(libvirt.createVolume(host.directPool.name, volumeXml(name, { format: "qcow2", backing: backing("/no/such/base") }))),
        ).toBe(hostErrorCodes.systemError);
        expect(await libvirt.findVolume({ pool: host.directPool.name, name })).toBeUndefined();
      });

      test("a file made by hand is a volume after a refresh", async () => {
        const path = `${host.directPool.path}/${freshName()}.by-hand`;
        await host.putFile(path, bytesPerMiB);
        expect(await libvirt.findVolume({ path })).toBeUndefined();
        await libvirt.refreshPool(host.directPool.name);
        expect(await libvirt.findVolume({ path })).toMatchObject({ path, capacityBytes: bytesPerMiB });
      });

      test("an inactive pool is empty by path, and refuses by name", async () => {
        const made = await volume(host.cachedPool.name);
        await host.setPoolActive(host.cachedPool.name, false);
        expect(await libvirt.findPool(host.cachedPool.name)).toMatchObject({ active: false, capacityBytes: 0 });
        expect(await libvirt.findVolume({ path: made.path })).toBeUndefined();
        expect(await codeOf(libvirt.findVolume({ pool: made.pool, name: made.name }))).toBe(hostErrorCodes.operationInvalid);
        expect(await codeOf(libvirt.createVolume(made.pool, volumeXml("x")))).toBe(hostErrorCodes.operationInvalid);
        expect(await codeOf(libvirt.listVolumes(made.pool))).toBe(hostErrorCodes.operationInvalid);
        await host.setPoolActive(host.cachedPool.name, true);
        expect(await libvirt.findVolume({ path: made.path })).toMatchObject({ name: made.name });
      });
    });
  });
}
