// Shape problems of inputs: all at once, each with its property path and what is right; what is unknown is not judged.
import { contractProblems } from "./contract";
import { inputs as policy } from "./host-defaults/contract";
import type { Values } from "./resource";
import { unknown } from "./resource";
import { inputs as machine } from "./virtual-machine/contract";

const problems = (values: Values) => contractProblems(machine, values);
const valid: Values = { name: "web", memory: "1GiB", disks: { root: { pool: "fast", size: "1GiB" } } };

test("what is right has no problem", () => {
  expect(problems(valid)).toEqual([]);
});

test.each<{ because: string; values: Values; path: string; says: RegExp }>([
  { because: "a required input is absent", values: { name: "web" }, path: "memory", says: /^is required: give a string\.$/ },
  { because: "a number for a string", values: { ...valid, description: 5 }, path: "description", says: /^is 5, but must be a string\.$/ },
  { because: "a string for a number", values: { ...valid, cpus: "2" }, path: "cpus", says: /^is "2", but must be a (whole )?number\.$/ },
  { because: "half a CPU", values: { ...valid, cpus: 1.5 }, path: "cpus", says: /^is 1\.5, but must be a whole number\.$/ },
  { because: "no CPU", values: { ...valid, cpus: 0 }, path: "cpus", says: /^is 0, but must be at least 1\.$/ },
  {
    because: "too long a time",
    values: { ...valid, shutdownTimeoutSeconds: 100_000 },
    path: "shutdownTimeoutSeconds",
    says: /at most 86400/,
  },
  { because: "null", values: { ...valid, autostart: null }, path: "autostart", says: /^is null, but must be true or false\.$/ },
  { because: "a list for a map", values: { ...valid, disks: [] }, path: "disks", says: /^is \[\], but must be a map\.$/ },
  {
    because: "a word that is none",
    values: { ...valid, cache: "fast" },
    path: "cache",
    says: /^is "fast", but must be one of: auto, none, writeback/,
  },
  { because: "a size without a unit", values: { ...valid, memory: "512" }, path: "memory", says: /^"512" has no unit\. Write "512GiB"/ },
  { because: "a size that is none", values: { ...valid, maxMemory: "much" }, path: "maxMemory", says: /^"much" is no size\./ },
  {
    because: "a size in a disk",
    values: { ...valid, disks: { root: { pool: "fast", size: "10" } } },
    path: "disks.root.size",
    says: /has no unit/,
  },
  {
    because: "a relative path",
    values: { ...valid, disks: { root: { file: "a.qcow2" } } },
    path: "disks.root.file",
    says: /^is "a\.qcow2": must be an absolute path on the host\.$/,
  },
  { because: "a slash in the name", values: { ...valid, name: "a/b" }, path: "name", says: /slash/ },
  { because: "an empty name", values: { ...valid, name: "" }, path: "name", says: /may not be empty/ },
  {
    because: "too long a serial",
    values: { ...valid, disks: { root: { pool: "p", size: "1GiB", serial: "x".repeat(37) } } },
    path: "disks.root.serial",
    says: /at most 36/,
  },
  {
    because: "a disk's key with a dot",
    values: { ...valid, disks: { "a.b": { file: "/x" } } },
    path: 'disks["a.b"]',
    says: /a disk's key may hold letters, digits, _ and - only/,
  },
  {
    because: "a property that is none",
    values: { ...valid, memroy: "1GiB" },
    path: "memroy",
    says: /is not a property here; the properties are: .*memory/,
  },
  {
    because: "a disk's property that is none",
    values: { ...valid, disks: { root: { pool: "fast", size: "1GiB", cash: "none" } } },
    path: "disks.root.cash",
    says: /is not a property here; the properties are: .*cache/,
  },
  {
    because: "a property that is none in direct boot",
    values: { ...valid, directBoot: { kernel: "/k", ramdisk: "/r" } },
    path: "directBoot.ramdisk",
    says: /the properties are: kernel, initrd, cmdline/,
  },
])("$because", ({ values, path, says }) => {
  expect(problems(values)).toEqual([{ path, reason: expect.stringMatching(says) as string }]);
});

test("all problems come at once", () => {
  const values = { cpus: 0, power: "on", disks: { a: { cache: "fast", io: "slow" }, b: 5 }, foo: 1, bar: 2 };
  expect(
    problems(values)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["bar", "cpus", "disks.a.cache", "disks.a.io", "disks.b", "foo", "memory", "power"]);
});

test.each<{ because: string; values: Values }>([
  { because: "a required one", values: { memory: unknown } },
  { because: "a word", values: { ...valid, cache: unknown } },
  { because: "a map", values: { ...valid, disks: unknown } },
  { because: "an entry of a map", values: { ...valid, disks: { root: unknown } } },
  { because: "a field in an entry", values: { ...valid, disks: { root: { pool: unknown, size: unknown } } } },
  { because: "an object", values: { ...valid, host: unknown, directBoot: unknown } },
  { because: "within a list's place or deep in facts", values: { ...valid, host: { policy: {}, facts: unknown } } },
])("what is unknown is not judged: $because", ({ values }) => {
  expect(problems(values)).toEqual([]);
});

test("what is known beside it is", () => {
  expect(problems({ memory: unknown, cpus: 0 }).map(({ path }) => path)).toEqual(["cpus"]);
});

test.each<{ because: string; values: Values; path: string; says: RegExp }>([
  {
    because: "a kind of storage that is none",
    values: { storageKinds: { ext5: { cache: "none" } } },
    path: "storageKinds.ext5",
    says: /ext4/,
  },
  { because: "a rule's mode that is none", values: { pools: { fast: { cache: "fast" } } }, path: "pools.fast.cache", says: /one of: auto/ },
  {
    because: "a rule's property that is none",
    values: { pools: { fast: { size: "1GiB" } } },
    path: "pools.fast.size",
    says: /cache, io, discard, detectZeroes/,
  },
])("a policy, too: $because", ({ values, path, says }) => {
  expect(contractProblems(policy, values)).toEqual([{ path, reason: expect.stringMatching(says) as string }]);
});
