// Storage that cannot be used, on real servers and file systems: each error names the disk and the way out, leaves nothing, and a mended program goes on.
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { addStorage, cephExec, cephUp, hostExec, iscsiUp, missingFor, nfsUp, removeStorage, virsh } from "../../tools/lab/lab";
import type { CephAccess, IscsiAccess, NfsAccess } from "../../tools/lab/lab";
import { messagesOf } from "../../tools/lab/pulumi";
import { describeScene, domainNames, engineTestMs, stateOf, succeeds, volumeNames } from "./scene";
import type { Scene } from "./scene";

const diskMiB = 8;

/** A program of machines, each with the disk `data` as given. They stay paused: QEMU opens its disks all the same. */
const machines = (disks: Readonly<Record<string, object>>): string =>
  Object.entries(disks)
    .map(
      ([name, data]) => `
        new kvm.VirtualMachine("${name}", {
          ...machine, name: "${name}", memory: "48MiB", power: "paused", disks: { data: ${JSON.stringify(data)} },
        } as kvm.VirtualMachineArgs);`,
    )
    .join("");

async function leavesNothing(scene: Scene): Promise<void> {
  expect(await domainNames(scene)).toEqual([]);
  expect(await virsh(scene.lab, "secret-list")).toBe("");
  expect(await volumeNames(scene, scene.ext4)).toEqual([]);
}

/** A key as Ceph writes it, with another last byte. */
function wrongKey(key: string): string {
  const bytes = Buffer.from(key, "base64");
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes.toString("base64");
}

/** A unit that nobody gives the target, in no test. */
const missingLun = 250;

/** Where a qcow2 header says at which byte the table begins that maps the whole disk. */
const l1TableOffsetAt = 40;

async function makeImage({ lab }: Scene, file: string): Promise<void> {
  await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", file, `${diskMiB}M`);
}

interface Servers {
  readonly iscsi: IscsiAccess;
  readonly ceph: CephAccess;
  readonly nfs: NfsAccess;
}

const serve = async ({ lab }: Scene): Promise<Servers> => ({
  ceph: await cephUp(lab),
  iscsi: await iscsiUp(lab),
  nfs: await nfsUp(lab),
});

/** One row: a disk that cannot be opened, what is said of it, and what mends it. */
interface Row {
  readonly because: string;
  readonly broken: object;
  readonly says: RegExp;
  readonly mended?: object;
  /** Where it is the storage that is mended. */
  readonly repair?: () => Promise<unknown>;
}

