// The state that a machine is kept in, how it gets there, and how it is stopped.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program } from "../../testing/machine-stage";

const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);

test.each([
  { from: "running", to: "paused", writes: ["pauseDomain"] },
  { from: "running", to: "stopped", writes: ["requestShutdown"] },
  { from: "paused", to: "running", writes: ["resumeDomain"] },
  { from: "paused", to: "stopped", writes: ["resumeDomain", "requestShutdown"] },
  { from: "stopped", to: "running", writes: ["startDomain"] },
  { from: "stopped", to: "paused", writes: ["startDomain"] },
])("$from to $to", async ({ from, to, writes }) => {
  const { web, fake, domain } = createStage();
  await web.up(program({ power: from }));
  expect(await domain()).toMatchObject({ state: from });
  fake.clearLog();
  expect(await web.up(program({ power: to }))).toMatchObject({ did: "update", changes: ["power"], initErrors: [] });
  expect(await domain()).toMatchObject({ state: to });
  expect(verbs(fake.writes)).toEqual(writes);
  expect(await web.up(program({ power: to }))).toMatchObject({ did: "same" });
  await web.refresh();
  expect(await web.up(program({ power: to }))).toMatchObject({ did: "same" });
});

test("a guest that does not hear the power button is ended when its time is over, and it is said", async () => {
  const { web, fake, domain } = createStage();
  await web.up(program({ shutdownTimeoutSeconds: 1 }));
  fake.ignoreShutdown("web");
  fake.clearLog();
  const begin = Date.now();
  const up = await web.up(program({ shutdownTimeoutSeconds: 1, power: "stopped" }));
  expect(Date.now() - begin).toBeGreaterThanOrEqual(950);
  expect(await domain()).toMatchObject({ state: "stopped" });
  expect(verbs(fake.writes)).toEqual(["requestShutdown", "destroyDomain"]);
  expect(up.log.map(({ message }) => message).join()).toContain("did not stop within 1 s");
});

test("no time at all: the guest is ended without being asked", async () => {
  const { web, fake } = createStage();
  await web.up(program());
  fake.clearLog();
  await web.up(program({ shutdownTimeoutSeconds: 0, power: "stopped" }));
  expect(verbs(fake.writes)).toEqual(["destroyDomain"]);
});

test("a guest that stops by itself at the same moment is stopped", async () => {
  const { web, fake, domain } = createStage();
  await web.up(program());
  const hold = fake.holdNext("requestShutdown");
  const up = web.up(program({ power: "stopped" }));
  await hold.reached;
  fake.guestStops("web");
  hold.release();
  expect(await up).toMatchObject({ did: "update", initErrors: [] });
  expect(await domain()).toMatchObject({ state: "stopped" });
});

test("a guest that cannot be asked is ended, and it is said", async () => {
  const { web, fake, domain } = createStage();
  await web.up(program());
  fake.failNext("requestShutdown", new HostError(hostErrorCodes.operationInvalid, "no ACPI", { doing: "stopping", what: "web" }));
  const up = await web.up(program({ power: "stopped" }));
  expect(up).toMatchObject({ did: "update", initErrors: [] });
  expect(up.log.map(({ message }) => message).join()).toContain("no ACPI");
  expect(await domain()).toMatchObject({ state: "stopped" });
});
