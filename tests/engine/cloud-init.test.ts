// cloud-init's seed and Ignition's file through the real engine: on real storage, seen by a real guest, read back by another program, and gone with the VM.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readGuestLog } from "../../tools/lab/guest-log";
import type { GuestView } from "../../tools/lab/guest-log";
import { hostExec, virsh, waitFor } from "../../tools/lab/lab";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import type { CommandResult, PulumiProject } from "../../tools/lab/pulumi";
import { describeScene, domainNames, engineTestMs, stateOf, succeeds, volumeNames } from "./scene";
import type { Scene } from "./scene";

const missingPart = spawnSync("isoinfo", ["-version"]).error === undefined ? undefined : "needs isoinfo, from genisoimage";

/** The guest boots in 3 s on a free core; twenty times that is a guest that does not come. */
const bootMs = 60_000;
const mib = 2 ** 20;
const rootMiB = 8;
const password = "correct-horse-battery";

const seedPath = ({ ext4 }: Scene, vm: string) => `${ext4.path}/${vm}-cidata.iso`;
const seedFile = (scene: Scene, vm: string, name: string) =>
  execFileSync("isoinfo", ["-R", "-i", seedPath(scene, vm), "-x", `/${name}`]).toString();
const instanceIdOf = (scene: Scene, vm: string) => /instance-id: (\S+)/.exec(seedFile(scene, vm, "meta-data"))?.[1];

/** No secret is in anything that the command said; what the program's own library notes for its debugging is none of ours. */
function keepsSecrets(result: CommandResult): CommandResult {
  succeeds(result);
  const events = result.events.filter(({ diagnosticEvent }) => diagnosticEvent?.severity !== "debug");
  const said = [result.stdout, result.stderr, ...events.map((event) => JSON.stringify(event))];
  expect(said.filter((text) => text.includes(password))).toEqual([]);
  return result;
}

