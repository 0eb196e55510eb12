// Disks that come to a running guest and go from it, and their limits: on real QEMU, seen by the guest, by libvirt and in the stack.
import { iscsiUp, missingFor, virsh, waitFor } from "../../tools/lab/lab";
import { readGuestLog } from "../../tools/lab/guest-log";
import type { GuestView } from "../../tools/lab/guest-log";
import { messagesOf } from "../../tools/lab/pulumi";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { describeScene, engineTestMs, stateOf, succeeds, volumeNames } from "./scene";
import type { Scene } from "./scene";

/** The guest boots in 3 s on a free core; twenty times that is a guest that does not come. */
const bootMs = 60_000;
const mib = 2 ** 20;
/** Sizes by which the guest's log tells the disks apart. */
const sizeMiB = { root: 8, data: 12, unit: 20 } as const;
/** A unit of this file's own: one that is there already keeps its size. */
const unitNumber = 35;

/** The disks by key; the root's may say more than where it lies. */
type Disks = Readonly<Record<string, object>>;

interface Guest {
  readonly project: PulumiProject;
  readonly name: string;
  /** Writes the program with these disks; the root's is always among them. */
  write(disks: Disks, power?: "running" | "paused"): void;
  /** The guest's next tick that is as wanted. */
  ticking(accepts?: (view: GuestView) => boolean): Promise<GuestView>;
  xml(): Promise<string>;
  /** Of the domain and of the boot: one that stays is not started anew. */
  identity(): Promise<readonly [domainId: string, bootId: string]>;
}

async function startGuest(scene: Scene, name: string, machineType: string, disks: Disks): Promise<Guest> {
  const log = `${scene.ramfs.path}/${name}.log`;
  const program = ({ root, ...others }: Disks, power = "running") =>
    scene.program(`
      new kvm.VirtualMachine("${name}", {
        ...machine, name: "${name}", machine: "${machineType}", memory: "96MiB", unplugTimeoutSeconds: 3, power: "${power}",
        serial: { file: "${log}" },
        disks: ${JSON.stringify({ root: { pool: scene.ext4.name, size: `${sizeMiB.root}MiB`, ...root }, ...others })},
      } as kvm.VirtualMachineArgs);
    `);
  const project = await scene.project("");
  project.write(program(disks));
  const ticking = (accepts: (view: GuestView) => boolean = () => true) =>
    waitFor(
      "the guest's tick",
      () => {
        const view = readGuestLog(log);
        return view !== undefined && accepts(view) ? view : undefined;
      },
      bootMs,
    );
  succeeds(await project.up());
  await ticking();
  return {
    project,
    name,
    ticking,
    write: (wanted, power) => project.write(program(wanted, power)),
    xml: () => virsh(scene.lab, "dumpxml", name),
    identity: async () => [await virsh(scene.lab, "domid", name), (await ticking()).bootId],
  };
}

const sorted = (sizes: readonly number[]) => sizes.toSorted((left, right) => left - right).join(" ");

const hasDisks =
  (...sizesMiB: readonly number[]) =>
  ({ disks }: GuestView) =>
    sorted(Object.values(disks)) === sorted(sizesMiB.map((size) => size * mib));

const settled = { restartPending: false, pendingChanges: [] } as const;

/** Names of a guest's volumes, without its own name. */
async function volumesOf(scene: Scene, { name }: Guest): Promise<string[]> {
  const names = await volumeNames(scene, scene.ext4);
  return names.filter((each) => each.startsWith(`${name}-`)).map((each) => each.slice(name.length + 1));
}

const dataDisk = (scene: Scene) => ({ pool: scene.ext4.name, size: `${sizeMiB.data}MiB` });

