// The escape hatch: the user's own XML in a machine's definition, put in once, never doubled, taken away again.
import { createStage, program } from "../../testing/machine-stage";
import type { Values } from "../resource";

const sound = { path: "devices", xml: "<sound model='ich9'/>" };
const withXml = (xml: Values, more: Values = {}) => program({ xml, ...more });

test("it is in the definition and in the run, and the same program changes nothing more", async () => {
  const { web, fake, domain } = createStage();
  expect(await web.up(withXml({ sound }))).toMatchObject({ did: "create", initErrors: [] });
  const { inactiveXml } = await domain();
  expect(inactiveXml.match(/<sound/g)).toHaveLength(1);
  fake.clearLog();
  expect(await web.up(withXml({ sound }), { force: true })).toMatchObject({ did: "update", initErrors: [] });
  expect(fake.writes).toEqual([]);
  await web.refresh();
  expect(await web.up(withXml({ sound }))).toMatchObject({ did: "same" });
});

test("a change waits for a cold start and says so; a restart applies it", async () => {
  const { web, domain, coldStart } = createStage();
  await web.up(withXml({ sound }));
  const quieter = { sound: { ...sound, xml: "<sound model='ich6'/>" } };
  expect(await web.up(withXml(quieter))).toMatchObject({ did: "update", changes: ["xml.sound"] });
  expect(web.now.state).toMatchObject({ restartPending: true, pendingChanges: ["xml.sound: there => the new one"] });
  expect((await domain()).inactiveXml).toMatch(/<sound model="ich6"/);
  await coldStart();
  await web.refresh();
  expect(web.now.state).toMatchObject({ restartPending: false });
  expect(await web.up(withXml({}, { applyChanges: "restart" }))).toMatchObject({ did: "update", initErrors: [] });
  expect((await domain()).inactiveXml).not.toContain("<sound");
  expect(web.now.state).toMatchObject({ restartPending: false });
});

test("what the provider manages is refused at preview, with the input that says it", async () => {
  const { web } = createStage();
  const { problems } = await web.preview(
    withXml({ fast: { path: "devices/disk", xml: "<driver cache='unsafe'/>" }, bad: { path: "devices", xml: "<a>" } }),
  );
  expect(problems).toMatchObject([
    { path: "xml.fast.xml", reason: expect.stringContaining("disks.KEY.cache") as string },
    { path: "xml.bad.xml", reason: expect.stringContaining("no XML element") as string },
  ]);
});

test("a device that libvirt or an older program put there is taken away, and that is no difference afterwards", async () => {
  const { web, domain } = createStage();
  await web.up(withXml({ sound }));
  expect((await domain()).inactiveXml).toContain("<serial");
  const bare = { sound, bare: { path: "devices", remove: "serial" } };
  expect(await web.up(withXml(bare, { applyChanges: "restart" }))).toMatchObject({ did: "update", initErrors: [] });
  expect((await domain()).inactiveXml).not.toContain("<serial");
  await web.refresh();
  expect(await web.up(withXml(bare, { applyChanges: "restart" }))).toMatchObject({ did: "same" });
});

test("markup in a value stays inside its element", async () => {
  const { web, domain } = createStage();
  await web.up(program({ description: "</description><devices><sound/></devices>", xml: { sound } }));
  expect((await domain()).inactiveXml.match(/<sound/g)).toHaveLength(1);
});