describeScene(
  "a VM with cloudInit",
  "seed",
  (scene) => {
    const vm = "seeded";
    let project: PulumiProject;

    const write = (userData: object, more: object = {}) =>
      project.write(
        scene().program(`
          new kvm.VirtualMachine("${vm}", {
            ...machine, name: "${vm}", memory: "96MiB",
            serial: { file: "${scene().ramfs.path}/${vm}.log" },
            disks: { root: { pool: ext4, size: "${rootMiB}MiB" } },
            cloudInit: { userData: ${JSON.stringify(userData)}, users: { ann: { sshKeys: ["ssh-ed25519 AAAA ann"] } }, networkConfig: { version: 2 } },
            ...${JSON.stringify(more)},
          });
        `),
      );
    const ticking = (accepts: (view: GuestView) => boolean = () => true) =>
      waitFor(
        "the guest's tick",
        () => {
          const view = readGuestLog(`${scene().ramfs.path}/${vm}.log`);
          return view !== undefined && accepts(view) ? view : undefined;
        },
        bootMs,
      );
    const first = { password, timezone: "UTC" };
    const other = { password, timezone: "Europe/Berlin" };

    beforeAll(async () => {
      project = await scene().project("");
      write(first);
    }, engineTestMs);

    it(
      "boots with the seed as a read-only disk of its size, holds what was asked for, and stays as it is",
      async () => {
        keepsSecrets(await project.preview());
        keepsSecrets(await project.up());
        const { disks } = await ticking();
        expect(disks).toEqual({ vda: rootMiB * mib, vdb: mib });
        expect(seedFile(scene(), vm, "user-data")).toBe(
          `#cloud-config\npassword: ${password}\ntimezone: UTC\nusers:\n  - default\n  - name: ann\n    ssh_authorized_keys:\n      - ssh-ed25519 AAAA ann\n`,
        );
        expect(seedFile(scene(), vm, "meta-data")).toMatch(/^instance-id: iid-[0-9a-f-]{36}\nlocal-hostname: seeded\n$/);
        expect(seedFile(scene(), vm, "network-config")).toBe("version: 2\n");
        expect(execFileSync("blkid", ["-p", "-o", "value", "-s", "LABEL", seedPath(scene(), vm)]).toString()).toBe("cidata\n");
        expect(await virsh(scene().lab, "dumpxml", vm, "--security-info")).not.toContain(password);
        expect(JSON.stringify(await project.exportState())).not.toContain(password);
        keepsSecrets(await project.preview("--expect-no-changes"));
        keepsSecrets(await project.up("--expect-no-changes", "--refresh"));
      },
      engineTestMs,
    );

    it(
      "newInstanceId: gets another seed while it runs, and hears of it at the next boot",
      async () => {
        const [before, { bootId }] = [instanceIdOf(scene(), vm), await ticking()];
        write(other);
        const preview = keepsSecrets(await project.preview());
        expect(messagesOf(preview, "warning").join("\n")).toMatch(
          /cloudInit: .*cloud-init runs again with a new instance-id: at the next cold start/,
        );
        expect(stepsOf(preview)[vm]?.op).toBe("update");
        keepsSecrets(await project.up());
        expect(instanceIdOf(scene(), vm)).not.toBe(before);
        expect(seedFile(scene(), vm, "user-data")).toContain("Europe/Berlin");
        expect(await stateOf(project, vm)).toMatchObject({ restartPending: true });
        expect((await ticking()).bootId).toBe(bootId);

        write(other, { applyChanges: "restart" });
        const now = instanceIdOf(scene(), vm);
        keepsSecrets(await project.up());
        const { disks } = await ticking((view) => view.bootId !== bootId);
        expect(disks).toEqual({ vda: rootMiB * mib, vdb: mib });
        expect(instanceIdOf(scene(), vm)).toBe(now);
        expect(await stateOf(project, vm)).toMatchObject({ restartPending: false, pendingChanges: [] });
      },
      engineTestMs,
    );

    it(
      "ignore: keeps its seed, and says so",
      async () => {
        const before = readFileSync(seedPath(scene(), vm));
        write(first, { cloudInitChange: "ignore" });
        const up = keepsSecrets(await project.up());
        expect(messagesOf(up, "warning").join("\n")).toMatch(/cloudInit: other content: the VM keeps the seed that it has/);
        expect(readFileSync(seedPath(scene(), vm)).equals(before)).toBe(true);
        keepsSecrets(await project.preview("--expect-no-changes"));
      },
      engineTestMs,
    );

    it(
      "has a seed that other hands deleted made anew, for the same instance",
      async () => {
        write(first);
        keepsSecrets(await project.up());
        const before = instanceIdOf(scene(), vm);
        await virsh(scene().lab, "vol-delete", `${vm}-cidata.iso`, "--pool", scene().ext4.name);
        keepsSecrets(await project.up("--refresh"));
        expect(instanceIdOf(scene(), vm)).toBe(before);
        keepsSecrets(await project.preview("--expect-no-changes", "--refresh"));
      },
      engineTestMs,
    );

    it(
      "reprovision: is replaced by another VM",
      async () => {
        const uuid = await virsh(scene().lab, "domuuid", vm);
        write(other, { cloudInitChange: "reprovision" });
        const preview = keepsSecrets(await project.preview());
        expect(Object.keys(stepsOf(preview)[vm]?.detailedDiff ?? {})).toContain("cloudInit");
        keepsSecrets(await project.up());
        expect(await virsh(scene().lab, "domuuid", vm)).not.toBe(uuid);
        expect(seedFile(scene(), vm, "user-data")).toContain("Europe/Berlin");
        keepsSecrets(await project.preview("--expect-no-changes"));
      },
      engineTestMs,
    );

    it(
      "leaves nothing when it goes",
      async () => {
        keepsSecrets(await project.destroy());
        expect(await domainNames(scene())).toEqual([]);
        expect(await volumeNames(scene(), scene().ext4)).toEqual([]);
      },
      engineTestMs,
    );
  },
  missingPart,
);

describeScene("a VM with ignition", "ignite", (scene) => {
  it(
    "starts with the file in QEMU's fw_cfg, and takes it along when it goes",
    async () => {
      const vm = "ignited";
      const config = { ignition: { version: "3.4.0" }, passwd: { users: [{ name: "core", passwordHash: password }] } };
      const project = await scene().project(`
        new kvm.VirtualMachine("${vm}", {
          ...machine, name: "${vm}", power: "paused",
          disks: { root: { pool: ext4, size: "${rootMiB}MiB" } },
          ignition: ${JSON.stringify(config)},
        });
      `);
      keepsSecrets(await project.up());
      const path = `${scene().ext4.path}/${vm}-ignition.json`;
      expect(readFileSync(path, "utf8")).toBe(JSON.stringify(config));
      const arguments_ = await hostExec(scene().lab, "sh", "-c", `tr '\\0' '\\n' < /proc/$(cat /run/libvirt/qemu/${vm}.pid)/cmdline`);
      expect(arguments_).toContain(`name=opt/com.coreos/config,file=${path}`);
      expect(await virsh(scene().lab, "dumpxml", vm, "--security-info")).not.toContain(password);
      expect(JSON.stringify(await project.exportState())).not.toContain(password);
      keepsSecrets(await project.preview("--expect-no-changes", "--refresh"));
      keepsSecrets(await project.destroy());
      expect(await volumeNames(scene(), scene().ext4)).toEqual([]);
    },
    engineTestMs,
  );
});