describeScene("disks of a running machine of the type pc", "plug", (scene) => {
  let guest: Guest;
  const rootTuning = { iothread: 1, queues: 2, serial: "ROOT-1" };

  beforeAll(async () => {
    guest = await startGuest(scene(), "plug-pc", "pc", { root: rootTuning });
  }, engineTestMs);

  it("starts with the I/O thread, the queues and the serial number that were asked for", async () => {
    const xml = await guest.xml();
    expect(xml).toMatch(/<driver [^>]*queues='2' iothread='1'|<driver [^>]*iothread='1'[^>]* queues='2'/);
    expect(xml).toContain("<serial>ROOT-1</serial>");
    expect(await virsh(scene().lab, "iothreadinfo", guest.name)).toMatch(/^\s*1\s/m);
  });

  it(
    "a disk comes and limits are set, and both go: the same boot, and the disk's volume is deleted",
    async () => {
      const before = await guest.identity();
      const limits = () => virsh(scene().lab, "blkdeviotune", guest.name, "vda");
      const throttle = { totalIopsSec: 500, readBytesSec: "10MiB", writeBytesSec: "5MiB" };
      guest.write({ root: { ...rootTuning, throttle }, data: { ...dataDisk(scene()), serial: "DATA-1" } });
      const preview = await guest.project.preview();
      const foretold = messagesOf(preview, "info", guest.name).join("\n");
      expect(foretold).toMatch(/disks\.data: .*: live$/m);
      expect(foretold).toMatch(/disks\.root\.throttle.*: live$/m);
      expect(messagesOf(preview, "warning", guest.name)).toEqual([]);
      succeeds(await guest.project.up());
      await guest.ticking(hasDisks(sizeMiB.root, sizeMiB.data));
      expect(await guest.xml()).toContain("<serial>DATA-1</serial>");
      expect(await limits()).toMatch(/read_bytes_sec\s*: 10485760[\s\S]*write_bytes_sec\s*: 5242880[\s\S]*total_iops_sec\s*: 500/);
      expect(await stateOf(guest.project, guest.name)).toMatchObject(settled);

      guest.write({ root: rootTuning });
      const removal = await guest.project.preview();
      expect(messagesOf(removal, "info", guest.name).join("\n")).toMatch(/disks\.data: .*: live, if the guest lets go of it$/m);
      succeeds(await guest.project.up());
      await guest.ticking(hasDisks(sizeMiB.root));
      expect(await limits()).not.toMatch(/: [1-9]/);
      expect(await guest.xml()).not.toContain("<iotune>");
      expect(await guest.identity()).toEqual(before);
      expect(await volumesOf(scene(), guest)).toEqual(["root.qcow2"]);
      expect(await stateOf(guest.project, guest.name)).toMatchObject(settled);
      succeeds(await guest.project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "a disk that the guest holds on to is pending, not gone; when the guest has let go, the next up settles it",
    async () => {
      guest.write({ root: rootTuning, data: dataDisk(scene()) });
      succeeds(await guest.project.up());
      await guest.ticking(hasDisks(sizeMiB.root, sizeMiB.data));
      const before = await guest.identity();

      // Nobody in the guest answers while its CPUs stand still.
      await virsh(scene().lab, "suspend", guest.name);
      guest.write({ root: rootTuning }, "paused");
      const up = await guest.project.up();
      succeeds(up);
      const said = messagesOf(up, "warning", guest.name).join("\n");
      expect(said).toMatch(/disks\.data: .*within the time limit \(unplugTimeoutSeconds\)/);
      expect(said).toMatch(/waits for the next cold start of plug-pc: disks\.data/);
      expect(await stateOf(guest.project, guest.name)).toMatchObject({
        restartPending: true,
        pendingChanges: [expect.stringContaining("disks.data") as string],
      });
      expect(await volumesOf(scene(), guest)).toEqual(["data.qcow2", "root.qcow2"]);

      await virsh(scene().lab, "resume", guest.name);
      guest.write({ root: rootTuning });
      await guest.ticking(hasDisks(sizeMiB.root));
      succeeds(await guest.project.refresh());
      succeeds(await guest.project.up());
      expect(await stateOf(guest.project, guest.name)).toMatchObject(settled);
      expect(await volumesOf(scene(), guest)).toEqual(["root.qcow2"]);
      expect(await guest.identity()).toEqual(before);

      guest.write({ root: { ...rootTuning, iothread: 2 } });
      const waits = await guest.project.preview();
      expect(messagesOf(waits, "warning", guest.name)).toEqual([
        expect.stringMatching(/^disks\.root\.iothread: 1 => 2: at the next cold start/) as string,
      ]);
    },
    engineTestMs,
  );
});

describeScene(
  "disks of a running machine of the type q35",
  "plug35",
  (scene) => {
    it(
      "six come while it runs, one of them by iSCSI with a password that is wrong at first, and go, with the secret; a World Wide Name is told on scsi",
      async () => {
        const { lab } = scene();
        const { portal, port, target, lun, user, password } = await iscsiUp(lab, { lun: unitNumber, sizeMiB: sizeMiB.unit });
        const named = { ...dataDisk(scene()), bus: "scsi", wwn: "5000c50015ea71ad" };
        const guest = await startGuest(scene(), "plug-q35", "q35", { named });
        expect(await guest.xml()).toContain(`<wwn>${named.wwn}</wwn>`);
        const [before, boot] = [await guest.identity(), await guest.ticking()];

        const san = { iscsi: { portal: { name: portal, port }, target, lun, username: user, password } };
        const local = ["a", "b", "c", "d", "e"];
        const wanted = { named, san, ...Object.fromEntries(local.map((key) => [key, dataDisk(scene())])) };
        guest.write({ ...wanted, san: { iscsi: { ...san.iscsi, password: "not-the-password" } } });
        const locked = await guest.project.up();
        expect(locked.code).not.toBe(0);
        expect(messagesOf(locked, "error", guest.name).join("\n")).toMatch(/disks\.san.*iscsi\.username.*iscsi\.password/s);
        guest.write(wanted);
        succeeds(await guest.project.up());
        const there = Object.values(boot.disks).map((bytes) => bytes / mib);
        await guest.ticking(hasDisks(...there, ...local.map(() => sizeMiB.data), sizeMiB.unit));
        expect(await stateOf(guest.project, guest.name)).toMatchObject(settled);
        expect(await virsh(lab, "secret-list")).toContain("plug-q35 san");

        guest.write({ named });
        succeeds(await guest.project.up());
        await guest.ticking(hasDisks(...there));
        expect(await guest.identity()).toEqual(before);
        expect(await volumesOf(scene(), guest)).toEqual(["named.qcow2", "root.qcow2"]);
        expect(await virsh(lab, "secret-list")).not.toContain("plug-q35");
        expect(await stateOf(guest.project, guest.name)).toMatchObject(settled);
        succeeds(await guest.project.preview("--expect-no-changes"));
      },
      engineTestMs,
    );
  },
  missingFor("iscsi"),
);
