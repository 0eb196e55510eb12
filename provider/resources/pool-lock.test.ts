// One thing at a time in each pool.
import { setTimeout as sleep } from "node:timers/promises";
import { poolLock } from "./pool-lock";

/** Work that says when it begins and ends. */
const worker = (seen: string[]) => (name: string, ms: number) => async () => {
  seen.push(`${name} begins`);
  await sleep(ms);
  seen.push(`${name} ends`);
  return name;
};

test("work on one pool runs in the order in which it came", async () => {
  const seen: string[] = [];
  const work = worker(seen);
  const results = await Promise.all([
    poolLock("test:///a", "p", work("first", 20)),
    poolLock("test:///a", "p", work("second", 1)),
    poolLock("test:///a", "p", work("third", 1)),
  ]);
  expect(results).toEqual(["first", "second", "third"]);
  expect(seen).toEqual(["first begins", "first ends", "second begins", "second ends", "third begins", "third ends"]);
});

test.each([
  { because: "another pool", uri: "test:///a", pool: "q" },
  { because: "the same pool's name on another host", uri: "test:///b", pool: "p" },
])("does not wait: $because", async ({ uri, pool }) => {
  const seen: string[] = [];
  const work = worker(seen);
  await Promise.all([poolLock("test:///a", "p", work("slow", 30)), poolLock(uri, pool, work("quick", 1))]);
  expect(seen).toEqual(["slow begins", "quick begins", "quick ends", "slow ends"]);
});

test("work that fails fails for its caller alone, and lets the next one in", async () => {
  const failing = poolLock("test:///a", "p", async () => {
    await sleep(5);
    throw new Error("disk full");
  });
  const next = poolLock("test:///a", "p", async () => "done");
  await expect(failing).rejects.toThrow("disk full");
  await expect(next).resolves.toBe("done");
});
