import { isAtLeast } from "./version";

test.each([
  { version: "2.3.0", minimum: "2.3", is: true, because: "the first release counts" },
  { version: "2.3", minimum: "2.3.0", is: true, because: "a missing number is 0" },
  { version: "2.10", minimum: "2.9", is: true, because: "numbers, not text" },
  { version: "2.2.99", minimum: "2.3", is: false, because: "an earlier number decides" },
  { version: "zfs-2.2.3-1ubuntu", minimum: "2.3", is: false, because: "decoration around it" },
  { version: "6.18.0-rc1", minimum: "6.14", is: true, because: "kernel releases" },
  { version: undefined, minimum: "1", is: undefined, because: "not known" },
  { version: "unknown", minimum: "1", is: undefined, because: "no number in it" },
])("$version against $minimum: $because", ({ version, minimum, is }) => {
  expect(isAtLeast(version, minimum)).toBe(is);
});
