// The pool verbs of the fake.
import { create } from "xmlbuilder2";
import type { Libvirt, PoolRecord } from "../libvirt/port";
import { activePoolOf } from "./fake-state";
import type { FakePool, FakeState } from "./fake-state";
import { rescan } from "./fake-storage";

type PoolVerbs = Pick<
  Libvirt,
  | "listPools"
  | "findPool"
  | "findPoolByUuid"
  | "refreshPool"
  | "definePool"
  | "buildPool"
  | "startPool"
  | "stopPool"
  | "deletePoolStorage"
  | "undefinePool"
  | "setPoolAutostart"
>;

const capacity = (bytes: number) => ({ "@unit": "bytes", "#": String(bytes) });

function poolRecord({ name, uuid, type, path, active, capacityBytes }: FakePool): PoolRecord {
  const size = active ? capacityBytes : 0;
  const xml = create({
    pool: {
      "@type": type,
      name,
      uuid,
      capacity: capacity(size),
      allocation: capacity(0),
      available: capacity(size),
      source: {},
      target: { path },
    },
  }).end({ headless: true, prettyPrint: true });
  return { name, uuid, active, persistent: true, autostart: false, xml, capacityBytes: size, availableBytes: size };
}

const notYet = async (): Promise<never> => {
  throw new Error("the fake does not do that yet");
};

export function fakePoolVerbs(state: FakeState): PoolVerbs {
  return {
    listPools: async () => [...state.pools.values()].map(poolRecord),
    findPool: async (name) => {
      const pool = state.pools.get(name);
      return pool && poolRecord(pool);
    },
    refreshPool: async (name) => rescan(state, activePoolOf(state, name)),
    findPoolByUuid: notYet,
    definePool: notYet,
    buildPool: notYet,
    startPool: notYet,
    stopPool: notYet,
    deletePoolStorage: notYet,
    undefinePool: notYet,
    setPoolAutostart: notYet,
  };
}
