// The planner's rules as properties: what holds for every question that can be asked.
import fc from "fast-check";
import type { DiskQuestion } from "./disk";
import { storageKinds, type StorageFacts } from "./facts";
import { planDisk } from "./plan-disk";
import { whenDirectIoMissingChoices, type HostPolicy } from "./policy";
import { isExplicit, resolveRule } from "./resolve-rule";
import {
  cacheModeMeaning,
  cacheModes,
  cacheSettings,
  detectZeroesModes,
  discardModes,
  driverFields,
  ioModes,
  ioSettings,
  type DiskRule,
} from "./settings";
import { storageClass } from "./storage-class";

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const rule: fc.Arbitrary<DiskRule> = fc.record({
  cache: maybe(fc.constantFrom(...cacheSettings)),
  io: maybe(fc.constantFrom(...ioSettings)),
  discard: maybe(fc.constantFrom(...discardModes)),
  detectZeroes: maybe(fc.constantFrom(...detectZeroesModes)),
});
const passthroughKinds = storageKinds.filter((kind) => storageClass[kind] === "passthrough");
const storageFacts: fc.Arbitrary<StorageFacts> = fc.record({
  // Kinds without driver settings have a generator of their own: they are no part of a chain.
  kind: fc.constantFrom(...storageKinds.filter((kind) => !passthroughKinds.includes(kind))),
  path: fc.constantFrom("/a/web.qcow2", "/b/base.raw", "/dev/vg/web", "pool/image"),
  fileSystem: maybe(fc.constantFrom("ext4", "zfs 2.3.1", "fuse.x")),
  directIo: fc.constantFrom("yes", "no", "unknown"),
  source: fc.constantFrom("table", "local write", "probe domain", "not asked"),
  why: fc.constantFrom("", "an aligned O_DIRECT write worked"),
  shared: fc.boolean(),
  version: maybe(fc.constantFrom("0.7.1", "2.2.0", "2.3.1", "6.1.0", "6.18.0", "none")),
  zfsDirect: maybe(fc.constantFrom("disabled", "standard", "always")),
  nocow: maybe(fc.boolean()),
});
const chainOf = (facts: fc.Arbitrary<StorageFacts>): fc.Arbitrary<DiskQuestion["chain"]> =>
  fc.tuple(facts, fc.array(facts, { maxLength: 3 })).map(([own, rest]) => [own, ...rest]);
const poolName = fc.constantFrom("fast", "slow", "constructor", "__proto__");
const policy: fc.Arbitrary<HostPolicy> = fc
  .record({
    host: rule,
    pools: maybe(fc.dictionary(poolName, rule)),
    storageKinds: maybe(fc.dictionary(fc.constantFrom(...storageKinds), rule)),
    whenDirectIoMissing: maybe(fc.constantFrom(...whenDirectIoMissingChoices)),
  })
  .map(({ host, ...rest }) => ({ ...host, ...rest }));
const version = fc.constantFrom("3.1.0", "4.2.0", "5.0.0", "6.3.0", "9.0.0", "10.0.0", "");
const question: fc.Arbitrary<DiskQuestion> = fc.record({
  disk: fc.record({
    key: fc.constantFrom("root", "data"),
    device: fc.constantFrom("disk", "cdrom"),
    format: fc.constantFrom("raw", "qcow2"),
    readonly: fc.boolean(),
    shareable: fc.boolean(),
    pool: maybe(poolName),
    preallocated: maybe(fc.boolean()),
    discardNoUnref: maybe(fc.boolean()),
    own: rule,
    vm: rule,
  }),
  chain: chainOf(storageFacts),
  policy,
  hypervisor: fc.record({ libvirtVersion: version, qemuVersion: version }),
});

const passthrough: fc.Arbitrary<DiskQuestion> = fc
  .tuple(question, fc.constantFrom(...passthroughKinds))
  .map(([asked, kind]) => ({ ...asked, chain: [{ ...asked.chain[0], kind, directIo: "yes" }] }));
const anyQuestion = fc.oneof({ weight: 3, arbitrary: question }, { weight: 1, arbitrary: passthrough });

/** Checks a property of enough questions that rare corners (shareable on ramfs under `refuse`) are met many times. */
function always(holds: (question: DiskQuestion) => void, from = question): void {
  fc.assert(fc.property(from, holds), { numRuns: 1000 });
}

function problemFields(question: DiskQuestion): readonly string[] {
  const decision = planDisk(question);
  return "problems" in decision ? decision.problems.map(({ field }) => field) : [];
}

const asked = (question: DiskQuestion) => resolveRule(question, "cache", "auto");

test("the same question has the same answer, and no question is changed by asking", () => {
  always((question) => {
    const before = structuredClone(question);
    expect(planDisk(question)).toEqual(planDisk(structuredClone(question)));
    expect(question).toEqual(before);
  }, anyQuestion);
});

test("a plan is explicit in every field and its reason names the element of the chain that decided; a refusal has reasons", () => {
  always((question) => {
    const decision = planDisk(question);
    const paths = question.chain.map(({ path }) => path);
    if ("problems" in decision) {
      expect(decision.problems.length).toBeGreaterThan(0);
      for (const { reason } of decision.problems) expect(paths.some((path) => reason.includes(path))).toBe(true);
      return;
    }
    const { plan } = decision;
    expect(cacheModes).toContain(plan.cache);
    expect(ioModes).toContain(plan.io);
    expect(paths.some((path) => plan.reason.includes(path))).toBe(true);
    expect(plan.reason.startsWith(plan.cache)).toBe(true);
    expect(plan.migration.reason).not.toBe("");
    expect(plan.guestWriteCache).toBe(cacheModeMeaning[plan.cache].guestWriteCache);
    if (plan.detectZeroes === "unmap") expect(plan.discard).toBe("unmap");
  }, anyQuestion);
});

