// A fake host with a fast pool (ext4) and a pool without direct I/O (ramfs), and an engine that drives one VirtualMachine on it: the stage of lifecycle scripts.
import type { Values } from "../resources/resource";
import { virtualMachine } from "../resources/virtual-machine/virtual-machine";
import { parseDomain } from "../xml/parse-domain";
import { createFakeHostObserver, poolFacts, ramfsPoolFacts, type FakeHostObserver, type FakeObserverOptions } from "./fake-host-observer";
import { createFakeLibvirt, type FakeLibvirt, type FakeOptions } from "./fake-libvirt";
import { createResourceDriver, type DriverOptions, type ResourceDriver } from "./resource-driver";

export interface Stage {
  readonly fake: FakeLibvirt;
  readonly host: FakeHostObserver;
  readonly web: ResourceDriver;
  /** The domain of a name as libvirt holds it, its definitions parsed. */
  domain(name?: string): Promise<StageDomain>;
  /** Edits the inactive definition as `virsh edit` does. */
  edit(change: (xml: string) => string, name?: string): Promise<void>;
  /** The machine stops by itself and is started by hand: a cold start. */
  coldStart(name?: string): Promise<void>;
  newDriver(options?: Partial<DriverOptions>): ResourceDriver;
}

export interface StageDomain {
  readonly uuid: string;
  readonly id: number | undefined;
  readonly state: string;
  readonly autostart: boolean;
  readonly saved: boolean;
  readonly inactiveXml: string;
  readonly defined: ReturnType<typeof parseDomain>;
  readonly running: ReturnType<typeof parseDomain> | undefined;
}

export interface StageOptions {
  readonly libvirt?: FakeOptions;
  readonly observer?: FakeObserverOptions;
  readonly driver?: Partial<DriverOptions>;
}

export function createStage(options: StageOptions = {}): Stage {
  const fake = createFakeLibvirt(options.libvirt);
  const host = createFakeHostObserver(options.observer);
  fake.addPool({ name: "fast", path: "/pools/fast" });
  fake.addPool({ name: "ram", path: "/pools/ram", directIo: false });
  host.setPool("fast", poolFacts("/pools/fast"));
  host.setPool("ram", ramfsPoolFacts("/pools/ram"));
  const newDriver = (more: Partial<DriverOptions> = {}) =>
    createResourceDriver({ definition: virtualMachine, libvirt: fake, host, ...options.driver, ...more });
  const domain = async (name = "web"): Promise<StageDomain> => {
    const record = await fake.findDomain({ name });
    if (record === undefined) throw new Error(`the host has no domain ${name}`);
    const { uuid, id, state, autostart, hasManagedSave, inactiveXml, liveXml } = record;
    const running = liveXml === undefined ? undefined : parseDomain(liveXml);
    return { uuid, id, state, autostart, saved: hasManagedSave, inactiveXml, defined: parseDomain(inactiveXml), running };
  };
  return {
    fake,
    host,
    web: newDriver(),
    domain,
    newDriver,
    edit: async (change, name) => {
      const before = (await domain(name)).inactiveXml;
      const after = change(before);
      if (after === before) throw new Error("the edit changed nothing");
      await fake.defineDomain(after);
      fake.clearLog();
    },
    coldStart: async (name = "web") => {
      fake.guestStops(name);
      await fake.startDomain((await domain(name)).uuid);
      fake.clearLog();
    },
  };
}

/** A program with one disk: on the pool without direct I/O unless told otherwise. */
export const program = (overrides: Values = {}): Values => ({
  name: "web",
  memory: "1GiB",
  disks: { root: { pool: "ram", size: "10GiB" } },
  ...overrides,
});

/** A program whose one disk asks for a cache mode, on the pool with direct I/O. */
export const withCache = (cache: string, overrides: Values = {}): Values =>
  program({ disks: { root: { pool: "fast", size: "10GiB", cache } }, ...overrides });
