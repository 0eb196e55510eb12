// A change of each input of a machine, for each row of fieldEffects.
import type { fieldEffects } from "../../plan/field-effects";
import type { EffectCases, Place } from "./play-cases";
import { fileDisk } from "./disk-cases";

const steers = "it says how other things are done";
const noKvm = "needs a /dev/kvm that QEMU's user may open";

export const fieldCases = (place: Place) => {
  const { name, key, folder, pool, otherPool, network } = place;
  const data = { disks: { [key]: fileDisk(place) } };
  const directBoot = { kernel: `${folder}/kernel`, initrd: `${folder}/initrd`, cmdline: "quiet" };
  const seeded = (more: object, other: object = {}) => ({ cloudInit: { hostname: "one", pool, ...more }, ...other });
  const ignition = { ignition: { ignition: { version: "3.4.0" } }, ignitionPool: pool };
  return {
    name: [{ because: "a machine of another name is another machine", after: { name: `${name}-other` } }],
    host: [
      {
        because: "another policy that changes no disk",
        before: data,
        after: {
          ...data,
          host: {
            policy: { cache: "writethrough" },
            facts: {
              libvirtVersion: "9.0.0",
              qemuVersion: "7.2.0",
              architecture: "x86_64",
              kvm: { usable: "no", why: "a test" },
              pools: {},
            },
          },
        },
      },
    ],
    description: [{ because: "it is text beside the machine", after: { description: "changed" }, brings: /<description>changed</ }],
    autostart: [{ because: "a mark", after: { autostart: true }, record: { autostart: true } }],
    power: [{ because: "the state itself", alone: true, after: { power: "running" }, record: { state: "running" } }],
    applyChanges: [{ because: steers, after: { applyChanges: "refuse" } }],
    unplugTimeoutSeconds: [{ because: steers, after: { unplugTimeoutSeconds: 2 } }],
    waitForAddress: [
      {
        because: "a machine that runs already is not waited for",
        before: { networks: { [key]: { network } } },
        after: { networks: { [key]: { network } }, waitForAddress: { timeoutSeconds: 1 } },
      },
    ],
    shutdownTimeoutSeconds: [{ because: steers, after: { shutdownTimeoutSeconds: 1 } }],
    shutdownMode: [{ because: steers, after: { shutdownMode: "acpi" } }],
    stopOnDelete: [{ because: steers, before: { stopOnDelete: false }, after: { stopOnDelete: true } }],
    snapshotsOnDelete: [{ because: steers, after: { snapshotsOnDelete: "delete" } }],
    restartTriggers: [
      {
        because: "it asks for nothing else",
        atOnce: true,
        before: { restartTriggers: { config: "one" } },
        after: { restartTriggers: { config: "two" } },
      },
    ],
    onPoweroff: [{ because: "libvirt's own doing", after: { onPoweroff: "restart" }, brings: /<on_poweroff>restart</ }],
    onReboot: [
      {
        because: "libvirt's own doing",
        before: { onPoweroff: "destroy" },
        after: { onPoweroff: "destroy", onReboot: "destroy" },
        brings: /<on_reboot>destroy</,
      },
    ],
    onCrash: [{ because: "libvirt's own doing", after: { onCrash: "preserve" }, brings: /<on_crash>preserve</ }],
    cache: [{ because: "the disk says its own", before: data, after: { ...data, cache: "writethrough" } }],
    io: [{ because: "the disk says its own", before: data, after: { ...data, io: "native" } }],
    discard: [{ because: "the disk says its own", before: data, after: { ...data, discard: "unmap" } }],
    detectZeroes: [{ because: "the disk says its own", before: data, after: { ...data, detectZeroes: "on" } }],
    cpus: [{ because: "there is a slot", before: { maxCpus: 2 }, after: { maxCpus: 2, cpus: 2 }, takes: /<vcpu [^>]*current=/ }],
    maxCpus: [{ because: "there is no slot", before: { cpus: 1 }, after: { cpus: 1, maxCpus: 2 }, brings: /<vcpu [^>]*current=/ }],
    memory: [
      {
        because: "the guest's balloon lets go",
        guest: true,
        before: { memory: "128MiB", maxMemory: "160MiB" },
        after: { memory: "160MiB", maxMemory: "160MiB" },
        brings: /<currentMemory[^>]*>163840</,
      },
    ],
    maxMemory: [{ because: "there is no room", after: { maxMemory: "128MiB" }, brings: /<memory [^>]*>131072</ }],
    machine: [{ because: "another board", alone: true, after: { machine: "q35" }, brings: /machine=["']pc-q35/ }],
    cpuMode: [{ because: "other features", after: { cpuMode: "maximum" }, brings: /<cpu mode=["']maximum/ }],
    accelerator: [
      {
        because: "KVM in place of emulation",
        onFake: noKvm,
        after: { accelerator: "kvm" },
        brings: /<domain [^>]*type=["']kvm/,
      },
    ],
    firmware: [
      {
        because: "UEFI in place of BIOS",
        before: { machine: "q35" },
        after: { machine: "q35", firmware: "uefi" },
        brings: /<loader|firmware=["']efi/,
      },
    ],
    uefi: [
      {
        because: "firmware without secure boot",
        before: { machine: "q35", firmware: "uefi" },
        after: { machine: "q35", firmware: "uefi", uefi: { secureBoot: false } },
        brings: /<feature enabled=["']no["'] name=["']secure-boot/,
      },
    ],
    tpm: [{ because: "a chip more", after: { tpm: { model: "tpm-tis" } }, brings: /<tpm / }],
    cpu: [
      {
        because: "another arrangement",
        before: { cpus: 2 },
        after: { cpus: 2, cpu: { topology: { cores: 2 } } },
        brings: /<topology [^>]*cores=["']2/,
      },
      {
        because: "a named model",
        before: { cpuMode: "custom" },
        after: { cpuMode: "custom", cpu: { model: "Nehalem" } },
        brings: />Nehalem</,
      },
      {
        because: "a feature less",
        before: { cpuMode: "custom", cpu: { model: "Nehalem" } },
        after: { cpuMode: "custom", cpu: { model: "Nehalem", features: { ssse3: "disable" } } },
        brings: /policy=["']disable["'] name=["']ssse3/,
      },
      {
        because: "the feature is back",
        before: { cpuMode: "custom", cpu: { model: "Nehalem", features: { ssse3: "disable" } } },
        after: { cpuMode: "custom", cpu: { model: "Nehalem", features: {} } },
        takes: /policy=["']disable["'] name=["']ssse3/,
      },
    ],
    pinning: [
      { because: "a thread to its place", after: { pinning: { vcpus: { "0": "0" } } }, brings: /<vcpupin/ },
      { because: "QEMU's own threads too", after: { pinning: { emulator: "0" } }, brings: /<emulatorpin/ },
    ],
    numa: [{ because: "memory from a node of the host", after: { numa: { nodeset: "0", mode: "preferred" } }, brings: /<numatune/ }],
    memoryBacking: [
      { because: "pages of its own", after: { memoryBacking: { nosharepages: true } }, brings: /<nosharepages/ },
      {
        because: "memory that others may see",
        after: { memoryBacking: { source: "memfd", access: "shared" } },
        brings: /<access mode=["']shared/,
      },
      {
        because: "huge pages",
        onFake: "needs huge pages that the host has set aside",
        after: { memoryBacking: { hugepages: true } },
        brings: /<hugepages/,
      },
    ],
    clock: [{ because: "local time", after: { clock: { offset: "localtime" } }, brings: /<clock offset=["']localtime/ }],
    features: [{ because: "a port less", after: { features: { vmport: false } }, brings: /<vmport state=["']off/ }],
    hyperv: [{ because: "what Windows looks for", onFake: noKvm, after: { hyperv: true }, brings: /<hyperv/ }],
    rng: [{ because: "a device less", after: { rng: false }, takes: /<rng / }],
    watchdog: [
      { because: "a device more", after: { watchdog: { model: "i6300esb", action: "none" } }, brings: /<watchdog model=["']i6300esb/ },
    ],
    panic: [{ because: "a device more", after: { panic: { model: "isa" } }, brings: /<panic / }],
    balloon: [{ because: "a device less", after: { balloon: { model: "none" } }, takes: /<memballoon model=["']virtio/ }],
    smbios: [{ because: "another table", after: { smbios: { system: { serial: "4711" } } }, brings: /<entry name=["']serial["']>4711/ }],
    directBoot: [{ because: "a kernel in place of a boot disk", after: { directBoot }, brings: /<kernel>/ }],
    "directBoot.kernel": [
      {
        because: "another kernel",
        before: { directBoot },
        after: { directBoot: { ...directBoot, kernel: `${folder}/other-kernel` } },
        brings: /other-kernel</,
      },
    ],
    "directBoot.initrd": [
      {
        because: "another initrd",
        before: { directBoot },
        after: { directBoot: { ...directBoot, initrd: `${folder}/other-initrd` } },
        brings: /other-initrd</,
      },
    ],
    "directBoot.cmdline": [
      {
        because: "another command line",
        before: { directBoot },
        after: { directBoot: { ...directBoot, cmdline: "debug" } },
        brings: /<cmdline>debug</,
      },
    ],
    serial: [
      { because: "a file in place of a pty", after: { serial: { file: `${folder}/serial.log` } }, brings: /<serial type=["']file/ },
      {
        because: "another file",
        before: { serial: { file: `${folder}/serial.log` } },
        after: { serial: { file: `${folder}/other.log` } },
        brings: /other\.log/,
      },
    ],
    graphics: [{ because: "a screen", after: { graphics: "vnc" }, brings: /<graphics type=["']vnc/ }],
    graphicsSettings: [
      {
        because: "another keyboard",
        before: { graphics: "vnc" },
        after: { graphics: "vnc", graphicsSettings: { keymap: "de" } },
        brings: /keymap=["']de/,
      },
    ],
    "graphicsSettings.password": [
      {
        because: "whoever is connected stays",
        before: { graphics: "vnc", graphicsSettings: { password: "one" } },
        after: { graphics: "vnc", graphicsSettings: { password: "two" } },
      },
    ],
    videoSettings: [
      {
        because: "another memory",
        before: { video: "vga", videoSettings: { vram: "8MiB" } },
        after: { video: "vga", videoSettings: { vram: "16MiB" } },
        brings: /vram=["']16384/,
      },
    ],
    sound: [{ because: "a device more", after: { sound: { model: "ich6" } }, brings: /<sound model=["']ich6/ }],
    input: [{ because: "a device more", after: { input: { tablet: "usb" } }, brings: /<input type=["']tablet/ }],
    vsock: [{ because: "a device more", onFake: "needs the kernel's vhost_vsock", after: { vsock: { cid: 4711 } }, brings: /<vsock / }],
    guestAgent: [{ because: "a channel more", after: { guestAgent: true }, brings: /org\.qemu\.guest_agent\.0/ }],
    video: [{ because: "another card", before: { video: "vga" }, after: { video: "virtio" }, brings: /<model type=["']virtio["'] heads/ }],
    cloudInit: [{ because: "a new instance boots anew", before: seeded({}), after: seeded({ hostname: "two" }) }],
    "cloudInit.pool": [
      {
        because: "the seed lies elsewhere",
        before: seeded({}),
        after: seeded({ pool: otherPool }),
        brings: new RegExp(`${otherPool}/${name}-cidata`),
      },
    ],
    "cloudInit.bus": [
      { because: "a CD-ROM in place of a disk", before: seeded({}), after: seeded({ bus: "sata" }), brings: /device=["']cdrom/ },
    ],
    cloudInitChange: [{ because: steers, before: seeded({}), after: seeded({}, { cloudInitChange: "ignore" }) }],
    ignition: [{ because: "a file that firmware shows", after: ignition, brings: /opt\/com\.coreos\/config/ }],
    ignitionPool: [
      {
        because: "the file lies elsewhere",
        before: ignition,
        after: { ...ignition, ignitionPool: otherPool },
        brings: new RegExp(`${otherPool}/${name}-ignition`),
      },
    ],
    xml: [
      {
        because: "a device of the user's own",
        after: { xml: { audio: { path: "devices", xml: "<hub type='usb'/>" } } },
        brings: /<hub /,
      },
    ],
  } as const satisfies EffectCases<typeof fieldEffects>;
};
