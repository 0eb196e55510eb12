// Every storage that a machine can run for real: on each a VM starts with the mode that `auto` chose, with the stated reason, and with every other mode
// that the storage allows; those that it does not allow are refused at preview.
import {
  addBlockDevice,
  addStorage,
  cephExec,
  cephUp,
  hostExec,
  iscsiUp,
  missingFor,
  nfsUp,
  removeStorage,
  virsh,
} from "../../tools/lab/lab";
import type { StorageKind } from "../../tools/lab/lab";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { cacheOf, describeScene, engineTestMs, stateOf, succeeds } from "./scene";
import type { Scene } from "./scene";

const modes = ["none", "writeback", "writethrough", "directsync", "unsafe"] as const;
type Mode = (typeof modes)[number];
const wishes = ["auto", ...modes] as const;

/** What is expected of a storage, and how a disk on it is written in a program. */
interface Storage {
  readonly name: string;
  readonly auto: Mode;
  readonly reason: RegExp;
  readonly forbidden: readonly Mode[];
  /** Only a file with a name, or QEMU, can tell there: nothing of that happens at preview. */
  readonly openAtPreview?: true;
}

const folders: readonly (Storage & { readonly name: StorageKind })[] = [
  { name: "ext4", auto: "none", reason: /on ext4, where direct I\/O works/, forbidden: [] },
  { name: "xfs", auto: "none", reason: /on xfs, where direct I\/O works/, forbidden: [] },
  // Linux 6.14 or newer, where btrfs itself goes through the page cache; the rule for older kernels is in the planner's own table.
  { name: "btrfs", auto: "none", reason: /on btrfs/, forbidden: [] },
  { name: "tmpfs", auto: "none", reason: /on tmpfs/, forbidden: [] },
  { name: "ramfs", auto: "writeback", reason: /on ramfs, which has no direct I\/O/, forbidden: ["none", "directsync"] },
  { name: "zfs", auto: "none", reason: /on fuse\.zfs, where direct I\/O works/, forbidden: [], openAtPreview: true },
];

const others: readonly Storage[] = [
  { name: "block", auto: "none", reason: /block storage/, forbidden: [] },
  { name: "rbd", auto: "writeback", reason: /Ceph RBD.*librbd/, forbidden: [] },
  { name: "iscsi", auto: "none", reason: /iSCSI/, forbidden: [] },
  { name: "nfs", auto: "none", reason: /NFS/i, forbidden: [] },
];

/** The disk of the machine `wish` on a storage, as an expression of the program. */
type DiskOf = Readonly<Record<string, (wish: string) => string>>;

const folderMiB = 320;
const diskMiB = 8;

async function stageFolders({ lab }: Scene): Promise<DiskOf> {
  for (const { name } of folders) {
    const path = await addStorage(lab, `all-${name}`, name, folderMiB);
    await virsh(lab, "pool-define-as", `all-${name}`, "dir", "--target", path);
    await virsh(lab, "pool-start", `all-${name}`);
  }
  return Object.fromEntries(folders.map(({ name }) => [name, () => `{ pool: "all-${name}", size: "${diskMiB}MiB" }`]));
}

/** Each machine has a device, an image or a unit of its own: QEMU locks what it writes to. */
async function stageOthers({ lab }: Scene): Promise<DiskOf> {
  const ceph = await cephUp(lab);
  const nfs = await nfsUp(lab);
  const devices = new Map<string, string>();
  const units = new Map<string, object>();
  for (const [index, wish] of wishes.entries()) {
    devices.set(wish, await addBlockDevice(lab, `every-${wish}`, diskMiB));
    const { portal, port, target, lun, user, password } = await iscsiUp(lab, { lun: index + 1 });
    units.set(wish, { portal: { name: portal, port }, target, lun, username: user, password });
    await cephExec(lab, "rbd", "create", `${ceph.pool}/every-${wish}`, "--size", `${diskMiB}M`);
    await hostExec(lab, "truncate", `--size=${diskMiB}M`, `${nfs.folder}/every-${wish}.img`);
  }
  const { monitors: hosts, user: username, key, pool } = ceph;
  return {
    block: (wish) => JSON.stringify({ file: devices.get(wish) }),
    rbd: (wish) => JSON.stringify({ rbd: { name: `${pool}/every-${wish}`, hosts, username, key } }),
    iscsi: (wish) => JSON.stringify({ iscsi: units.get(wish) }),
    nfs: (wish) =>
      JSON.stringify({ nfs: { server: { name: nfs.server }, path: `${nfs.export}/every-${wish}.img`, user: "+0", group: "+0" } }),
  };
}

