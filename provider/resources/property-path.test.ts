// Property paths as Pulumi writes them.
import { propertyPath } from "./property-path";

test.each([
  { because: "nothing is the resource itself", keys: [], path: "" },
  { because: "keys are joined by dots", keys: ["disks", "root", "cache"], path: "disks.root.cache" },
  { because: "dashes need no quotes", keys: ["disks", "my-disk"], path: "disks.my-disk" },
  { because: "a dot in a key would look like two", keys: ["disks", "a.b", "cache"], path: 'disks["a.b"].cache' },
  { because: "a quote in a key is escaped", keys: ["disks", 'a"b'], path: 'disks["a\\"b"]' },
  { because: "a key that begins with a digit would look like an index", keys: ["pools", "1st"], path: 'pools["1st"]' },
  { because: "an empty key", keys: ["pools", ""], path: 'pools[""]' },
  { because: "places of a list", keys: ["list", 0, "x"], path: "list[0].x" },
] as const)("$because", ({ keys, path }) => {
  expect(propertyPath(keys)).toBe(path);
});
