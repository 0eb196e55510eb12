// What goes wrong on a real host, and what is left of it: nothing half-made, and the next run goes on.
import { messagesOf, pluginPids, stepsOf } from "../../tools/lab/pulumi";
import { virsh, waitFor } from "../../tools/lab/lab";
import { cacheOf, describeScene, domainNames, engineTestMs, volumeNames, succeeds } from "./scene";

describeScene("failures", "fail", (scene) => {
  it(
    "keeps the VM and its definition when libvirt refuses the new one",
    async () => {
      const vm = (machineType: string) =>
        scene().program(`
        new kvm.VirtualMachine("steady", { ...machine, name: "steady", machine: ${JSON.stringify(machineType)}, disks: { root: { pool: ext4, size: "16MiB" } } });
      `);
      const project = await scene().project("");
      project.write(vm("pc"));
      succeeds(await project.up());
      const id = await virsh(scene().lab, "domid", "steady");
      const definition = await virsh(scene().lab, "dumpxml", "steady", "--inactive");

      project.write(vm("no-such-machine"));
      const typo = await project.preview();
      expect(typo.code).not.toBe(0);
      expect(messagesOf(typo, "error").join("\n")).toMatch(/machine[\s\S]*no-such-machine/);

      // A machine that QEMU has, and libvirt cannot put a virtio disk into.
      project.write(vm("isapc"));
      const refused = await project.up();
      expect(refused.code).not.toBe(0);
      expect(messagesOf(refused, "error").join("\n")).toMatch(/steady[\s\S]*stay as they were/);
      expect(await virsh(scene().lab, "domid", "steady")).toBe(id);
      expect(await virsh(scene().lab, "dumpxml", "steady", "--inactive")).toBe(definition);

      project.write(vm("pc"));
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "keeps a VM that was defined and could not be started, and finishes it when the program is mended",
    async () => {
      const vm = (kernel: string) =>
        scene().program(`
        const vm = new kvm.VirtualMachine("stuck", { ...machine, directBoot: { ...machine.directBoot${kernel} }, disks: { root: { pool: ext4, size: "16MiB" } } });
        export const uuid = vm.uuid;
      `);
      const project = await scene().project("");
      project.write(vm(', kernel: "/no/such/kernel"'));
      const failed = await project.up();
      expect(failed.code).not.toBe(0);
      expect(messagesOf(failed, "error").join("\n")).toMatch(/is defined, but is not as asked yet[\s\S]*\/no\/such\/kernel/);
      const [name] = (await domainNames(scene())).filter((each) => each.startsWith("stuck"));
      expect(await virsh(scene().lab, "domstate", name ?? "")).toBe("shut off");
      const { deployment } = await project.exportState();
      expect(JSON.stringify(deployment.resources?.find(({ urn }) => String(urn).endsWith("::stuck"))?.["initErrors"])).toContain(
        "is not as asked yet",
      );

      project.write(vm(""));
      const mended = await project.up();
      succeeds(mended);
      expect(stepsOf(mended)["stuck"]?.op).toBe("update");
      expect((await domainNames(scene())).filter((each) => each.startsWith("stuck"))).toEqual([name]);
      expect(await virsh(scene().lab, "domstate", name ?? "")).toBe("running");
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "has one VM and no orphan volume after a plugin killed in mid-create and another up",
    async () => {
      const project = await scene().project(`
        const vm = new kvm.VirtualMachine("killed", {
          ...machine,
          shutdownTimeoutSeconds: 1, // it is destroyed before it has booted
          disks: { root: { pool: ext4, size: "96MiB", format: "raw", preallocation: "full" }, data: { pool: ext4, size: "16MiB" } },
        });
      `);
      const volumes = async () => (await volumeNames(scene(), scene().ext4)).filter((each) => each.startsWith("killed"));
      const running = project.start("up", "--yes", "--skip-preview", "--stack", "test");
      await waitFor("the half-made VM", async () => (await domainNames(scene())).some((each) => each.startsWith("killed")));
      for (const pid of pluginPids(running.pid)) process.kill(pid, "SIGKILL");
      expect((await running.result).code).not.toBe(0);
      expect((await domainNames(scene())).filter((each) => each.startsWith("killed"))).toHaveLength(1);

      const again = await project.up();
      succeeds(again);
      const [name, ...others] = (await domainNames(scene())).filter((each) => each.startsWith("killed"));
      expect(others).toEqual([]);
      expect(await virsh(scene().lab, "domstate", name ?? "")).toBe("running");
      expect((await volumes()).sort()).toEqual([`${name ?? ""}-data.qcow2`, `${name ?? ""}-root.img`]);

      succeeds(await project.destroy());
      expect(await volumes()).toEqual([]);
    },
    engineTestMs,
  );

  it(
    "turns QEMU's O_DIRECT refusal at a start into the planner's words",
    async () => {
      // The program says that the storage can do it: facts that are no longer true.
      const project = await scene().project(`
        const host = new kvm.HostDefaults("host", {});
        const settings = host.settings.apply((known) => ({
          ...known,
          facts: { ...known.facts, pools: { [ramfs]: { ...known.facts.pools[ramfs]!, kind: "ext4" as const, fileSystem: "ext4", directIo: "yes" as const } } },
        }));
        new kvm.VirtualMachine("misled", { ...machine, host: settings, disks: { root: { pool: ramfs, size: "16MiB", cache: "none" } } });
      `);
      const failed = await project.up();
      expect(failed.code).not.toBe(0);
      const said = messagesOf(failed, "error").join("\n");
      // The storage was looked at again: what the planner says of it now, not of the facts that were no longer true.
      for (const word of ["disks.root.cache", "direct I/O", "is on ramfs", scene().ramfs.path, 'cache: "auto"'])
        expect(said).toContain(word);
      const [name] = (await domainNames(scene())).filter((each) => each.startsWith("misled"));
      expect(await cacheOf(scene(), name ?? "", "stored")).toBe("none");
    },
    engineTestMs,
  );
});
