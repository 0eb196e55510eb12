// Unplugging on a real daemon and a real guest: one that lets go, one that cannot answer, and what is not there.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGuestLog } from "../../tools/lab/guest-log";
import { addStorage, describeWithHost, removeStorage, waitFor } from "../../tools/lab/lab";
import { CancelledError } from "../errors";
import { hostErrorCodes } from "./codes";
import { connectLibvirt } from "./connect";
import type { Libvirt } from "./port";

const timeoutMs = 60_000;
const name = `unplug-${process.pid}`;
const alias = "ua-data";
const diskBytes = 4 * 1024 * 1024;

jest.setTimeout(120_000);

describeWithHost("unplugging on the private host", (lab) => {
  let libvirt: Libvirt;
  let uuid: string;
  let folder: string;
  const logFile = () => join(folder, "serial.log");
  const diskXml = () =>
    `<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${folder}/data.img'/>` +
    `<target dev='vdb' bus='virtio'/><alias name='${alias}'/></disk>`;
  /** undefined until the guest runs. */
  const diskCount = () => {
    const seen = readGuestLog(logFile());
    return seen === undefined ? undefined : Object.keys(seen.disks).length;
  };
  const liveXml = async () => (await libvirt.findDomain({ uuid }))?.liveXml ?? "";

  beforeAll(async () => {
    libvirt = connectLibvirt({ uri: lab().uri, timeoutMs });
    folder = await addStorage(lab(), name, "ext4", 64);
    await writeFile(join(folder, "data.img"), Buffer.alloc(diskBytes), { mode: 0o666 });
    const { kernel, initrd } = lab().guest;
    ({ uuid } = await libvirt.defineDomain(
      `<domain type='qemu'><name>${name}</name><memory unit='MiB'>128</memory><os><type arch='x86_64' machine='q35'>hvm</type>
       <kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>console=ttyS0 quiet</cmdline></os><features><acpi/></features>
       <devices><controller type='pci' index='0' model='pcie-root'/><controller type='pci' model='pcie-root-port'/>
       <controller type='pci' model='pcie-root-port'/><controller type='pci' model='pcie-root-port'/>
       <serial type='file'><source path='${logFile()}'/></serial></devices></domain>`,
    ));
  });
  afterEach(() => libvirt.destroyDomain(uuid));
  afterAll(async () => {
    await libvirt.undefineDomain(uuid);
    await libvirt.close();
    await removeStorage(lab(), name);
  });

  test("a guest sees the disk come and go; once more is removed too", async () => {
    await libvirt.startDomain(uuid);
    await waitFor("the guest runs", () => diskCount() === 0, timeoutMs);
    await libvirt.attachLiveDevice(uuid, diskXml());
    await waitFor("the guest sees the disk", () => diskCount() === 1, timeoutMs);
    expect(await libvirt.unplugLiveDevice(uuid, alias, { timeoutMs })).toBe("removed");
    expect(await liveXml()).not.toContain(alias);
    await waitFor("the guest sees no disk", () => diskCount() === 0, timeoutMs);
    expect(await libvirt.unplugLiveDevice(uuid, alias, { timeoutMs })).toBe("removed");
  });

  test("a guest that cannot answer leaves it waiting, twice too, and the device stays; the signal ends the waiting", async () => {
    await libvirt.startDomain(uuid, { paused: true });
    await libvirt.attachLiveDevice(uuid, diskXml());
    expect(await libvirt.unplugLiveDevice(uuid, alias, { timeoutMs: 300 })).toBe("waiting");
    expect(await libvirt.unplugLiveDevice(uuid, alias, { timeoutMs: 300 })).toBe("waiting");
    expect(await liveXml()).toContain(alias);
    const controller = new AbortController();
    const waiting = libvirt.unplugLiveDevice(uuid, alias, { timeoutMs, signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
  });

  test("a domain that is not running is an error, not a removal", async () => {
    await expect(libvirt.unplugLiveDevice(uuid, alias, { timeoutMs })).rejects.toMatchObject({ code: hostErrorCodes.operationInvalid });
  });
});
