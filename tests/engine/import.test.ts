// Import: what other hands made is taken over as it is. `pulumi import` prints a program for it, and the preview of that program has no changes.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { hostExec, virsh, waitFor } from "../../tools/lab/lab";
import type { Scene } from "./scene";
import { describeScene, domainNames, engineTestMs, succeeds, volumeNames } from "./scene";

/** What virsh needs at the least. */
const byVirsh = ({ ext4 }: Scene) => `
  <domain type='qemu'>
    <name>by-virsh</name>
    <memory unit='MiB'>64</memory>
    <vcpu>1</vcpu>
    <os><type arch='x86_64'>hvm</type></os>
    <devices>
      <disk type='file' device='disk'>
        <driver name='qemu' type='qcow2'/>
        <source file='${ext4.path}/by-virsh.qcow2'/>
        <target dev='vda' bus='virtio'/>
      </disk>
      <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    </devices>
  </domain>`;

/** As virt-install 4.1 writes a server: q35, ports, agent, tablet, a CD-ROM that is empty by now. */
const byVirtInstall = ({ ext4 }: Scene) => `
  <domain type='qemu'>
    <name>by-virt-install</name>
    <metadata>
      <libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'><libosinfo:os id='http://debian.org/debian/12'/></libosinfo:libosinfo>
    </metadata>
    <memory>131072</memory>
    <currentMemory>131072</currentMemory>
    <vcpu>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os>
    <features><acpi/><apic/></features>
    <cpu mode='custom' match='exact'><model>Nehalem</model></cpu>
    <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='pit' tickpolicy='delay'/><timer name='hpet' present='no'/></clock>
    <on_crash>restart</on_crash>
    <pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='no'/></pm>
    <devices>
      <disk type='file' device='disk'>
        <driver name='qemu' type='qcow2' discard='unmap'/>
        <source file='${ext4.path}/by-virt-install.qcow2'/>
        <target dev='vda' bus='virtio'/>
      </disk>
      <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' bus='sata'/><readonly/></disk>
      <controller type='usb' model='qemu-xhci' ports='15'/>
      <controller type='pci' model='pcie-root'/>
      <controller type='pci' model='pcie-root-port'/>
      <interface type='network'><source network='by-hand'/><mac address='52:54:00:1f:2e:3d'/><model type='virtio'/></interface>
      <console type='pty'><target type='serial'/></console>
      <channel type='unix'><source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      <input type='tablet' bus='usb'/>
      <graphics type='vnc' port='-1' listen='127.0.0.1'/>
      <video><model type='virtio'/></video>
      <memballoon model='virtio'/>
      <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    </devices>
  </domain>`;

/** As virt-manager writes a desktop: disks on SATA, sound, a serial port to a TCP socket, a watchdog, I/O through a SATA bus. */
const byVirtManager = ({ ext4 }: Scene) => `
  <domain type='qemu'>
    <name>by-virt-manager</name>
    <title>A desktop</title>
    <description>made with the mouse &amp; patience</description>
    <memory unit='KiB'>131072</memory>
    <currentMemory unit='KiB'>98304</currentMemory>
    <vcpu placement='static' current='1'>2</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='cdrom'/><boot dev='hd'/><bootmenu enable='yes'/></os>
    <features><acpi/><apic/></features>
    <cpu mode='custom' match='exact' check='none'><model fallback='allow'>qemu64</model></cpu>
    <devices>
      <disk type='file' device='disk'>
        <driver name='qemu' type='qcow2' cache='none'/>
        <source file='${ext4.path}/by-virt-manager.qcow2'/>
        <target dev='sda' bus='sata'/>
        <alias name='ua-system'/>
      </disk>
      <interface type='user'><mac address='52:54:00:ab:cd:ef'/><model type='e1000'/></interface>
      <serial type='tcp'><source mode='bind' host='127.0.0.1' service='45551'/><protocol type='raw'/><target type='isa-serial' port='0'/></serial>
      <sound model='ich6'/>
      <video><model type='vga' vram='16384'/></video>
      <watchdog model='i6300esb' action='poweroff'/>
    </devices>
  </domain>`;

