// The addresses of a guest: who tells them, which is the best, and waiting for one; on the fake host.
import { createStage, program, type Stage } from "../../testing/machine-stage";
import type { Values } from "../resource";
import { bestAddress } from "./addresses";

const mac = "52:54:00:00:00:01";
const asked = (more: Values = {}) => program({ networks: { lan: { network: "default", mac } }, ...more });
const agentChannel = (state?: string) =>
  `<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"${state === undefined ? "" : ` state="${state}"`}/></channel>`;
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const outputs = ({ web }: Stage) => {
  const { addresses, ipAddress } = web.now.state;
  return { addresses, ipAddress };
};

const address = (text: string, family: "ipv4" | "ipv6" = "ipv4") => ({ address: text, family, source: "lease" as const });

test.each([
  { addresses: {}, best: undefined, because: "there is none" },
  { addresses: { lan: [address("192.0.2.1")] }, best: "192.0.2.1", because: "there is one" },
  { addresses: { lan: [address("fd00::1", "ipv6"), address("192.0.2.1")] }, best: "192.0.2.1", because: "IPv4 is what most can reach" },
  { addresses: { lan: [address("fd00::1", "ipv6")] }, best: "fd00::1", because: "IPv6 is better than none" },
  {
    addresses: { lan: [address("127.0.0.1"), address("169.254.1.1"), address("fe80::1", "ipv6"), address("::1", "ipv6")] },
    best: undefined,
    because: "none of these is reached from elsewhere",
  },
  { addresses: { b: [address("192.0.2.2")], a: [address("192.0.2.1")] }, best: "192.0.2.1", because: "the keys say the order" },
  { addresses: { a: [address("169.254.1.1")], b: [address("192.0.2.2")] }, best: "192.0.2.2", because: "the first that is of use" },
] as const)("the best address is $best, because $because", ({ addresses, best }) => {
  expect(bestAddress(addresses as unknown as Parameters<typeof bestAddress>[0])).toBe(best);
});

describe("who tells", () => {
  test("a lease is an output, after a refresh", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(asked());
    expect(outputs(stage)).toEqual({ addresses: {}, ipAddress: undefined });
    fake.setAddresses("web", "lease", { [mac]: ["192.0.2.5/24"], "52:54:00:00:00:99": ["192.0.2.99/24"] });
    await web.refresh();
    expect(outputs(stage)).toEqual({
      addresses: { lan: [{ address: "192.0.2.5", prefix: 24, family: "ipv4", source: "lease" }] },
      ipAddress: "192.0.2.5",
    });
    expect(fake.calls).not.toContain("updateLiveDevice");
    expect(await web.up(asked())).toMatchObject({ did: "same" });
  });

  test("an address that moves makes no update, and a description's change keeps it known at preview", async () => {
    const { web, fake } = createStage();
    await web.up(asked());
    fake.setAddresses("web", "lease", { [mac]: ["192.0.2.5/24"] });
    await web.refresh();
    fake.setAddresses("web", "lease", { [mac]: ["192.0.2.6/24"] });
    await web.refresh();
    expect(await web.up(asked())).toMatchObject({ did: "same" });
    expect((await web.preview(asked({ description: "x" }))).state).toMatchObject({ ipAddress: "192.0.2.6" });
    const moved = await web.preview(asked({ networks: { lan: { network: "other", mac } } }));
    expect(moved.state?.["ipAddress"]).not.toBe("192.0.2.6");
  });

  test("the agent knows better than a lease, and is asked only where it is connected", async () => {
    const stage = createStage();
    const { web, fake, domain, edit, coldStart } = stage;
    await web.up(asked());
    fake.setAddresses("web", "lease", { [mac]: ["192.0.2.5/24"] });
    fake.setAddresses("web", "agent", { "00:00:00:00:00:00": ["127.0.0.1/8"], [mac]: ["192.0.2.7/24", "fe80::1/64", "fd00::7/64"] });
    await web.refresh();
    expect(outputs(stage)).toMatchObject({ ipAddress: "192.0.2.5" });
    await edit((xml) => xml.replace("</devices>", `${agentChannel("connected")}</devices>`));
    await coldStart();
    expect((await domain()).running?.agentConnected).toBe(true);
    await web.refresh();
    expect(outputs(stage)).toEqual({
      addresses: {
        lan: [
          { address: "192.0.2.7", prefix: 24, family: "ipv4", source: "agent" },
          { address: "fe80::1", prefix: 64, family: "ipv6", source: "agent" },
          { address: "fd00::7", prefix: 64, family: "ipv6", source: "agent" },
        ],
      },
      ipAddress: "192.0.2.7",
    });
  });

  test("the ARP table is asked where nobody else knows", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(asked());
    fake.setAddresses("web", "arp", { [mac]: ["192.0.2.8"] });
    await web.refresh();
    expect(outputs(stage)).toEqual({
      addresses: { lan: [{ address: "192.0.2.8", family: "ipv4", source: "arp" }] },
      ipAddress: "192.0.2.8",
    });
  });

  test("a stopped machine has none", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    await web.up(asked());
    fake.setAddresses("web", "lease", { [mac]: ["192.0.2.5/24"] });
    await web.up(asked({ power: "stopped" }));
    expect(outputs(stage)).toEqual({ addresses: {}, ipAddress: undefined });
  });
});

