// Firmware and platform through the engine: UEFI with secure boot and a TPM from its making to its end, and a change of the board that waits.
import { existsSync } from "node:fs";
import { hostExec, virsh } from "../../tools/lab/lab";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { describeScene, engineTestMs, stateOf, succeeds } from "./scene";

const wantedFiles = ["/usr/bin/swtpm", "/usr/bin/swtpm_setup", "/usr/share/OVMF/OVMF_CODE_4M.ms.fd"];
const missing = wantedFiles.filter((file) => !existsSync(file));
const because = missing.length === 0 ? undefined : `needs ${missing.join(", ")}, from the packages ovmf, swtpm and swtpm-tools`;

describeScene(
  "platform",
  "plat",
  (scene) => {
    it(
      "makes a UEFI machine with a TPM, starts and stops it, and leaves no variables and no TPM state behind",
      async () => {
        const { lab } = scene();
        const traces = () => hostExec(lab, "find", "/var/lib/libvirt", "-path", "*/nvram/*", "-o", "-path", "*/swtpm/*");
        const vm = (more: string) =>
          scene().program(`
          new kvm.VirtualMachine("secure", {
            name: "secure", memory: "128MiB", accelerator: "qemu", shutdownTimeoutSeconds: 1,
            machine: "q35", firmware: "uefi", uefi: { secureBoot: true, enrolledKeys: true }, tpm: {}, watchdog: { action: "pause" },
            smbios: { system: { serial: "a <b> & c" } }, ${more}
          });
        `);
        const before = await traces();
        const project = await scene().project("");
        project.write(vm('power: "paused"'));
        succeeds(await project.up());
        const during = await traces();
        expect(during).toContain("secure_VARS.fd");
        expect(during).toContain(String((await stateOf(project, "secure"))["uuid"]));
        expect(await virsh(lab, "dumpxml", "secure")).toMatch(/secure='yes'[^]*<smm state='on'\/>[^]*<tpm model='tpm-crb'>/);
        succeeds(await project.refresh());
        succeeds(await project.preview("--expect-no-changes"));

        // What the board is made of waits, and is announced.
        project.write(vm('power: "paused", rng: false'));
        const preview = await project.preview("--diff");
        succeeds(preview);
        expect(messagesOf(preview, "warning").join("\n")).toContain("rng");
        succeeds(await project.up());
        expect(await stateOf(project, "secure")).toMatchObject({ restartPending: true, pendingChanges: ["rng: true => false"] });

        project.write(vm('power: "stopped", rng: false'));
        const stopped = await project.up();
        succeeds(stopped);
        expect(stepsOf(stopped)["secure"]?.op).toBe("update");
        expect(await stateOf(project, "secure")).toMatchObject({ restartPending: false });
        // Off, it keeps both.
        expect(await traces()).toBe(during);
        succeeds(await project.destroy());
        expect(await traces()).toBe(before);
      },
      engineTestMs,
    );

    it(
      "makes a stopped machine with all of it, finds no change in it, and imports it untouched",
      async () => {
        const { lab } = scene();
        const project = await scene().project(`
          new kvm.VirtualMachine("donor", {
            name: "donor", memory: "256MiB", cpus: 2, accelerator: "qemu", machine: "q35", firmware: "uefi", uefi: { secureBoot: false },
            tpm: { model: "tpm-tis" }, cpu: { model: "qemu64", features: { aes: "optional" }, topology: { cores: 2 } },
            pinning: { vcpus: { "0": "0,1" }, emulator: "0" },
            numa: { cells: [{ cpus: "0", memory: "128MiB" }, { cpus: "1", memory: "131072KiB" }] },
            memoryBacking: { source: "memfd", access: "shared" }, hyperv: true, panic: {}, balloon: { freePageReporting: true },
            clock: { offset: "localtime", timers: { hpet: { present: false } } }, features: { pmu: false }, power: "stopped",
          });
        `);
        succeeds(await project.up());
        const definition = await virsh(lab, "dumpxml", "--inactive", "donor");
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.refresh());
        succeeds(await project.preview("--expect-no-changes"));
        const heir = await scene().project("");
        const imported = await heir.import("kvm:index:VirtualMachine", "heir", "donor");
        succeeds(imported);
        expect(await stateOf(heir, "heir")).toMatchObject({ name: "donor" });
        expect(await virsh(lab, "dumpxml", "--inactive", "donor")).toBe(definition);
      },
      engineTestMs,
    );
  },
  because,
);
