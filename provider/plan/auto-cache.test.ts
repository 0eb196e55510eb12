// The storage table: every row leads to its source, and what it says of O_DIRECT without a probe.
import { autoCacheTable, directIoByTable, type AutoRows } from "./auto-cache";
import { storage } from "./question.fixture";

test("every row says where it comes from", () => {
  for (const rows of Object.values<AutoRows>(autoCacheTable)) {
    for (const { source } of [...(rows.cases ?? []), rows.otherwise]) expect(new URL(source).protocol).toBe("https:");
  }
});

test.each([
  { because: "O_DIRECT works on devices", facts: { kind: "block" }, says: "yes" },
  { because: "ramfs has none", facts: { kind: "ramfs" }, says: "no" },
  { because: "tmpfs before Linux 6.6", facts: { kind: "tmpfs", version: "6.5.13" }, says: "no" },
  { because: "tmpfs since Linux 6.6", facts: { kind: "tmpfs", version: "6.6.0" }, says: "yes" },
  { because: "tmpfs of an unknown kernel", facts: { kind: "tmpfs" }, says: "unknown" },
  { because: "FUSE is what its program makes of it", facts: { kind: "fuse" }, says: "unknown" },
  { because: "ZFS before 0.8", facts: { kind: "zfs", version: "0.7.9" }, says: "no" },
  { because: "ZFS of unknown version", facts: { kind: "zfs" }, says: "unknown" },
] as const)("$because: $says", ({ facts, says }) => {
  expect(directIoByTable(storage(facts))).toBe(says);
});
