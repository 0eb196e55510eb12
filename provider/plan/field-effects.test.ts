import { diskFieldEffects, fieldEffect, fieldEffects } from "./field-effects";

test.each([
  { path: "autostart", effect: "live", because: "a mark beside the definition" },
  { path: "description", effect: "live", because: "libvirt can" },
  { path: "cpus", effect: "live", because: "within maxCpus" },
  { path: "maxCpus", effect: "restart", because: "slots are fixed" },
  { path: "memory", effect: "live", because: "within maxMemory" },
  { path: "maxMemory", effect: "restart", because: "laid out at start" },
  { path: "directBoot.cmdline", effect: "restart", because: "read at boot" },
  { path: "name", effect: "replace", because: "identity" },
  { path: "disks.root.cache", effect: "suspend", because: "host-side driver setting" },
  { path: "effectiveDisks.root.cache", effect: "suspend", because: "what was decided of it" },
  { path: "effectiveDisks.root.detectZeroes", effect: "suspend", because: "success without effect when live" },
  { path: "disks.root.size", effect: "live", because: "growth" },
  { path: "effectiveDisks.root.migration.safe", effect: "live", because: "a part of a note" },
  { path: "smbios.system.serial", effect: "restart", because: "a part of a block of the platform" },
  { path: "disks.cache", effect: "live", because: "a disk that is called cache" },
  { path: "disks.root.bus", effect: "restart", because: "hardware" },
])("$path: $effect ($because)", ({ path, effect }) => {
  expect(fieldEffect(path)?.effect).toBe(effect);
});

test("a whole disk goes in live, and out when the guest lets go", () => {
  expect(fieldEffect("disks.data", "added")?.effect).toBe("live");
  expect(fieldEffect("disks.data", "removed")).toMatchObject({
    effect: "live",
    because: expect.stringContaining("guest lets go") as string,
  });
});

test.each(["nothing", "constructor", "disks", "disks.root.nothing", "disks.root.constructor"])("%s is no input", (path) => {
  expect(fieldEffect(path)).toBeUndefined();
});

test("every row says why", () => {
  for (const { because } of [...Object.values(fieldEffects), ...Object.values(diskFieldEffects)]) expect(because.length).toBeGreaterThan(0);
});