test("a disk without driver settings has the same plan whatever is asked, or is refused for what the disk itself asks", () => {
  always((question) => {
    const { own, shareable } = question.disk;
    const decision = planDisk(question);
    const asks = driverFields.filter((field) => own[field] !== undefined && own[field] !== "auto");
    const refusedAt = [...asks, ...(shareable ? ["shareable"] : [])];
    if ("problems" in decision) expect(decision.problems.map(({ field }) => field)).toEqual(refusedAt);
    else {
      expect(refusedAt).toEqual([]);
      expect(decision.plan).toMatchObject({ cache: "none", io: "native", discard: "ignore", detectZeroes: "off" });
    }
  }, passthrough);
});

test("freed clusters are kept only in qcow2 on a host that is new enough, or of which nobody knows", () => {
  always((question) => {
    const refused = problemFields(question).includes("discardNoUnref");
    const { qemuVersion, libvirtVersion } = question.hypervisor;
    const isOld = !["", "9.0.0", "10.0.0"].includes(qemuVersion) || !["", "10.0.0"].includes(libvirtVersion);
    expect(refused).toBe(question.disk.discardNoUnref === true && (question.disk.format === "raw" || isOld));
  });
});

test("unsafe only by name", () => {
  always((question) => {
    const decision = planDisk(question);
    if ("plan" in decision && decision.plan.cache === "unsafe") expect(asked(question).value).toBe("unsafe");
  });
});

test("an explicit mode is honoured or refused, never changed", () => {
  always((question) => {
    const { level, value } = asked(question);
    const decision = planDisk(question);
    if (isExplicit(level) && value !== "auto" && "plan" in decision) expect(decision.plan.cache).toBe(value);
  });
});

test("an explicit io is honoured, refused, or repaired to threads with a warning that says so", () => {
  always((question) => {
    const { level, value } = resolveRule(question, "io", "auto");
    const decision = planDisk(question);
    if (!isExplicit(level) || value === "auto" || "problems" in decision || decision.plan.io === value) return;
    expect(decision.plan.io).toBe("threads");
    expect(decision.plan.warnings.some((warning) => warning.includes(value))).toBe(true);
  });
});

test("native only with a direct mode", () => {
  always((question) => {
    const decision = planDisk(question);
    if ("plan" in decision && decision.plan.io === "native") expect(cacheModeMeaning[decision.plan.cache].direct).toBe(true);
  });
});

test("a direct mode only where no element of the chain lacks direct I/O", () => {
  always((question) => {
    const decision = planDisk(question);
    if ("problems" in decision || !cacheModeMeaning[decision.plan.cache].direct) return;
    expect(question.chain.map(({ directIo }) => directIo)).not.toContain("no");
  });
});

test("not verified: exactly the direct modes on a chain of which something is unknown", () => {
  always((question) => {
    const decision = planDisk(question);
    if ("problems" in decision) return;
    const open = cacheModeMeaning[decision.plan.cache].direct && question.chain.some(({ directIo }) => directIo === "unknown");
    expect(decision.plan.notVerified !== undefined).toBe(open);
  });
});

test("auto refuses only for a shareable disk, or where the policy says refuse", () => {
  always((question) => {
    const decision = planDisk(question);
    if (asked(question).value !== "auto" || "plan" in decision) return;
    const refusedCache = decision.problems.some(({ field }) => field === "cache");
    if (refusedCache) expect(question.policy.whenDirectIoMissing).toBe("refuse");
    if (decision.problems.some(({ field }) => field === "shareable")) expect(question.disk.shareable).toBe(true);
  });
});

test("auto never takes a direct mode on a guess, but for a shareable disk", () => {
  always((question) => {
    const decision = planDisk(question);
    if (asked(question).value !== "auto" || question.disk.shareable || "problems" in decision) return;
    if (cacheModeMeaning[decision.plan.cache].direct) expect(question.chain.every(({ directIo }) => directIo === "yes")).toBe(true);
  });
});

test("a shareable disk is raw and without a cache", () => {
  always((question) => {
    const decision = planDisk(question);
    if (!question.disk.shareable || "problems" in decision) return;
    expect(question.disk.format).toBe("raw");
    expect(cacheModeMeaning[decision.plan.cache].direct).toBe(true);
  });
});

test("a chain that gets an element without direct I/O never gets a direct mode", () => {
  fc.assert(
    fc.property(question, storageFacts, (question, more) => {
      const decision = planDisk({ ...question, chain: [...question.chain, { ...more, directIo: "no" }] });
      if ("plan" in decision) expect(cacheModeMeaning[decision.plan.cache].direct).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test("what a lower level says does not matter where a higher one speaks", () => {
  fc.assert(
    fc.property(question, fc.constantFrom(...cacheSettings), policy, (question, cache, other) => {
      const disk = { ...question.disk, own: { cache, io: "threads", discard: "unmap", detectZeroes: "off" } } as const;
      const missing = question.policy.whenDirectIoMissing;
      const one = planDisk({ ...question, disk });
      const two = planDisk({ ...question, disk, policy: { ...other, whenDirectIoMissing: missing } });
      expect(two).toEqual(one);
    }),
    { numRuns: 1000 },
  );
});
