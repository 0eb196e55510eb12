import { runTool } from "./run-tool";

test.each([
  { program: "printf", args: ["%s\\n", "a b"], says: "a b", because: "what it prints, without the line end" },
  { program: "printf", args: ["$(id);x"], says: "$(id);x", because: "no shell reads its words" },
  { program: "false", args: [], says: undefined, because: "it failed" },
  { program: "no-such-program-anywhere", args: [], says: undefined, because: "it is not there" },
])("$program: $because", async ({ program, args, says }) => {
  expect(await runTool(program, args)).toBe(says);
});

test("one that does not end is ended", async () => {
  const startedAt = performance.now();
  expect(await runTool("sleep", ["20"])).toBeUndefined();
  expect(performance.now() - startedAt).toBeLessThan(4_000);
});