const machines = { "by-virsh": byVirsh, "by-virt-install": byVirtInstall, "by-virt-manager": byVirtManager } as const;

describeScene("import", "import", (scene) => {
  let project: PulumiProject;

  async function makeByHand(): Promise<void> {
    const { lab, ext4 } = scene();
    const network = join(ext4.path, "network.xml");
    await writeFile(
      network,
      "<network><name>by-hand</name><forward mode='nat'/><bridge name='kvmimp0'/><ip address='192.168.77.1' netmask='255.255.255.0'><dhcp><range start='192.168.77.2' end='192.168.77.99'/></dhcp></ip></network>",
    );
    await virsh(lab, "net-define", network);
    await virsh(lab, "vol-create-as", ext4.name, "by-hand.qcow2", "16M", "--format", "qcow2");
    for (const [name, definition] of Object.entries(machines)) {
      await hostExec(lab, "qemu-img", "create", "-q", "-f", "qcow2", `${ext4.path}/${name}.qcow2`, "16M");
      const file = join(ext4.path, `${name}.xml`);
      await writeFile(file, definition(scene()));
      await virsh(lab, "define", file);
    }
    await virsh(lab, "pool-refresh", ext4.name);
    await virsh(lab, "start", "by-virsh");
  }

  const definitions = () => Promise.all(Object.keys(machines).map((name) => virsh(scene().lab, "dumpxml", name, "--inactive")));

  beforeAll(async () => {
    project = await scene().project("");
    await makeByHand();
  }, engineTestMs);

  it(
    "prints a program for VMs of virsh, virt-install and virt-manager, a network, a pool and a volume, whose preview and update change nothing",
    async () => {
      const { ext4 } = scene();
      const before = await definitions();
      const resources = [
        ...Object.keys(machines).map((name) => ({ type: "kvm:index:VirtualMachine", name, id: name })),
        { type: "kvm:index:Network", name: "by-hand", id: "by-hand" },
        { type: "kvm:index:StoragePool", name: "pool", id: ext4.name },
        { type: "kvm:index:Volume", name: "volume", id: `${ext4.name}/by-hand.qcow2` },
      ];
      const list = join(project.dir, "resources.json");
      const program = join(project.dir, "imported.ts");
      await writeFile(list, JSON.stringify({ resources }));
      const imported = await project.run(
        "import",
        "--file",
        list,
        "--out",
        program,
        "--yes",
        "--skip-preview",
        "--protect=false",
        "--stack",
        "test",
      );
      succeeds(imported);
      expect(imported.stdout + imported.stderr).not.toContain("error:");

      const text = await readFile(program, "utf8");
      expect(text.match(/new kvm\.\w+\("[\w-]+"/g)?.sort()).toEqual([
        'new kvm.Network("by-hand"',
        'new kvm.StoragePool("pool"',
        'new kvm.VirtualMachine("by-virsh"',
        'new kvm.VirtualMachine("by-virt-install"',
        'new kvm.VirtualMachine("by-virt-manager"',
        'new kvm.Volume("volume"',
      ]);
      project.write(text);
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.up("--expect-no-changes"));
      expect(await definitions()).toEqual(before);
    },
    engineTestMs,
  );

  it(
    "gives the VMs up with their definitions, and keeps the disks, which it did not make",
    async () => {
      const { lab, ext4 } = scene();
      // They have no operating systems that could answer.
      await virsh(lab, "destroy", "by-virsh");
      const { deployment } = await project.exportState();
      const keep = (deployment.resources ?? []).map(({ urn }) => String(urn)).filter((urn) => /StoragePool|Volume::/.test(urn));
      for (const urn of keep.reverse()) succeeds(await project.run("state", "delete", urn, "--yes", "--stack", "test"));
      succeeds(await project.destroy());
      await waitFor("the VMs' end", async () => !(await domainNames(scene())).some((name) => name in machines));
      expect(await volumeNames(scene(), ext4)).toEqual(expect.arrayContaining(Object.keys(machines).map((name) => `${name}.qcow2`)));
    },
    engineTestMs,
  );
});
