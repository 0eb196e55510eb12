import { canonicalCpuSet, cpuSetMembers } from "./cpu-set";

test.each([
  { text: "0", is: "0", because: "one" },
  { text: "0,1,2", is: "0-2", because: "neighbours are a range" },
  { text: "8, 0-3,^2", is: "0-1,3,8", because: "exclusions and order" },
  { text: "3,2", is: "2-3", because: "any order" },
])("$text is $is ($because)", ({ text, is }) => {
  expect(canonicalCpuSet(text)).toBe(is);
});

test.each(["", "a", "3-1", "^0", "0-99999", "1-", "^0-3", "0,,1"])("%j is no set", (text) => {
  expect(cpuSetMembers(text)).toBeUndefined();
  expect(canonicalCpuSet(text)).toBe(text);
});
