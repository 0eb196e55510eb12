import fc from "fast-check";
import { guestWriteCacheTurnsOn, planApply, type PendingChange } from "./plan-apply";
import { applyChangesChoices } from "./policy";
import { cacheModes, type CacheMode } from "./settings";

const cache = (from: string | undefined, to: string | undefined): PendingChange => ({
  path: "disks.root.cache",
  effect: "suspend",
  from,
  to,
});
const machine: PendingChange = { path: "machine", effect: "restart" };
const io: PendingChange = { path: "disks.root.io", effect: "suspend" };

describe("the write cache that the guest sees", () => {
  const seen = { none: true, writeback: true, unsafe: true, writethrough: false, directsync: false } as const satisfies Record<
    CacheMode,
    boolean
  >;
  test.each(cacheModes.flatMap((from) => cacheModes.map((to) => ({ from, to }))))("$from to $to", ({ from, to }) => {
    expect(guestWriteCacheTurnsOn(from, to)).toBe(!seen[from] && seen[to]);
  });
});

test.each([
  { because: "nothing to do", changes: [], choice: "restart", running: true, gives: { how: "none", pending: [] } },
  {
    because: "a stopped machine takes all with its definition",
    changes: [machine, io],
    choice: "refuse",
    running: false,
    gives: { how: "none", pending: [] },
  },
  {
    because: "all wait for the next boot",
    changes: [machine, io],
    choice: "nextBoot",
    running: true,
    gives: { how: "nextBoot", pending: ["machine", "disks.root.io"] },
  },
  {
    because: "a restart takes all",
    changes: [machine, cache("writethrough", "writeback")],
    choice: "restart",
    running: true,
    gives: { how: "restart", pending: [] },
  },
  {
    because: "none and writeback look alike to the guest",
    changes: [cache("none", "writeback"), io],
    choice: "suspend",
    running: true,
    gives: { how: "suspend", pending: [] },
  },
  {
    because: "turning the guest's cache off costs flushes only",
    changes: [cache("writeback", "writethrough")],
    choice: "suspend",
    running: true,
    gives: { how: "suspend", pending: [] },
  },
  {
    because: "an absent mode is QEMU's writeback",
    changes: [cache(undefined, "none")],
    choice: "suspend",
    running: true,
    gives: { how: "suspend", pending: [] },
  },
] as const)("$because", ({ changes, choice, running, gives }) => {
  expect(planApply(changes, choice, running)).toEqual({ ...gives, problems: [] });
});

test.each([
  { because: "hardware needs a restart", changes: [io, machine], choice: "suspend", at: ["machine"], says: ["restart", "hardware"] },
  {
    because: "the guest would go on without flushes",
    changes: [cache("writethrough", "writeback")],
    choice: "suspend",
    at: ["disks.root.cache"],
    says: ["writethrough", "flush"],
  },
  {
    because: "none is a cache to the guest",
    changes: [cache("directsync", "none")],
    choice: "suspend",
    at: ["disks.root.cache"],
    says: ["directsync"],
  },
  {
    because: "so is the hypervisor's default",
    changes: [cache("writethrough", undefined)],
    choice: "suspend",
    at: ["disks.root.cache"],
    says: ["default"],
  },
  { because: "a mode that nobody knows", changes: [cache("turbo", "none")], choice: "suspend", at: ["disks.root.cache"], says: ["turbo"] },
  {
    because: "a problem for each change",
    changes: [io, machine],
    choice: "refuse",
    at: ["disks.root.io", "machine"],
    says: ["refuse", '"suspend"'],
  },
] as const)("refused: $because", ({ changes, choice, at, says }) => {
  const plan = planApply(changes, choice, true);
  expect(plan.how).toBe("none");
  expect(plan.problems.map(({ path }) => path)).toEqual(at);
  for (const part of [...says, '"restart"', '"nextBoot"']) expect(plan.problems[0]?.reason).toContain(part);
});

test("suspend is never a way out of a change that needs a restart", () => {
  expect(planApply([machine], "refuse", true).problems[0]?.reason).not.toContain('"suspend"');
});

test("no change is lost: a running machine applies all now, keeps all pending, or says what is wrong", () => {
  const mode = fc.option(fc.constantFrom<string>(...cacheModes, "default", "turbo"), { nil: undefined });
  const change = fc.record({
    path: fc.constantFrom("machine", "disks.root.cache", "disks.root.io", "disks.data.cache"),
    effect: fc.constantFrom<PendingChange["effect"]>("suspend", "restart"),
    from: mode,
    to: mode,
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1 }), fc.constantFrom(...applyChangesChoices), (changes, choice) => {
      const { how, pending, problems } = planApply(changes, choice, true);
      expect(how === "none").toBe(problems.length > 0);
      expect(how === "nextBoot").toBe(pending.length > 0);
      if (how !== "none") expect(how).toBe(choice);
      if (how === "suspend") expect(changes.every(({ effect }) => effect === "suspend")).toBe(true);
    }),
  );
});
