// Property paths: text to steps and back, and what lies within what.
import fc from "fast-check";
import { anyStep, formatPath, isWithin, parsePath, topLevelName } from "./paths";

test("every path survives being written and read", () => {
  const step = fc.oneof(fc.string(), fc.nat({ max: 99 }), fc.constantFrom("a.b", 'say "hi"', "back\\slash", "[0]", "*", "line\nbreak"));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    }),
  );
});

test.each([
  { text: "disks.root.cache", steps: ["disks", "root", "cache"] },
  { text: "list[0].name", steps: ["list", 0, "name"] },
  { text: '["a.b"].c', steps: ["a.b", "c"] },
  { text: 'map["a\\"b"]', steps: ["map", 'a"b'] },
  { text: "disks.*.cache", steps: ["disks", anyStep, "cache"] },
  { text: "list[*]", steps: ["list", anyStep] },
  { text: "not[a path", steps: ["not[a path"] },
])("$text", ({ text, steps }) => {
  expect(parsePath(text)).toEqual(steps);
});

test.each([
  { path: "a.b", pattern: "a", within: true },
  { path: "a", pattern: "a.b", within: false },
  { path: "ab", pattern: "a", within: false },
  { path: "a[1].c", pattern: "a[*]", within: true },
  { path: "a.x.c", pattern: "a.*.c", within: true },
  { path: "a.x.d", pattern: "a.*.c", within: false },
])("$path is within $pattern: $within", ({ path, pattern, within }) => {
  expect(isWithin(parsePath(path), parsePath(pattern))).toBe(within);
});

test.each([
  { path: "disks.root.cache", name: "disks" },
  { path: '["a.b"].c', name: "a.b" },
  { path: "list[0]", name: "list" },
])("$path belongs to $name", ({ path, name }) => {
  expect(topLevelName(path)).toBe(name);
});
