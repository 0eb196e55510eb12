// Many questions, few at a time.
import { setTimeout as sleep } from "node:timers/promises";
import { fewAtATime } from "./few-at-a-time";

test("answers come in order, and never more than three are asked at once", async () => {
  let [now, most] = [0, 0];
  const answers = await fewAtATime([5, 1, 4, 2, 3, 0], async (item) => {
    most = Math.max(most, ++now);
    await sleep(item);
    now--;
    return item * 2;
  });
  expect(answers).toEqual([10, 2, 8, 4, 6, 0]);
  expect(most).toBe(3);
});

test("the first failure ends it, and the rest is not asked", async () => {
  const asked: number[] = [];
  const asking = fewAtATime([1, 2, 3, 4, 5, 6, 7], async (item) => {
    asked.push(item);
    await sleep(1);
    if (item === 2) throw new Error("no");
  });
  await expect(asking).rejects.toThrow("no");
  await sleep(10);
  expect(asked.length).toBeLessThan(7);
});

test("nothing to ask", async () => {
  expect(await fewAtATime([], () => Promise.resolve(1))).toEqual([]);
});
