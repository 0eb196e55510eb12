import type { PoolFacts } from "./facts";
import { planPoolDefault } from "./plan-pool-default";
import { ramfs, storage } from "./question.fixture";

const hypervisor = { libvirtVersion: "9.0.0", qemuVersion: "7.2.22" };
const pool = (facts: Parameters<typeof storage>[0]): PoolFacts => ({
  ...storage({ path: "/pools/fast", ...facts }),
  type: "dir",
  active: true,
});

test("a pool's default is what a plain new disk would get, with the pool's path in the reason", () => {
  expect(planPoolDefault("fast", pool({}), {}, hypervisor)).toMatchObject({ cache: "none", io: "threads" });
  const slow = planPoolDefault("slow", { ...pool({}), ...ramfs({ path: "/pools/slow" }) }, {}, hypervisor);
  expect(slow).toMatchObject({ cache: "writeback" });
  expect("reason" in slow && slow.reason).toContain("/pools/slow is on ramfs");
});

test("the pool's own rule is heard, a refusal is handed on", () => {
  expect(planPoolDefault("fast", pool({}), { pools: { fast: { cache: "directsync" } } }, hypervisor)).toMatchObject({
    cache: "directsync",
  });
  expect(planPoolDefault("fast", pool({ directIo: "no" }), { whenDirectIoMissing: "refuse" }, hypervisor)).toHaveProperty("problems");
});
