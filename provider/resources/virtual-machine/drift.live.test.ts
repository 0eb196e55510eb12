// A machine with nearly every input on a real libvirt: what libvirt fills in, expands, renames and counts is never a difference, before, while and after it runs.
import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeOrSkip, describeWithHost, hostExec, restartDaemon, virsh } from "../../../tools/lab/lab";
import { createHostObserver } from "../../host/observe-host";
import { createImageSources } from "../../images/image-sources";
import { connectLibvirt } from "../../libvirt/connect";
import type { Libvirt } from "../../libvirt/port";
import { createResourceDriver, type ResourceDriver } from "../../testing/resource-driver";
import type { Values } from "../resource";
import { without } from "../values";
import { virtualMachine } from "./virtual-machine";

const timeoutMs = 60_000;
const mib = 2 ** 20;
const name = `drift${process.pid % 100_000}`;
const bridge = `${name.slice(0, 12)}b`;

jest.setTimeout(240_000);

/** Nearly every input, each with a value that libvirt adds something to. */
const programIn = (folder: string): Values => ({
  name,
  description: "two\n lines <b> & more",
  memory: "96MiB",
  maxMemory: "128MiB",
  cpus: 1,
  maxCpus: 2,
  machine: "q35",
  accelerator: "qemu",
  autostart: true,
  shutdownTimeoutSeconds: 0,
  onCrash: "preserve",
  firmware: "uefi",
  tpm: { model: "tpm-crb" },
  cpu: { model: "Nehalem", features: { x2apic: "disable", aes: "optional" }, topology: { sockets: 1, cores: 2 } },
  pinning: { vcpus: { "0": "0", "1": "0-1" }, emulator: "0" },
  numa: { nodeset: "0", mode: "preferred" },
  memoryBacking: { source: "memfd", access: "shared" },
  clock: { offset: "localtime", timers: { rtc: { tickpolicy: "catchup" }, hpet: { present: false } } },
  features: { acpi: true, apic: true, vmport: false },
  rng: true,
  watchdog: { model: "i6300esb", action: "reset" },
  panic: { model: "isa" },
  balloon: { statsPeriodSeconds: 5 },
  smbios: { system: { serial: "4711", manufacturer: "A & B" } },
  serial: { file: join(folder, "serial.log") },
  serials: { second: { pty: true } },
  consoles: { main: { pty: true } },
  channels: { "org.example.0": { unix: {} } },
  guestAgent: true,
  graphics: "vnc",
  graphicsSettings: { port: -1, keymap: "de" },
  video: "virtio",
  sound: { model: "ich9" },
  input: { tablet: "usb" },
  disks: {
    root: { pool: name, size: "1MiB", format: "qcow2", bootOrder: 1 },
    data: {
      file: join(folder, "data.raw"),
      format: "raw",
      bus: "scsi",
      serial: "data",
      wwn: "5000c50015ea71ad",
      throttle: { totalIopsSec: 500 },
    },
    fast: { pool: name, size: "1MiB", format: "raw", iothread: 1, queues: 2, cache: "none", discard: "unmap" },
    media: { file: join(folder, "media.iso"), format: "raw", device: "cdrom" },
  },
  networks: {
    lan: { network: name, bootOrder: 2, linkState: "down" },
    bridged: { bridge, model: "e1000e", mtu: 1400 },
    user: { user: true },
  },
  xml: { hub: { path: "devices", xml: "<hub type='usb'/>" }, shares: { path: "cputune", xml: "<shares>2048</shares>" } },
  cloudInit: { hostname: "drift", userData: { timezone: "UTC" } },
});

const wantedFiles = ["/usr/bin/swtpm", "/usr/bin/swtpm_setup", "/usr/share/OVMF/OVMF_CODE_4M.fd"];
const missing = wantedFiles.filter((file) => !existsSync(file));
const because = missing.length === 0 ? undefined : `needs ${missing.join(", ")}, from the packages ovmf, swtpm and swtpm-tools`;

