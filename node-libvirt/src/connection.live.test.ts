/** The whole table's everyday use against real daemons: the test driver, QEMU without root, and the host of LIBVIRT_DEFAULT_URI. */
import { connect } from "./connection";
import type { Connection } from "./connection";
import {
  domainCreateFlags,
  domainEventDetails,
  domainEvents,
  domainSaveFlags,
  domainStates,
  domainUndefineFlags,
  domainXmlFlags,
} from "./constants";
import { domainAffectFlags, domainBlockResizeFlags, domainMetadataTypes, storagePoolStates, storageVolResizeFlags } from "./constants";
import { errorCodes } from "./error-codes";
import { LibvirtArgumentError, LibvirtError } from "./errors";
import type { LifecycleEvent } from "./domain-events";
import { describeWithLibvirtd, PrivateDaemon, saySkipped } from "./testing/private-daemon";
import { failure, until } from "./testing/wait";
import type { Domain } from "./wire-types";

/** A fresh QEMU driver asks each emulator binary what it can do. */
const slowMs = 60_000;
/** All that these tests make has a name that begins so, unlike that of any other run. */
const prefix = `node-libvirt-test-${process.pid}`;
const MiB = 1024n * 1024n;

let privateDaemon: PrivateDaemon | undefined;
let conn: Connection;