function rows(scene: Scene, { iscsi, ceph, nfs }: Servers, folder: string): Readonly<Record<string, Row>> {
  const { lab } = scene;
  const target = { portal: { name: iscsi.portal, port: iscsi.port }, target: iscsi.target, lun: iscsi.lun, username: iscsi.user };
  const rbd = { hosts: ceph.monitors, username: ceph.user, key: ceph.key, name: `${ceph.pool}/err-there` };
  const nfsDisk = { server: { name: nfs.server }, path: `${nfs.export}/err-late.img`, user: "+0", group: "+0" };
  const [torn, absent] = [`${folder}/err-torn.qcow2`, `${folder}/err-absent.qcow2`];
  return {
    "err-chap": {
      because: "the CHAP password is wrong",
      broken: { iscsi: { ...target, password: "not-the-password" } },
      says: /disks\.data \(iscsi:.*iscsi\.username.*iscsi\.password/s,
      mended: { iscsi: { ...target, password: iscsi.password } },
    },
    "err-lun": {
      because: "the target has no such logical unit",
      broken: { iscsi: { ...target, lun: missingLun, password: iscsi.password } },
      says: /disks\.data \(iscsi:.*iscsi\.target.*iscsi\.lun/s,
      mended: { iscsi: { ...target, lun: 2, password: iscsi.password } },
    },
    "err-image": {
      because: "the Ceph pool has no such image",
      broken: { rbd: { ...rbd, name: `${ceph.pool}/err-late` } },
      says: /disks\.data \(rbd:.*no such image.*rbd create/s,
      repair: () => cephExec(lab, "rbd", "create", `${ceph.pool}/err-late`, "--size", `${diskMiB}M`),
    },
    "err-key": {
      because: "the cephx key is wrong",
      broken: { rbd: { ...rbd, key: wrongKey(ceph.key) } },
      says: /disks\.data \(rbd:.*rbd\.username.*rbd\.key/s,
      mended: { rbd },
    },
    "err-nfs": {
      because: "the server has no such file",
      broken: { nfs: nfsDisk },
      says: /disks\.data \(nfs:.*no such file.*nfs\.path/s,
      repair: () => hostExec(lab, "truncate", `--size=${diskMiB}M`, `${nfs.folder}/err-late.img`),
    },
    "err-torn": {
      because: "the image's tables are damaged",
      broken: { file: torn },
      says: /disks\.data \(.*err-torn\.qcow2\).*qemu-img check/s,
      repair: () => makeImage(scene, torn),
    },
    "err-absent": {
      because: "nobody has made the file",
      broken: { file: absent },
      says: /disks\.data\.file: .*err-absent\.qcow2.*Make it first/s,
      repair: () => makeImage(scene, absent),
    },
  };
}

const missing = missingFor("ceph", "iscsi", "nfs");

describeScene(
  "disks that QEMU cannot open",
  "err",
  (scene) => {
    let cases: Readonly<Record<string, Row>> = {};
    const programOf = (pick: (row: Row) => object) =>
      scene().program(machines(Object.fromEntries(Object.entries(cases).map(([name, row]) => [name, pick(row)]))));

    beforeAll(async () => {
      const servers = await serve(scene());
      const { lab, ramfs } = scene();
      await iscsiUp(lab, { lun: 2 });
      await cephExec(lab, "rbd", "create", `${servers.ceph.pool}/err-there`, "--size", `${diskMiB}M`);
      // Not in the pool whose volumes are counted.
      const folder = ramfs.path;
      cases = rows(scene(), servers, folder);
      await makeImage(scene(), `${folder}/err-torn.qcow2`);
      await hostExec(
        lab,
        "sh",
        "-c",
        `printf '\\377' | dd of=${folder}/err-torn.qcow2 bs=1 seek=${l1TableOffsetAt + 7} conv=notrunc status=none`,
      );
    }, engineTestMs);

    afterAll(async () => {
      const { lab } = scene();
      const [{ pool }, { folder }] = [await cephUp(lab), await nfsUp(lab)];
      for (const image of ["err-there", "err-late"])
        await cephExec(lab, "rbd", "remove", "--no-progress", `${pool}/${image}`).catch(() => undefined);
      await hostExec(lab, "rm", "--force", `${folder}/err-late.img`);
    }, engineTestMs);

    it(
      "are each told with the disk's name and the way out; a mended program goes on; nothing is left",
      async () => {
        const project = await scene().project("");
        project.write(programOf(({ broken }) => broken));
        const failed = await project.up("--continue-on-error");
        expect(failed.code).not.toBe(0);
        for (const [name, { because, says }] of Object.entries(cases))
          expect([because, messagesOf(failed, "error", name).join("\n")]).toEqual([because, expect.stringMatching(says)]);
        succeeds(await project.destroy());
        await leavesNothing(scene());

        expect((await project.up("--continue-on-error")).code).not.toBe(0);
        for (const { repair } of Object.values(cases)) await repair?.();
        project.write(programOf(({ broken, mended = broken }) => mended));
        succeeds(await project.up());
        for (const name of Object.keys(cases)) expect([name, await virsh(scene().lab, "domstate", name)]).toEqual([name, "paused"]);
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.destroy());
        await leavesNothing(scene());
      },
      engineTestMs,
    );
  },
  missing,
);

describeScene("pools that cannot hold a disk", "errpool", (scene) => {
  const storages: string[] = [];
  const pools: string[] = [];

  async function makePool(name: string, path: string): Promise<void> {
    await virsh(scene().lab, "pool-define-as", name, "dir", "--target", path);
    pools.push(name);
    await virsh(scene().lab, "pool-start", name);
  }

  /** A pool on a small ext4 of its own. */
  async function smallPool(name: string): Promise<string> {
    const path = await addStorage(scene().lab, name, "ext4", 64);
    storages.push(name);
    await makePool(name, path);
    return path;
  }

  afterAll(async () => {
    for (const name of pools) {
      await virsh(scene().lab, "pool-destroy", name);
      await virsh(scene().lab, "pool-undefine", name);
    }
    for (const name of storages) await removeStorage(scene().lab, name);
  }, engineTestMs);

  it(
    "a folder that QEMU may not pass is refused at preview, for its pool and for its files",
    async () => {
      const { ramfs } = scene();
      const folder = join(ramfs.path, "shut");
      mkdirSync(folder);
      await makePool("errpool-shut", folder);
      await makeImage(scene(), `${folder}/there.qcow2`);
      chmodSync(folder, 0o700);
      const disks = { made: { pool: "errpool-shut", size: `${diskMiB}MiB` }, found: { file: `${folder}/there.qcow2` } };
      const project = await scene().project(
        `new kvm.VirtualMachine("shut", { ...machine, name: "shut", power: "paused", disks: ${JSON.stringify(disks)} });`,
      );

      const preview = await project.preview();
      expect(preview.code).not.toBe(0);
      const said = messagesOf(preview, "error", "shut").join("\n");
      for (const field of ["made.pool", "found.file"])
        expect(said).toMatch(new RegExp(`disks\\.${field}.*${folder} has mode 0700.*chmod o\\+x`));
      chmodSync(folder, 0o711);
      succeeds(await project.up());
    },
    engineTestMs,
  );

  it(
    "one without room for a full preallocation is named with its space, and nothing is left; a smaller disk goes on",
    async () => {
      const small = { name: "errpool-small", path: await smallPool("errpool-small") };
      const full = (size: string) => ({ crowded: { pool: small.name, size, format: "raw", preallocation: "full" } });
      const project = await scene().project(machines(full("200MiB")));

      const failed = await project.up();
      expect(failed.code).not.toBe(0);
      expect(messagesOf(failed, "error", "crowded").join("\n")).toMatch(
        /disks\.data\.preallocation.*pool errpool-small has \d.* free, and 200 MiB are needed.*another pool/s,
      );
      expect(await domainNames(scene())).not.toContain("crowded");
      expect(await volumeNames(scene(), small)).toEqual([]);

      project.write(scene().program(machines(full("16MiB"))));
      succeeds(await project.up());
      succeeds(await project.destroy());
      expect(await volumeNames(scene(), small)).toEqual([]);
    },
    engineTestMs,
  );

  it(
    "one that loses direct I/O between the facts and the start: the error is the planner's, and the next up takes what there is",
    async () => {
      const { lab } = scene();
      const path = await smallPool("errpool-lost");
      // The facts are of before, and the machine starts after: the file system changes once, between the two.
      const swap = [join(__dirname, "../../tools/lab/host.mjs"), "storage", "swap", lab.name, "errpool-lost", "ramfs", "--dir", lab.dir];
      const project = await scene().project(`
        import { execFileSync } from "node:child_process";
        import { existsSync, writeFileSync } from "node:fs";
        const host = new kvm.HostDefaults("host", {});
        const settings = host.settings.apply((known) => {
          if (!existsSync("swapped")) {
            execFileSync(process.execPath, ${JSON.stringify(swap)});
            writeFileSync("swapped", "");
          }
          return known;
        });
        new kvm.VirtualMachine("lost", {
          ...machine, name: "lost", host: settings, memory: "48MiB", power: "paused", disks: { data: { pool: "errpool-lost", size: "8MiB" } },
        });
      `);

      const failed = await project.up();
      expect(failed.code).not.toBe(0);
      const said = messagesOf(failed, "error", "lost").join("\n");
      for (const word of ["O_DIRECT", "disks.data (cache none)", path, '"auto"', "pulumi refresh", "on ramfs", "writeback"])
        expect(said).toContain(word);

      succeeds(await project.up());
      expect(await stateOf(project, "lost")).toMatchObject({ runningDisks: { data: { cache: "writeback" } } });
    },
    engineTestMs,
  );

  it(
    "what no libvirt takes is refused at preview, all of it at once",
    async () => {
      const file = "/srv/x.img";
      const group = (limit: number) => ({ throttle: { groupName: "g", totalIopsSec: limit } });
      const wrong: Readonly<Record<string, readonly [field: string, disk: object]>> = {
        port: ["nfs.server.port", { nfs: { server: { name: "nas", port: 2049 }, path: "/x" } }],
        wwn: ["wwn", { file, bus: "sata", wwn: "5000c50015ea71ad" }],
        vhost: ["bus", { vhostUser: { socket: "/run/a.sock" }, bus: "scsi" }],
        thread: ["iothread", { vhostUser: { socket: "/run/b.sock" }, iothread: 1 }],
        alone: ["throttle.groupName", { file: "/srv/y.img", throttle: { groupName: "solo" } }],
        first: ["", { file: "/srv/v.img", ...group(10) }],
        second: ["throttle", { file: "/srv/w.img", ...group(20) }],
      };
      const disks = Object.fromEntries(Object.entries(wrong).map(([key, [, disk]]) => [key, disk]));
      const project = await scene().project(
        `new kvm.VirtualMachine("wrong", { ...machine, disks: ${JSON.stringify(disks)} } as kvm.VirtualMachineArgs);`,
      );
      const preview = await project.preview();
      expect(preview.code).not.toBe(0);
      const said = messagesOf(preview, "error").join("\n");
      for (const [key, [field]] of Object.entries(wrong)) if (field !== "") expect(said).toContain(`disks.${key}.${field}`);
      expect(said).not.toContain("disks.first");
    },
    engineTestMs,
  );
});
