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
            smbios: { system: { serial: "a <b> & c" } }, input: { tablet: "usb" }, shares: { host: { source: "/tmp" } }, ${more}
          });
        `);
        const display = (password: string, more = "") =>
          `graphics: "vnc", graphicsSettings: { password: "${password}" }, channels: { "org.example.0": { unix: {} }, ${more} },`;
        const before = await traces();
        const project = await scene().project("");
        project.write(vm(`power: "paused", ${display("one<1>")}`));
        succeeds(await project.up());
        const during = await traces();
        expect(during).toContain("secure_VARS.fd");
        expect(during).toContain(String((await stateOf(project, "secure"))["uuid"]));
        expect(await virsh(lab, "dumpxml", "secure")).toMatch(/secure='yes'[^]*<smm state='on'\/>[^]*<tpm model='tpm-crb'>/);
        succeeds(await project.refresh());
        succeeds(await project.preview("--expect-no-changes"));

        // What the board is made of waits, and is announced; the display's password and channels do not.
        project.write(vm(`power: "paused", rng: false, ${display("two<2>", '"org.example.1": { unix: {} }')}`));
        const preview = await project.preview("--diff");
        succeeds(preview);
        expect(messagesOf(preview, "warning").join("\n")).toContain("rng");
        expect(messagesOf(preview, "warning").join("\n")).not.toContain("graphics");
        succeeds(await project.up());
        expect(await virsh(lab, "dumpxml", "--security-info", "secure")).toMatch(/passwd='two&lt;2&gt;'/);
        expect(await virsh(lab, "dumpxml", "secure")).toMatch(/<filesystem [^]*org\.example\.1[^]*<input type='tablet'/);
        expect(await stateOf(project, "secure")).toMatchObject({ restartPending: true, pendingChanges: ["rng: true => false"] });

        project.write(vm('power: "stopped", rng: false, graphics: "none"'));
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
            graphics: "vnc", graphicsSettings: { listen: "127.0.0.2", port: 5999 }, videoSettings: { heads: 1 }, sound: {}, guestAgent: true,
            shares: { media: { source: "/srv/media", driver: "9p", readonly: true } }, hostDevices: { card: { pci: "0000:3b:00.0" } },
            serial: { tcp: { port: 4001 } }, serials: { log: { file: "/tmp/donor.log" } }, consoles: { hvc: { pty: true } },
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