const machine = (storage: string, wish: string, disk: string) => `
  new kvm.VirtualMachine("${storage}-${wish}", {
    ...machine, name: "${storage}-${wish}", host: host.settings, memory: "48MiB", power: "paused",
    disks: { root: { ...(${disk}), cache: "${wish}" } },
  } as kvm.VirtualMachineArgs);`;

const missing = missingFor("ceph", "iscsi", "nfs", "zfs", "block");

describeScene(
  "a VM on every storage, with every mode",
  "every",
  (scene) => {
    let diskOf: DiskOf;
    let project: PulumiProject;
    const opening = `const host = new kvm.HostDefaults("host", {});`;

    beforeAll(async () => {
      diskOf = { ...(await stageFolders(scene())), ...(await stageOthers(scene())) };
      const allowed = [...folders, ...others].flatMap(({ name, forbidden }) =>
        wishes
          .filter((wish) => wish === "auto" || !forbidden.includes(wish))
          .map((wish) => machine(name, wish, diskOf[name]?.(wish) ?? "")),
      );
      project = await scene().project(opening + allowed.join(""));
    }, engineTestMs);

    afterAll(async () => {
      // The scene has destroyed the project before.
      for (const { name } of folders) {
        await virsh(scene().lab, "pool-destroy", `all-${name}`);
        await virsh(scene().lab, "pool-undefine", `all-${name}`);
        await removeStorage(scene().lab, `all-${name}`);
      }
    }, engineTestMs);

    it(
      "says at preview what auto gives on each, and why",
      async () => {
        const preview = await project.preview();
        succeeds(preview);
        const steps = stepsOf(preview);
        for (const { name, auto, reason, openAtPreview } of [...folders, ...others]) {
          const planned = steps[`${name}-auto`]?.new?.inputs?.["effectiveDisks"] as Record<string, unknown> | undefined;
          const expected = openAtPreview === true ? undefined : { cache: auto, reason: expect.stringMatching(reason) as string };
          expect([name, planned?.["root"]]).toMatchObject([name, expected]);
        }
      },
      engineTestMs,
    );

    it(
      "starts every machine with the mode that was planned or asked for, and then has no changes",
      async () => {
        succeeds(await project.up());
        for (const { name, auto, reason, forbidden } of [...folders, ...others]) {
          const { effectiveDisks } = await stateOf(project, `${name}-auto`);
          expect([name, effectiveDisks]).toMatchObject([name, { root: { cache: auto, reason: expect.stringMatching(reason) as string } }]);
          for (const wish of wishes.filter((each) => each === "auto" || !forbidden.includes(each))) {
            const domain = `${name}-${wish}`;
            expect([domain, await cacheOf(scene(), domain, "running")]).toEqual([domain, wish === "auto" ? auto : wish]);
          }
        }
        succeeds(await project.preview("--expect-no-changes"));
      },
      engineTestMs,
    );

    it("shows no password: not in the state, nor in what libvirt tells", async () => {
      const text = JSON.stringify(await project.exportState());
      const iscsi = JSON.stringify(await stateOf(project, "iscsi-auto"));
      expect(iscsi).toContain("iqn.");
      const { password } = await iscsiUp(scene().lab);
      const { key } = await cephUp(scene().lab);
      for (const secret of [password, key]) {
        expect(text).not.toContain(secret);
        expect(await virsh(scene().lab, "dumpxml", "iscsi-auto", "--security-info")).not.toContain(secret);
        expect(await virsh(scene().lab, "dumpxml", "rbd-auto", "--security-info")).not.toContain(secret);
      }
    });

    it(
      "refuses at preview what a storage cannot do",
      async () => {
        const wrong = folders.flatMap(({ name, forbidden }) =>
          forbidden.map((mode) => ({ name, mode, text: machine(name, mode, diskOf[name]?.(mode) ?? "") })),
        );
        for (const { name, mode, text } of wrong) {
          const refused = await scene().project(opening + text);
          const preview = await refused.preview();
          expect([name, mode, preview.code]).not.toEqual([name, mode, 0]);
          expect(messagesOf(preview, "error").join("\n")).toMatch(new RegExp(`disks\\.root\\.cache.*${name}`, "s"));
        }
      },
      engineTestMs,
    );

    it(
      "leaves no machine and no secret",
      async () => {
        succeeds(await project.destroy());
        expect(await virsh(scene().lab, "list", "--all", "--name")).toBe("");
        expect(await virsh(scene().lab, "secret-list")).toBe("");
      },
      engineTestMs,
    );
  },
  missing,
);
