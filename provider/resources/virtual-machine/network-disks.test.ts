// Disks in the network: their passwords live in libvirt secrets of the machine's own, and nowhere else.
import { HostError } from "../../errors";
import { hostErrorCodes } from "../../libvirt/codes";
import { createStage, program } from "../../testing/machine-stage";
import { unknown } from "../resource";
import type { Values } from "../resource";
import { diskSecretUuid } from "./disk-sources";

const cephKey = "QVFCa2V5LW9mLWNlcGg=";
const uuid = diskSecretUuid({ vm: "web", key: "root" });
const rbd = { name: "libvirt/web", hosts: [{ name: "mon1", port: 6789 }], username: "libvirt", key: cephKey };
const onCeph = (more: Values = {}, changed: Values = {}) => program({ disks: { root: { rbd: { ...rbd, ...changed } } }, ...more });
const verbs = (writes: readonly string[]) => writes.map((write) => write.split(" ")[0]);
const said = (log: readonly { message: string }[]) => log.map(({ message }) => message).join("\n");
const startFails = (message: string) => new HostError(hostErrorCodes.internalError, message, { doing: "Starting", what: "web" });

describe("a Ceph RBD disk", () => {
  test("is planned, named and explained at preview, with no secret in what is shown", async () => {
    const { web } = createStage();
    const { state } = await web.preview(onCeph());
    expect(state?.["effectiveDisks"]).toMatchObject({
      root: {
        path: "rbd:libvirt/web",
        cache: "writeback",
        format: "raw",
        migratable: true,
        reason: expect.stringContaining("librbd") as string,
        network: { protocol: "rbd", hosts: [{ name: "mon1", port: 6789 }], username: "libvirt", secretUuid: uuid },
      },
    });
    expect(JSON.stringify(state?.["effectiveDisks"])).not.toContain(cephKey);
  });

  test("starts with its secret in place, is stable, and takes the secret along when it goes", async () => {
    const { web, fake, domain } = createStage();
    expect(await web.up(onCeph())).toMatchObject({ did: "create", initErrors: [] });
    expect(verbs(fake.writes)).toEqual(["defineDomain", "defineSecret", "setSecretValue", "startDomain", "defineDomain"]);
    expect(fake.secretValue(uuid)).toBe(Buffer.from(cephKey, "base64").toString("utf8"));
    const { inactiveXml, running } = await domain();
    expect(inactiveXml).toContain(uuid);
    expect(inactiveXml).not.toContain(cephKey);
    expect(running?.disks).toMatchObject([{ sourceType: "network", path: "rbd:libvirt/web", cache: "writeback" }]);
    fake.clearLog();
    expect(await web.up(onCeph(), { force: true })).toMatchObject({ did: "update", initErrors: [] });
    expect(fake.writes).toEqual([]);
    await web.refresh();
    expect(await web.up(onCeph())).toMatchObject({ did: "same" });
    await web.destroy();
    expect(await fake.findSecret(uuid)).toBeUndefined();
  });

  test("takes a new key without touching the machine", async () => {
    const { web, fake } = createStage();
    await web.up(onCeph());
    fake.clearLog();
    const key = Buffer.from("another").toString("base64");
    expect(await web.up(onCeph({ applyChanges: "refuse" }, { key }))).toMatchObject({ did: "update", changes: ["disks.root.rbd.key"] });
    expect(verbs(fake.writes)).toEqual(["setSecretValue"]);
    expect(fake.secretValue(uuid)).toBe("another");
  });

  test("whose secret other hands removed gets it back", async () => {
    const { web, fake } = createStage();
    await web.up(onCeph());
    await fake.undefineSecret(uuid);
    await web.up(onCeph(), { force: true });
    expect(fake.secretValue(uuid)).toBeDefined();
  });

  test("leaves a secret alone that was there already", async () => {
    const { web, fake } = createStage();
    const theirs = "11111111-2222-3333-4444-555555555555";
    await fake.defineSecret(`<secret><uuid>${theirs}</uuid><usage type="ceph"><name>ceph</name></usage></secret>`);
    const withTheirs = program({ disks: { root: { rbd: { name: "p/i", hosts: [{ name: "m" }], username: "u", secretUuid: theirs } } } });
    fake.clearLog();
    expect(await web.up(withTheirs)).toMatchObject({ did: "create", initErrors: [] });
    await web.destroy();
    expect(verbs(fake.writes).filter((verb) => verb?.includes("Secret"))).toEqual([]);
    expect(await fake.findSecret(theirs)).toBeDefined();
  });

  test("that is replaced by a disk in a pool drops its secret, once nothing runs on it", async () => {
    const { web, fake } = createStage();
    await web.up(onCeph());
    const moved = program({ disks: { root: { pool: "fast", size: "1GiB" } } });
    await web.up(moved);
    expect(web.now.state).toMatchObject({ restartPending: true });
    expect(await fake.findSecret(uuid)).toBeDefined();
    expect(await web.up({ ...moved, applyChanges: "restart" })).toMatchObject({ did: "update", initErrors: [] });
    expect(web.now.state).toMatchObject({ restartPending: false });
    await web.destroy();
    expect(await fake.findSecret(uuid)).toBeUndefined();
  });

  test("an explicit cache mode is honoured", async () => {
    const { web, domain } = createStage();
    await web.up(program({ disks: { root: { rbd, cache: "none" } } }));
    expect((await domain()).running?.disks).toMatchObject([{ cache: "none" }]);
  });

  test("a key that is not known yet waits", async () => {
    const { web } = createStage();
    const step = await web.preview(onCeph({}, { key: unknown }));
    expect(step).toMatchObject({ did: "create", problems: [] });
  });

  test("a machine that does not start keeps its secret, and the next run goes on", async () => {
    const { web, fake } = createStage();
    fake.failNext("startDomain", startFails("internal error: error reading header from web: No such file or directory"));
    const up = await web.up(onCeph());
    expect(up.initErrors[0]).toMatch(/disks\.root \(rbd:libvirt\/web\).*no such image/s);
    expect(up.initErrors[0]).not.toContain(cephKey);
    expect(await web.up(onCeph())).toMatchObject({ did: "update", initErrors: [] });
    expect(web.now.state).toMatchObject({ runningDisks: { root: {} } });
  });

  test("a refused secret leaves nothing half-made", async () => {
    const { web, fake } = createStage();
    fake.failNext("setSecretValue", startFails("internal error: no"));
    expect(await web.up(onCeph())).toMatchObject({ did: "failed" });
    expect(await fake.findDomain({ name: "web" })).toBeUndefined();
    expect(await fake.findSecret(uuid)).toBeUndefined();
  });

  test("is imported as what it is", async () => {
    const first = createStage();
    await first.web.up(onCeph());
    const again = first.newDriver();
    const step = await again.import("web");
    expect(step).toMatchObject({ did: "import", changes: [], problems: [] });
    expect(again.now.inputs["disks"]).toMatchObject({ root: { rbd: { name: "libvirt/web", username: "libvirt", secretUuid: uuid } } });
  });
});