describeOrSkip(because, "a machine with nearly every input", () => {
  describeWithHost("on a real libvirt", (lab) => {
    let libvirt: Libvirt;
    let web: ResourceDriver;
    let folder = "";

    const newDriver = () => {
      const host = createHostObserver(libvirt);
      return createResourceDriver({ definition: virtualMachine, libvirt, host, images: createImageSources(), name });
    };

    beforeAll(async () => {
      libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
      web = newDriver();
      folder = join(lab().storageDir, name);
      await mkdir(folder);
      await chmod(folder, 0o777);
      for (const file of ["data.raw", "media.iso"]) {
        await writeFile(join(folder, file), Buffer.alloc(mib));
        await chmod(join(folder, file), 0o666);
      }
      await virsh(lab(), "pool-create-as", name, "dir", "--target", folder);
      const network = join(lab().storageDir, `${name}.xml`);
      await writeFile(network, `<network><name>${name}</name><ip address='10.98.7.1' netmask='255.255.255.0'/></network>`);
      await virsh(lab(), "net-define", network);
      await virsh(lab(), "net-start", name);
      await hostExec(lab(), "ip", "link", "add", bridge, "up", "type", "bridge");
    });
    afterAll(async () => {
      await web.destroy();
      await Promise.allSettled([
        virsh(lab(), "pool-destroy", name),
        virsh(lab(), "net-destroy", name).then(() => virsh(lab(), "net-undefine", name)),
        hostExec(lab(), "ip", "link", "delete", bridge),
      ]);
      await libvirt.close();
    });

    /** What Read returns changes nothing, nor does the program; an import of the same machine has an empty preview of its own. */
    async function expectNoDrift(when: string, program: Values): Promise<void> {
      const before = web.now.inputs;
      const refreshed = await web.refresh();
      expect({ when, did: refreshed.did, error: refreshed.error?.message, inputs: web.now.inputs }).toEqual({
        when,
        did: "refresh",
        error: undefined,
        inputs: before,
      });
      expect({ when, ...web.now.state }).toMatchObject({ when, restartPending: false, pendingChanges: [] });
      const again = await web.up(program);
      expect({ when, did: again.did, changes: again.changes, problems: again.problems }).toEqual({
        when,
        did: "same",
        changes: [],
        problems: [],
      });
      const other = newDriver();
      const imported = await other.import(name);
      expect({ when, did: imported.did, changes: imported.changes, problems: imported.problems }).toEqual({
        when,
        did: "import",
        changes: [],
        problems: [],
      });
      const same = await other.up(without(other.now.inputs, "effectiveDisks"));
      expect({ when, did: same.did, changes: same.changes }).toEqual({ when, did: "same", changes: [] });
    }

    async function goes(to: "stopped" | "paused", program: Values): Promise<Values> {
      const asked = { ...program, power: to };
      const { error, problems, initErrors } = await web.up(asked);
      expect({ error: error?.message, problems, initErrors }).toEqual({ error: undefined, problems: [], initErrors: [] });
      return asked;
    }

    test("shows no difference that nobody made", async () => {
      const program = programIn(folder);
      const stopped = await goes("stopped", program);
      await expectNoDrift("defined", stopped);
      const paused = await goes("paused", program);
      await expectNoDrift("while it runs", paused);
      const live = await virsh(lab(), "dumpxml", name);
      // What libvirt fills in is there: else this test would show nothing.
      for (const filledIn of [
        /<alias name='ua-root'/,
        /vnet\d+/,
        /port='59\d\d'/,
        /<loader/,
        /<label>/,
        /\/dev\/pts\//,
        /<feature policy='require' name='/,
      ])
        expect(live).toMatch(filledIn);
      await restartDaemon(lab());
      await expectNoDrift("after a restart of the daemon", paused);
      await expectNoDrift("after it ran", await goes("stopped", program));
    });
  });
});