function domainXml(name: string, disks = ""): string {
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features>
    <devices><controller type='usb' model='none'/><memballoon model='none'/>${disks}</devices></domain>`;
}

function diskXml(file: string, target: string, alias: string): string {
  return `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${file}'/>
    <target dev='${target}' bus='virtio'/><alias name='${alias}'/></disk>`;
}

const allUndefineFlags =
  domainUndefineFlags.MANAGED_SAVE | domainUndefineFlags.SNAPSHOTS_METADATA | domainUndefineFlags.CHECKPOINTS_METADATA;

async function removeDomain(dom: Domain): Promise<void> {
  const { active } = await conn.call("domainIsActive", { dom });
  if (active) await conn.call("domainDestroyFlags", { dom, flags: 0 });
  await conn.call("domainUndefineFlags", { dom, flags: allUndefineFlags });
}

/** True for every driver and host. */
function commonTests(): void {
  test("says who and where it is", async () => {
    expect((await conn.call("connectGetUri")).uri).toMatch(/^(qemu|test):\/\/\//);
    expect((await conn.call("connectGetHostname")).hostname).not.toBe("");
    expect((await conn.call("connectGetLibVersion")).libVer).toBeGreaterThan(1_000_000n);
    expect((await conn.call("connectGetVersion")).hvVer).toBeGreaterThan(0n);
    expect((await conn.call("connectGetType")).type).toMatch(/QEMU|TEST/i);
    expect((await conn.call("connectGetCapabilities")).capabilities).toMatch(/^<capabilities>/);
    const node = await conn.call("nodeGetInfo");
    expect(node.model).not.toBe("");
    expect(node.memory).toBeGreaterThan(0n);
    expect(node.cpus).toBeGreaterThan(0);
  });

  test.each([
    { of: "a domain by name", code: errorCodes.NO_DOMAIN, call: () => conn.call("domainLookupByName", { name: `${prefix}-none` }) },
    {
      of: "a domain by UUID",
      code: errorCodes.NO_DOMAIN,
      call: () => conn.call("domainLookupByUuid", { uuid: "00000000-0000-0000-0000-00000000dead" }),
    },
    { of: "a domain by id", code: errorCodes.NO_DOMAIN, call: () => conn.call("domainLookupById", { id: 99_999 }) },
    { of: "a pool", code: errorCodes.NO_STORAGE_POOL, call: () => conn.call("storagePoolLookupByName", { name: `${prefix}-none` }) },
    { of: "a volume", code: errorCodes.NO_STORAGE_VOL, call: () => conn.call("storageVolLookupByPath", { path: "/nowhere/at/all" }) },
  ])("looking up $of that is not there gives code $code", async ({ code, call }) => {
    const error = await failure(call());
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({ code, level: 2 });
  });

  test("a text of 4.1 MiB is refused here, and the connection is as good as before", async () => {
    const error = await failure(conn.call("domainDefineXmlFlags", { xml: "x".repeat(4.1 * 1024 * 1024), flags: 0 }));
    expect(error).toBeInstanceOf(LibvirtArgumentError);
    await conn.call("connectGetLibVersion");
  });

  test("a text of exactly 4 MiB reaches the daemon", async () => {
    // Many lines, for libvirt's error quotes the line at fault, and with one of 4 MiB its error would be longer than it can send.
    const xml = "no xml\n".repeat(4 * 1024 * 1024).slice(0, 4 * 1024 * 1024);
    const error = await failure(conn.call("domainDefineXmlFlags", { xml, flags: 0 }));
    expect(error).toMatchObject({ name: "LibvirtError", code: errorCodes.XML_DETAIL });
  });

  test("a read-only connection is refused every change", async () => {
    const reader = await connect({ uri: conn.uri, readonly: true });
    const error = await failure(reader.call("domainDefineXmlFlags", { xml: "<domain/>", flags: 0 }));
    expect(error).toMatchObject({ name: "LibvirtError", code: errorCodes.OPERATION_DENIED });
    await reader.close();
  });
}

/** For drivers whose error text holds the name. */
function concurrentFailureTests(): void {
  test("each of 200 concurrent failing calls gets its own error", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `${prefix}-missing-${index}`);
    const errors = await Promise.all(names.map((name) => failure(conn.call("domainLookupByName", { name }))));
    errors.forEach((error, index) => {
      expect(error).toMatchObject({ name: "LibvirtError", code: errorCodes.NO_DOMAIN });
      expect((error as Error).message).toContain(`'${names[index]!}'`);
    });
  });
}

/** For drivers that run QEMU. `imageFolder` is one that the daemon may write to. */
function qemuTests(imageFolder: () => string): void {
  test(
    "a domain is defined, started paused, looked at from all sides, saved, edited, resumed and removed",
    async () => {
      const events: LifecycleEvent[] = [];
      const stop = conn.on("lifecycle", (event) => events.push(event));
      const name = `${prefix}-life`;
      const { dom } = await conn.call("domainDefineXmlFlags", { xml: domainXml(name), flags: 0 });
      try {
        expect(dom).toMatchObject({ name, id: -1 });
        expect((await conn.call("domainLookupByUuid", { uuid: dom.uuid })).dom).toEqual(dom);
        const { domains } = await conn.call("connectListAllDomains", { needResults: true, flags: 0 });
        expect(domains).toContainEqual(dom);

        await conn.call("domainSetAutostart", { dom, autostart: true });
        expect(await conn.call("domainGetAutostart", { dom })).toEqual({ autostart: true });
        await conn.call("domainSetAutostart", { dom, autostart: false });
        expect(await conn.call("domainIsPersistent", { dom })).toEqual({ persistent: true });
        const description = { type: domainMetadataTypes.DESCRIPTION, flags: domainAffectFlags.CONFIG };
        await conn.call("domainSetMetadata", { dom, ...description, metadata: "grüß Gott & <co>" });
        expect(await conn.call("domainGetMetadata", { dom, ...description })).toEqual({ metadata: "grüß Gott & <co>" });

        const started = await conn.call("domainCreateWithFlags", { dom, flags: domainCreateFlags.START_PAUSED });
        expect(started.dom.id).toBeGreaterThan(0);
        expect(await conn.call("domainGetState", { dom, flags: 0 })).toMatchObject({ state: domainStates.PAUSED });
        await conn.call("domainResume", { dom });
        expect(await conn.call("domainGetInfo", { dom })).toMatchObject({ state: domainStates.RUNNING, maxMem: 32n * 1024n, nrVirtCpu: 1 });
        expect(await conn.call("domainGetVcpusFlags", { dom, flags: 0 })).toEqual({ num: 1 });
        const { retStats } = await conn.call("connectGetAllDomainStats", { doms: [dom], stats: 0, flags: 0 });
        expect(retStats[0]?.params).toContainEqual({ field: "state.state", type: "int", value: domainStates.RUNNING });

        await conn.call("domainManagedSave", { dom, flags: domainSaveFlags.PAUSED });
        expect(await conn.call("domainHasManagedSaveImage", { dom, flags: 0 })).toEqual({ result: true });
        const saved = await conn.call("domainManagedSaveGetXmlDesc", { dom, flags: 0 });
        expect(saved.xml).toContain(name);
        await conn.call("domainManagedSaveDefineXml", { dom, dxml: saved.xml, flags: domainSaveFlags.PAUSED });
        await conn.call("domainCreateWithFlags", { dom, flags: 0 });
        expect(await conn.call("domainGetState", { dom, flags: 0 })).toMatchObject({ state: domainStates.PAUSED });
        await conn.call("domainDestroyFlags", { dom, flags: 0 });
        expect(await conn.call("domainListAllSnapshots", { dom, needResults: true, flags: 0 })).toEqual({ snapshots: [], ret: 0 });
        expect(await conn.call("domainListAllCheckpoints", { dom, needResults: true, flags: 0 })).toEqual({ checkpoints: [], ret: 0 });
      } finally {
        await removeDomain(dom);
        await until(() => events.some(({ event }) => event === domainEvents.UNDEFINED));
        stop();
      }
      const seen = events.filter((event) => event.dom.uuid === dom.uuid);
      expect(seen[0]).toMatchObject({ event: domainEvents.DEFINED, detail: domainEventDetails.DEFINED.ADDED });
      expect(seen.map(({ event }) => event)).toEqual(
        expect.arrayContaining([domainEvents.STARTED, domainEvents.RESUMED, domainEvents.STOPPED]),
      );
      expect(seen).toContainEqual(expect.objectContaining({ event: domainEvents.STOPPED, detail: domainEventDetails.STOPPED.SAVED }));
      expect(await failure(conn.call("domainGetState", { dom, flags: 0 }))).toMatchObject({ code: errorCodes.NO_DOMAIN });
    },
    slowMs,
  );

  test(
    "a pool and its volumes are made, used as disks, resized and removed",
    async () => {
      const name = `${prefix}-pool`;
      const target = `${imageFolder()}/${name}`;
      const { pool } = await conn.call("storagePoolDefineXml", {
        xml: `<pool type='dir'><name>${name}</name><target><path>${target}</path></target></pool>`,
        flags: 0,
      });
      try {
        await conn.call("storagePoolBuild", { pool, flags: 0 });
        await conn.call("storagePoolCreate", { pool, flags: 0 });
        expect(await conn.call("storagePoolIsActive", { pool })).toEqual({ active: true });
        expect((await conn.call("storagePoolGetInfo", { pool })).state).toBe(storagePoolStates.RUNNING);
        const { pools } = await conn.call("connectListAllStoragePools", { needResults: true, flags: 0 });
        expect(pools).toContainEqual(pool);
        expect((await conn.call("storagePoolLookupByTargetPath", { path: target })).pool).toEqual(pool);
        await conn.call("storagePoolSetAutostart", { pool, autostart: true });
        expect(await conn.call("storagePoolGetAutostart", { pool })).toEqual({ autostart: true });

        const volXml = (vol: string) => `<volume><name>${vol}</name><capacity unit='MiB'>2</capacity></volume>`;
        const { vol } = await conn.call("storageVolCreateXml", { pool, xml: volXml("a.raw"), flags: 0 });
        expect(vol).toEqual({ pool: name, name: "a.raw", key: `${target}/a.raw` });
        const { vol: copy } = await conn.call("storageVolCreateXmlFrom", { pool, xml: volXml("b.raw"), clonevol: vol, flags: 0 });
        expect(await conn.call("storageVolGetPath", { vol: copy })).toEqual({ name: `${target}/b.raw` });
        const again = await failure(conn.call("storageVolCreateXml", { pool, xml: volXml("a.raw"), flags: 0 }));
        expect(again).toMatchObject({ code: errorCodes.STORAGE_VOL_EXIST });
        const { vols } = await conn.call("storagePoolListAllVolumes", { pool, needResults: true, flags: 0 });
        expect(vols.map((one) => one.name).sort()).toEqual(["a.raw", "b.raw"]);
        await conn.call("storageVolResize", { vol, capacity: 3n * MiB, flags: 0 });
        await conn.call("storageVolResize", { vol, capacity: 1n * MiB, flags: storageVolResizeFlags.DELTA });
        expect((await conn.call("storageVolGetInfo", { vol })).capacity).toBe(4n * MiB);
        expect((await conn.call("storagePoolLookupByVolume", { vol })).pool).toEqual(pool);

        await useAsDisks(`${target}/a.raw`, `${target}/b.raw`);

        await conn.call("storageVolDelete", { vol: copy, flags: 0 });
        await conn.call("storagePoolRefresh", { pool, flags: 0 });
        expect(await failure(conn.call("storageVolLookupByName", { pool, name: "b.raw" }))).toMatchObject({
          code: errorCodes.NO_STORAGE_VOL,
        });
        await conn.call("storageVolDelete", { vol, flags: 0 });
      } finally {
        if ((await conn.call("storagePoolIsActive", { pool })).active) await conn.call("storagePoolDestroy", { pool });
        await conn.call("storagePoolDelete", { pool, flags: 0 }).catch(() => undefined);
        await conn.call("storagePoolUndefine", { pool });
      }
      expect(await failure(conn.call("storagePoolLookupByName", { name }))).toMatchObject({ code: errorCodes.NO_STORAGE_POOL });
    },
    slowMs,
  );

  async function useAsDisks(first: string, second: string): Promise<void> {
    const xml = domainXml(`${prefix}-disks`, diskXml(first, "vda", "ua-first"));
    const { dom } = await conn.call("domainDefineXmlFlags", { xml, flags: 0 });
    try {
      await conn.call("domainCreateWithFlags", { dom, flags: domainCreateFlags.START_PAUSED });
      const flags = domainAffectFlags.LIVE | domainAffectFlags.CONFIG;
      await conn.call("domainAttachDeviceFlags", { dom, xml: diskXml(second, "vdb", "ua-second"), flags });
      await conn.call("domainBlockResize", { dom, disk: "vdb", size: 8n * MiB, flags: domainBlockResizeFlags.BYTES });
      expect((await conn.call("domainGetBlockInfo", { dom, path: "vdb", flags: 0 })).capacity).toBe(8n * MiB);
      const { nparams } = await conn.call("domainBlockStatsFlags", { dom, path: "vda", nparams: 0, flags: 0 });
      const { params } = await conn.call("domainBlockStatsFlags", { dom, path: "vda", nparams, flags: 0 });
      expect(params).toContainEqual(expect.objectContaining({ field: "rd_bytes", type: "llong" }));
      await conn.call("domainDetachDeviceAlias", { dom, alias: "ua-second", flags: domainAffectFlags.CONFIG });
      const inactive = await conn.call("domainGetXmlDesc", { dom, flags: domainXmlFlags.INACTIVE });
      expect(inactive.xml).not.toContain("ua-second");
      expect((await conn.call("domainGetXmlDesc", { dom, flags: 0 })).xml).toContain("ua-second");
      const start = conn.call("domainCreateWithFlags", { dom, flags: 0 });
      expect(await failure(start)).toMatchObject({ code: errorCodes.OPERATION_INVALID });
    } finally {
      await removeDomain(dom);
    }
  }
}

describeWithLibvirtd("a private daemon", () => {
  beforeAll(async () => {
    privateDaemon = await PrivateDaemon.start();
  }, slowMs);
  afterAll(() => privateDaemon?.stop());

  describe("test driver", () => {
    beforeAll(async () => {
      conn = await connect({ uri: privateDaemon!.uri("test:///default") });
    });
    afterAll(() => conn.close());
    commonTests();

    test("a suspend and a resume are seen as events, in order", async () => {
      const events: LifecycleEvent[] = [];
      const stop = conn.on("lifecycle", (event) => events.push(event));
      const { dom } = await conn.call("domainLookupByName", { name: "test" });
      await conn.call("domainSuspend", { dom });
      await conn.call("domainResume", { dom });
      await until(() => events.length >= 2); // events have a connection of their own and may come after the answer
      stop();
      expect(events.map(({ event }) => event)).toEqual([domainEvents.SUSPENDED, domainEvents.RESUMED]);
    });
  });

  describe("QEMU without root", () => {
    beforeAll(async () => {
      conn = await connect({ uri: privateDaemon!.uri("qemu:///session"), timeoutMs: slowMs });
    }, slowMs);
    afterAll(() => conn.close());
    commonTests();
    concurrentFailureTests();
    qemuTests(() => `${privateDaemon!.folder}/images`);
  });
});

const hostUri = process.env["LIBVIRT_DEFAULT_URI"] ?? "";
if (hostUri === "") saySkipped("the host of LIBVIRT_DEFAULT_URI", "the variable is not set");

const unset = hostUri === "" ? " [skipped: the variable is not set]" : "";
(hostUri === "" ? describe.skip : describe)(`the host of LIBVIRT_DEFAULT_URI${unset}`, () => {
  beforeAll(async () => {
    conn = await connect({ uri: hostUri, timeoutMs: slowMs });
  }, slowMs);
  afterAll(() => conn.close());
  commonTests();
  concurrentFailureTests();
  qemuTests(() => "/var/tmp");
});