describe("other network disks", () => {
  test("a CHAP password goes into a secret as text", async () => {
    const { web, fake, domain } = createStage();
    const iscsi = { portal: { name: "10.0.0.1" }, target: "iqn.2024-01.org.example:a", lun: 1, username: "u", password: "chap-pass" };
    await web.up(program({ disks: { root: { iscsi } } }));
    expect(fake.secretValue(uuid)).toBe("chap-pass");
    expect((await domain()).inactiveXml).not.toContain("chap-pass");
    expect(web.now.state["effectiveDisks"]).toMatchObject({
      root: { cache: "none", path: "iscsi://10.0.0.1:3260/iqn.2024-01.org.example:a/1" },
    });
  });

  test("a CD on a web server is read-only and needs no pool", async () => {
    const { web, domain } = createStage();
    await web.up(program({ disks: { cd: { device: "cdrom", http: { url: "https://example.org/debian.iso" } } } }));
    expect((await domain()).running?.disks).toMatchObject([{ sourceType: "network", readonly: true, device: "cdrom" }]);
    await web.refresh();
    expect(await web.up(program({ disks: { cd: { device: "cdrom", http: { url: "https://example.org/debian.iso" } } } }))).toMatchObject({
      did: "same",
    });
  });

  test("an NVMe controller gets no driver settings, and a wish for one is refused", async () => {
    const { web, domain } = createStage();
    const nvme = { address: "0000:01:00.0" };
    await web.up(program({ disks: { root: { nvme } } }));
    const [disk] = (await domain()).defined.disks;
    expect(disk).toMatchObject({ sourceType: "nvme" });
    expect([disk?.cache, disk?.io, disk?.discard, disk?.detectZeroes]).toEqual([undefined, undefined, undefined, undefined]);
    expect(await web.preview(program({ disks: { root: { nvme, cache: "writeback" } } }))).toMatchObject({
      did: "refused",
      problems: [{ path: "disks.root.cache" }],
    });
    await web.refresh();
    expect(await web.up(program({ disks: { root: { nvme } } }))).toMatchObject({ did: "same" });
  });

  test("disks and volumes elsewhere are no concern of theirs", async () => {
    const { web, fake } = createStage();
    const disks = { root: { pool: "fast", size: "1GiB" }, data: { nfs: { server: { name: "nas" }, path: "/vms/a.img" } } };
    await web.up(program({ disks }));
    await web.destroy();
    expect(said(web.log.filter(({ level }) => level === "warn"))).toBe("");
    expect(fake.hasFile("/pools/fast/web-root.qcow2")).toBe(false);
  });
});