describe("waitForAddress", () => {
  const waiting = (wait: Values = {}, more: Values = {}) => asked({ waitForAddress: wait, ...more });
  const leaseSoon = async ({ fake, domain }: Stage, told: Readonly<Record<string, readonly string[]>>) => {
    for (;;) {
      const isUp = await domain()
        .then(({ running }) => running !== undefined)
        .catch(() => false);
      if (isUp && fake.calls.includes("waitForGuestNews")) break;
      await new Promise((resolve) => setImmediate(resolve));
    }
    fake.setAddresses("web", "lease", told);
  };

  test("waits until there is one", async () => {
    const stage = createStage();
    const [up] = await Promise.all([stage.web.up(waiting(), { skipPreview: true }), leaseSoon(stage, { [mac]: ["192.0.2.5/24"] })]);
    expect(up).toMatchObject({ did: "create", initErrors: [] });
    expect(said(up.log)).toContain("waiting up to 120 s for an address of web");
    expect(outputs(stage)).toMatchObject({ ipAddress: "192.0.2.5" });
    expect(await stage.web.up(waiting())).toMatchObject({ did: "same" });
  });

  test("that is too late is a warning, the machine is kept, and a refresh fills it in", async () => {
    const stage = createStage();
    const { web, fake } = stage;
    const up = await web.up(waiting({ timeoutSeconds: 1 }));
    expect(up).toMatchObject({ did: "create", initErrors: [] });
    expect(said(up.log.filter(({ level }) => level === "warn"))).toContain("waitForAddress.timeoutSeconds");
    expect(outputs(stage).ipAddress).toBeUndefined();
    fake.setAddresses("web", "lease", { [mac]: ["192.0.2.5/24"] });
    await web.refresh();
    expect(outputs(stage).ipAddress).toBe("192.0.2.5");
    expect(await web.up(waiting({ timeoutSeconds: 1 }))).toMatchObject({ did: "same" });
  });

  test("of one network does not take another's", async () => {
    const stage = createStage();
    const other = "52:54:00:00:00:02";
    const two = { lan: { network: "default", mac }, wan: { bridge: "br0", mac: other } };
    const up = await stage.web.up(waiting({ network: "wan", timeoutSeconds: 1 }, { networks: two, power: "stopped" }));
    expect(up).toMatchObject({ did: "create" });
    stage.fake.setAddresses("web", "lease", { [mac]: ["192.0.2.5/24"] });
    const started = await stage.web.up(waiting({ network: "wan", timeoutSeconds: 1 }, { networks: two }));
    expect(said(started.log)).toContain("networks.wan has no address");
    expect(outputs(stage).ipAddress).toBe("192.0.2.5");
  });

  test("is not heard by an update that starts nothing, nor where the machine is not to run", async () => {
    const { web, fake } = createStage();
    await web.up(waiting({}, { power: "stopped" }));
    expect(fake.calls).not.toContain("waitForGuestNews");
    await web.up(asked());
    fake.clearLog();
    await web.up(waiting({}, { description: "x" }));
    expect(fake.calls).not.toContain("waitForGuestNews");
  });

  test("ends when the guest stops", async () => {
    const stage = createStage();
    const stopSoon = async () => {
      while (!stage.fake.calls.includes("waitForGuestNews")) await new Promise((resolve) => setImmediate(resolve));
      stage.fake.guestStops("web");
    };
    const [up] = await Promise.all([stage.web.up(waiting(), { skipPreview: true }), stopSoon()]);
    expect(up.did).toBe("create");
    expect(said(up.log)).toContain("stopped while its address was waited for");
  });

  test.each([
    { wait: { network: "wan" }, path: "waitForAddress.network", because: "no such network" },
    { wait: { timeoutSeconds: 0 }, path: "waitForAddress.timeoutSeconds", because: "no time" },
  ])("$wait is refused: $because", async ({ wait, path }) => {
    const { problems } = await createStage().web.up(waiting(wait));
    expect(problems).toMatchObject([{ path }]);
  });

  test("without networks is refused", async () => {
    const { problems } = await createStage().web.up(program({ waitForAddress: {} }));
    expect(problems).toMatchObject([{ path: "waitForAddress" }]);
  });
});
