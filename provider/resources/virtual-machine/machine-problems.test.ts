// A machine type is asked of the host when a program names it for the first time.
import { createStage, program } from "../../testing/machine-stage";

test("a machine type that the host has not is a problem at check, and nothing was written", async () => {
  const { web, fake } = createStage();
  const up = await web.up(program({ machine: "q53" }));
  expect(up).toMatchObject({ problems: [{ path: "machine", reason: expect.stringContaining('"q53"') as string }] });
  expect(fake.writes).toEqual([]);
});

test("one that it has is taken, and is not asked for again", async () => {
  const { web, fake } = createStage();
  expect(await web.up(program({ machine: "q35" }))).toMatchObject({ did: "create", problems: [] });
  fake.clearLog();
  await web.up(program({ machine: "q35" }));
  expect(fake.calls).not.toContain("domainCapabilitiesXml");
});
