// Definitions as others make them: for each feature of libvirt's domain format a piece of XML, with the place in a definition where it stands.

/** What the feature is, and its XML. */
type Feature = readonly [because: string, xml: string];

const pci = (slot: number) =>
  `<address type='pci' domain='0x0000' bus='0x00' slot='0x${slot.toString(16).padStart(2, "0")}' function='0x0'/>`;
const secret = "<secret type='ceph' uuid='6c1f0a3e-52c4-4d0b-9a0e-0b1a5a1f6d01'/>";

/** Children of <domain>. */
const top: readonly Feature[] = [
  ["a title, of one line", "<title>Accounts, second floor</title>"],
  [
    "a description with a paragraph and signs that want escaping",
    "<description>first line\n  second &lt;line&gt; &amp; more</description>",
  ],
  [
    "notes of another program, with blanks that mean something",
    "<metadata><tool:n xmlns:tool='urn:tool'><tool:v a='1'>  two  words </tool:v></tool:n></metadata>",
  ],
  ["an identity for whoever clones", "<genid>43f2dd55-7a0e-4a86-9b3e-1c4c6b0a2b11</genid>"],
  ["an identity that is made at start", "<genid/>"],
  [
    "memory that can be plugged in",
    "<maxMemory slots='16' unit='KiB'>8388608</maxMemory><cpu><numa><cell id='0' cpus='0-1' memory='2097152' unit='KiB'/></numa></cpu>",
  ],
  [
    "huge pages of two sizes",
    "<memoryBacking><hugepages><page size='2' unit='M'/><page size='1' unit='G' nodeset='0'/></hugepages></memoryBacking>",
  ],
  [
    "memory from a file, all of it at once, by several threads",
    "<memoryBacking><source type='file'/><allocation mode='immediate' threads='2'/></memoryBacking>",
  ],
  ["memory that is shared and thrown away", "<memoryBacking><access mode='shared'/><discard/></memoryBacking>"],
  ["memory that never leaves", "<memoryBacking><nosharepages/><locked/></memoryBacking>"],
  ["a file descriptor as memory", "<memoryBacking><source type='memfd'/></memoryBacking>"],
  [
    "limits of memory",
    "<memtune><hard_limit unit='KiB'>4194304</hard_limit><soft_limit unit='KiB'>3145728</soft_limit><swap_hard_limit unit='KiB'>5242880</swap_hard_limit></memtune>",
  ],
  ["a guarantee of memory", "<memtune><min_guarantee unit='KiB'>1048576</min_guarantee></memtune>"],
  [
    "each CPU with its own switch",
    "<vcpus><vcpu id='0' enabled='yes' hotpluggable='no' order='1'/><vcpu id='1' enabled='yes' hotpluggable='yes' order='2'/></vcpus>",
  ],
  ["I/O threads by number", "<iothreads>3</iothreads>"],
  [
    "I/O threads with pools of workers",
    "<iothreads>2</iothreads><iothreadids><iothread id='4' thread_pool_min='2' thread_pool_max='8'/><iothread id='7'/></iothreadids>",
  ],
  ["workers of the main loop", "<defaultiothread thread_pool_min='1' thread_pool_max='16'/>"],
  ["shares of CPU time", "<cputune><shares>2048</shares></cputune>"],
  ["a quota of CPU time", "<cputune><period>1000000</period><quota>250000</quota></cputune>"],
  [
    "a quota of CPU time for the whole machine",
    "<cputune><global_period>1000000</global_period><global_quota>500000</global_quota></cputune>",
  ],
  ["a quota of QEMU's own time", "<cputune><emulator_period>1000000</emulator_period><emulator_quota>150000</emulator_quota></cputune>"],
  ["a quota of I/O time", "<cputune><iothread_period>1000000</iothread_period><iothread_quota>90000</iothread_quota></cputune>"],
  [
    "threads in their places",
    "<cputune><vcpupin vcpu='0' cpuset='1-3,^2'/><vcpupin vcpu='1' cpuset='0'/><emulatorpin cpuset='4'/></cputune>",
  ],
  ["I/O threads in their places", "<iothreads>1</iothreads><cputune><iothreadpin iothread='1' cpuset='5,6'/></cputune>"],
  ["a scheduler for CPUs", "<cputune><vcpusched vcpus='0-1' scheduler='fifo' priority='1'/></cputune>"],
  ["a scheduler for I/O threads", "<iothreads>1</iothreads><cputune><iothreadsched iothreads='1' scheduler='batch'/></cputune>"],
  ["a scheduler for QEMU", "<cputune><emulatorsched scheduler='idle'/></cputune>"],
  [
    "parts of the cache",
    "<cputune><cachetune vcpus='0-1'><cache id='0' level='3' type='both' size='3' unit='MiB'/><monitor level='3' vcpus='0'/></cachetune></cputune>",
  ],
  ["parts of the memory's bandwidth", "<cputune><memorytune vcpus='0-1'><node id='0' bandwidth='60'/></memorytune></cputune>"],
  ["the host's nodes, strictly", "<numatune><memory mode='strict' nodeset='0-1'/></numatune>"],
  [
    "the host's nodes, by node of the guest",
    "<cpu><numa><cell id='0' cpus='0-1' memory='2097152' unit='KiB'/></numa></cpu><numatune><memory mode='interleave' nodeset='0'/><memnode cellid='0' mode='preferred' nodeset='0'/></numatune>",
  ],
  ["the host's nodes, as numad likes", "<numatune><memory mode='strict' placement='auto'/></numatune>"],
  ["the weight of its disk traffic", "<blkiotune><weight>800</weight></blkiotune>"],
  [
    "limits of a device of the host",
    "<blkiotune><device><path>/dev/sda</path><weight>500</weight><read_bytes_sec>10000</read_bytes_sec><write_iops_sec>200</write_iops_sec></device></blkiotune>",
  ],
  ["a partition of the host's resources", "<resource><partition>/production</partition></resource>"],
  ["an identity in a fibre channel fabric", "<resource><fibrechannel appid='accounts'/></resource>"],
  ["what happens when the guest powers off", "<on_poweroff>restart</on_poweroff>"],
  ["what happens when the guest reboots", "<on_reboot>destroy</on_reboot>"],
  ["what happens when the guest crashes", "<on_crash>coredump-restart</on_crash>"],
  ["what happens when a lock is lost", "<on_lockfailure>pause</on_lockfailure>"],
  ["states of sleep", "<pm><suspend-to-mem enabled='yes'/><suspend-to-disk enabled='no'/></pm>"],
  ["events of performance", "<perf><event name='cmt' enabled='yes'/><event name='cpu_cycles' enabled='no'/></perf>"],
  [
    "a label for security, by libvirt",
    "<seclabel type='dynamic' model='selinux' relabel='yes'><baselabel>system_u:system_r:svirt_t:s0</baselabel></seclabel>",
  ],
  ["a label for security, fixed", "<seclabel type='static' model='dac' relabel='no'><label>+107:+107</label></seclabel>"],
  ["no label at all", "<seclabel type='none' model='apparmor'/>"],
  ["keys to wrap with", "<keywrap><cipher name='aes' state='off'/><cipher name='dea' state='on'/></keywrap>"],
  [
    "an encrypted memory",
    "<launchSecurity type='sev'><cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits><policy>0x0003</policy><dhCert>AAAA</dhCert><session>BBBB</session></launchSecurity>",
  ],
  [
    "tables of its own",
    "<sysinfo type='smbios'><bios><entry name='vendor'>LENOVO</entry><entry name='date'>01/31/2020</entry></bios><baseBoard><entry name='manufacturer'>A &amp; B</entry></baseBoard></sysinfo>",
  ],
  [
    "tables with the chassis and strings of OEMs",
    "<sysinfo type='smbios'><chassis><entry name='asset'>4711</entry></chassis><oemStrings><entry>one</entry><entry>two &lt;2&gt;</entry></oemStrings></sysinfo>",
  ],
  [
    "files for the firmware",
    "<sysinfo type='fwcfg'><entry name='opt/com.example/name'>a value</entry><entry name='opt/com.example/file' file='/tmp/provision'/></sysinfo>",
  ],
  [
    "QEMU's own options",
    "<qemu:commandline xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:arg value='-newarg'/><qemu:env name='QEMU_ENV' value='VAL'/></qemu:commandline>",
  ],
  [
    "QEMU's capabilities, corrected",
    "<qemu:capabilities xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:add capability='blockdev'/><qemu:del capability='memory-backend-file'/></qemu:capabilities>",
  ],
  [
    "QEMU's devices, overridden",
    "<qemu:override xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:device alias='ua-root'><qemu:frontend><qemu:property name='logical_block_size' type='unsigned' value='4096'/></qemu:frontend></qemu:device></qemu:override>",
  ],
  ["a deprecation that is looked for", "<qemu:deprecation xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' behavior='reject'/>"],
];

/** Children of <os>. */
const os: readonly Feature[] = [
  ["a list of devices to boot from", "<boot dev='hd'/><boot dev='network'/>"],
  ["a CD first", "<boot dev='cdrom'/>"],
  ["a menu with a time", "<bootmenu enable='yes' timeout='3000'/>"],
  ["firmware on the serial port", "<bios useserial='yes' rebootTimeout='5000'/>"],
  ["the host's tables", "<smbios mode='host'/>"],
  ["a kernel with everything", "<kernel>/boot/vmlinuz</kernel><initrd>/boot/initrd</initrd><cmdline>console=ttyS0 quiet</cmdline>"],
  ["a device tree", "<kernel>/boot/Image</kernel><dtb>/boot/board.dtb</dtb>"],
  ["a table of ACPI", "<acpi><table type='slic'>/sys/firmware/acpi/tables/SLIC</table></acpi>"],
  ["firmware by path, read-only", "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>"],
  [
    "firmware with variables of its own",
    "<loader readonly='yes' secure='no' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram template='/usr/share/OVMF/OVMF_VARS.fd'>/var/lib/libvirt/qemu/nvram/legacy.fd</nvram>",
  ],
  [
    "variables on a device",
    "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram type='block'><source dev='/dev/vg0/vars'/></nvram>",
  ],
  [
    "variables in a file with a source",
    "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader><nvram type='file'><source file='/vars.fd'/></nvram>",
  ],
  ["an old BIOS as ROM", "<loader type='rom'>/usr/share/seabios/bios.bin</loader>"],
  ["firmware that says less", "<loader stateless='yes' readonly='yes' type='pflash'>/usr/share/OVMF/OVMF.fd</loader>"],
];

/** Children of <features>. */
const features: readonly Feature[] = [
  ["no ACPI but PAE", "<pae/>"],
  ["hardware assisted paging", "<hap state='on'/>"],
  ["viridian", "<viridian/>"],
  ["a private network", "<privnet/>"],
  ["an end of interrupts", "<apic eoi='on'/>"],
  ["a few enlightenments", "<hyperv mode='custom'><relaxed state='on'/><vapic state='on'/><spinlocks state='on' retries='4096'/></hyperv>"],
  [
    "more enlightenments",
    "<hyperv mode='custom'><vpindex state='on'/><runtime state='on'/><synic state='on'/><stimer state='on'><direct state='on'/></stimer><reset state='on'/></hyperv>",
  ],
  ["a vendor for Windows", "<hyperv><vendor_id state='on' value='KVM Hv'/></hyperv>"],
  [
    "the rest of the enlightenments",
    "<hyperv><frequencies state='on'/><reenlightenment state='on'/><tlbflush state='on'/><ipi state='on'/><avic state='on'/><evmcs state='off'/></hyperv>",
  ],
  ["all enlightenments as the host has them", "<hyperv mode='passthrough'/>"],
  ["KVM hidden", "<kvm><hidden state='on'/></kvm>"],
  ["KVM's hints", "<kvm><hint-dedicated state='on'/><poll-control state='on'/></kvm>"],
  ["KVM's dirty ring", "<kvm><dirty-ring state='on' size='4096'/><pv-ipi state='off'/></kvm>"],
  ["spinlocks of paravirtualisation", "<pvspinlock state='off'/>"],
  ["performance counters off", "<pmu state='off'/>"],
  ["VMware's port", "<vmport state='on'/>"],
  ["system management with a segment", "<smm state='on'><tseg unit='MiB'>48</tseg></smm>"],
  ["system management off", "<smm state='off'/>"],
  ["an I/O APIC in KVM", "<ioapic driver='kvm'/>"],
  ["core dumps of the machine itself", "<vmcoreinfo state='on'/>"],
  ["an interrupt remapper's device", "<msrs unknown='ignore'/>"],
  ["the instruction of ARM's interrupt controller", "<gic version='3'/>"],
  ["capabilities by policy", "<capabilities policy='default'><mknod state='on'/></capabilities>"],
  ["TCG's cache", "<tcg><tb-cache unit='MiB'>128</tb-cache></tcg>"],
  ["asynchronous teardown's neighbour", "<ccf-assist state='on'/>"],
  ["hash tables that grow", "<hpt resizing='required'><maxpagesize unit='MiB'>16</maxpagesize></hpt>"],
  ["nested HV", "<nested-hv state='on'/>"],
  ["transactions", "<htm state='on'/>"],
  ["cache flushes", "<cfpc value='workaround'/><sbbc value='broken'/><ibs value='fixed-ibs'/>"],
  ["firmware's own tables", "<xen><e820_host state='on'/><passthrough state='on' mode='share_pt'/></xen>"],
];

/** The whole <cpu>. */
const cpu: readonly Feature[] = [
  ["the host's CPU as it is", "<cpu mode='host-passthrough' check='none' migratable='off'/>"],
  ["the host's model", "<cpu mode='host-model' check='partial'/>"],
  ["the most that there is", "<cpu mode='maximum' check='none' migratable='on'/>"],
  [
    "a named model, strictly",
    "<cpu mode='custom' match='strict' check='full'><model fallback='forbid'>Skylake-Server</model><vendor>Intel</vendor></cpu>",
  ],
  ["a model as a minimum", "<cpu mode='custom' match='minimum'><model>core2duo</model></cpu>"],
  [
    "a model with a vendor of its own",
    "<cpu mode='custom' match='exact'><model fallback='allow' vendor_id='KVMKVMKVMKVM'>kvm64</model></cpu>",
  ],
  ["an arrangement", "<cpu><topology sockets='1' dies='1' cores='1' threads='2'/></cpu>"],
  [
    "features of every policy",
    "<cpu mode='custom' match='exact'><model>Nehalem</model><feature policy='force' name='aes'/><feature policy='require' name='vmx'/><feature policy='optional' name='pcid'/><feature policy='disable' name='lahf_lm'/><feature policy='forbid' name='svm'/></cpu>",
  ],
  ["the cache of the host", "<cpu mode='host-passthrough'><cache mode='passthrough'/></cpu>"],
  ["an emulated cache", "<cpu mode='custom' match='exact'><model>Nehalem</model><cache level='3' mode='emulate'/></cpu>"],
  ["wide addresses", "<cpu mode='host-passthrough'><maxphysaddr mode='emulate' bits='42'/></cpu>"],
  [
    "nodes with distances",
    "<cpu><numa><cell id='0' cpus='0' memory='1048576' unit='KiB'><distances><sibling id='0' value='10'/><sibling id='1' value='21'/></distances></cell><cell id='1' cpus='1' memory='1048576' unit='KiB'><distances><sibling id='0' value='21'/><sibling id='1' value='10'/></distances></cell></numa></cpu>",
  ],
  [
    "nodes that share and discard",
    "<cpu><numa><cell id='0' cpus='0-1' memory='2097152' unit='KiB' memAccess='shared' discard='yes'/></numa></cpu>",
  ],
  [
    "nodes with caches and latencies",
    "<cpu><numa><cell id='0' cpus='0-1' memory='2097152' unit='KiB'><cache level='1' associativity='direct' policy='writeback'><size value='8' unit='KiB'/><line value='5' unit='B'/></cache></cell><interconnects><latency initiator='0' target='0' type='access' value='5'/><bandwidth initiator='0' target='0' type='access' value='204800' unit='KiB'/></interconnects></numa></cpu>",
  ],
];

/** The whole <clock>. */
const clock: readonly Feature[] = [
  ["UTC, once and for all", "<clock offset='utc' adjustment='reset'/>"],
  ["local time", "<clock offset='localtime'/>"],
  ["a time zone", "<clock offset='timezone' timezone='Europe/Berlin'/>"],
  ["an offset of its own", "<clock offset='variable' adjustment='-3600' basis='utc'/>"],
  ["a time on end", "<clock offset='absolute' start='1234567'/>"],
  [
    "a timer that catches up within limits",
    "<clock offset='utc'><timer name='rtc' tickpolicy='catchup' track='guest'><catchup threshold='123' slew='120' limit='10000'/></timer></clock>",
  ],
  ["timers that are not there", "<clock offset='utc'><timer name='pit' present='no'/><timer name='hpet' present='no'/></clock>"],
  [
    "a time stamp counter of a frequency",
    "<clock offset='utc'><timer name='tsc' frequency='3504000000' mode='paravirt' tickpolicy='discard'/></clock>",
  ],
  ["KVM's clock", "<clock offset='utc'><timer name='kvmclock' present='yes'/></clock>"],
  ["Windows' clock", "<clock offset='localtime'><timer name='hypervclock' present='yes'/></clock>"],
  ["ARM's timer", "<clock offset='utc'><timer name='armvtimer' tickpolicy='discard'/></clock>"],
];

/** Children of a file disk, beside its source and target. */
const disk: readonly Feature[] = [
  ["a serial number", "<serial>WD-4711</serial>"],
  ["its place in the boot order", "<boot order='1'/>"],
  ["its place in the boot order, with a parameter", "<boot order='2' loadparm='2'/>"],
  ["read-only", "<readonly/>"],
  ["thrown away at the end", "<transient/>"],
  ["shared and thrown away", "<transient shareBacking='yes'/>"],
  [
    "a chain of images",
    "<backingStore type='file'><format type='qcow2'/><source file='/pools/fast/mid.qcow2'/><backingStore type='file'><format type='raw'/><source file='/pools/fast/base.img'/><backingStore/></backingStore></backingStore>",
  ],
  ["no backing at all", "<backingStore/>"],
  [
    "a copy under way",
    "<mirror type='file' file='/pools/fast/copy.img' format='raw' job='copy' ready='yes'><format type='raw'/><source file='/pools/fast/copy.img'/></mirror>",
  ],
  ["limits of bytes", "<iotune><total_bytes_sec>10000000</total_bytes_sec></iotune>"],
  [
    "limits by direction",
    "<iotune><read_bytes_sec>10000</read_bytes_sec><write_bytes_sec>20000</write_bytes_sec><read_iops_sec>30</read_iops_sec><write_iops_sec>40</write_iops_sec></iotune>",
  ],
  [
    "bursts with their length",
    "<iotune><total_iops_sec>100</total_iops_sec><total_iops_sec_max>500</total_iops_sec_max><total_iops_sec_max_length>10</total_iops_sec_max_length><size_iops_sec>4096</size_iops_sec></iotune>",
  ],
  ["limits of a group", "<iotune><total_iops_sec>100</total_iops_sec><group_name>all of them</group_name></iotune>"],
  ["blocks of its own size", "<blockio logical_block_size='512' physical_block_size='4096'/>"],
  ["blocks that the guest sees alone", "<blockio logical_block_size='4096'/>"],
  ["an old geometry", "<geometry cyls='16383' heads='16' secs='63' trans='lba'/>"],
  [
    "encryption by QEMU",
    `<encryption format='luks' engine='qemu'><secret type='passphrase' uuid='6c1f0a3e-52c4-4d0b-9a0e-0b1a5a1f6d02'/></encryption>`,
  ],
  [
    "encryption with its cipher",
    `<encryption format='luks'><secret type='passphrase' usage='disk'/><cipher name='aes' size='256' mode='cbc' hash='sha256'/><ivgen name='plain64' hash='sha256'/></encryption>`,
  ],
  ["an alias of the user's", "<alias name='ua-system'/>"],
  ["a fixed slot", pci(9)],
  ["an address of CCW", "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0007'/>"],
];

/** Whole <driver> elements of a disk. */
const driver: readonly Feature[] = [
  ["every setting", "<driver name='qemu' type='raw' cache='none' io='native' discard='unmap' detect_zeroes='unmap'/>"],
  ["direct and synchronous", "<driver name='qemu' type='raw' cache='directsync' io='threads'/>"],
  ["io_uring", "<driver name='qemu' type='raw' cache='writeback' io='io_uring'/>"],
  ["unsafe", "<driver name='qemu' type='raw' cache='unsafe'/>"],
  ["what becomes of errors", "<driver name='qemu' type='raw' error_policy='stop' rerror_policy='report'/>"],
  ["what becomes of a full storage", "<driver name='qemu' type='raw' error_policy='enospace'/>"],
  ["an I/O thread", "<driver name='qemu' type='raw' iothread='1'/>"],
  ["queues with a size", "<driver name='qemu' type='raw' queues='4' queue_size='256'/>"],
  ["eventfd and ordered events", "<driver name='qemu' type='raw' ioeventfd='on' event_idx='off'/>"],
  ["reads that are copied up", "<driver name='qemu' type='raw' copy_on_read='on'/>"],
  ["virtio's own switches", "<driver name='qemu' type='raw' iommu='on' ats='on' packed='on' page_per_vq='on'/>"],
  [
    "a cache of the image's tables",
    "<driver name='qemu' type='qcow2'><metadata_cache><max_size unit='bytes'>1048576</max_size></metadata_cache></driver>",
  ],
];

/** Whole <disk> elements. */
const disks: readonly Feature[] = [
  [
    "a disk that several machines use, and that is therefore not cached",
    "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none'/><source file='/pools/fast/shared.img'/><target dev='vdx' bus='virtio'/><shareable/></disk>",
  ],
  [
    "a block device with a reservation",
    "<disk type='block' device='lun'><driver name='qemu' type='raw'/><source dev='/dev/sdb'><reservations managed='yes'/></source><target dev='sdx' bus='scsi'/></disk>",
  ],
  [
    "a reservation by a helper",
    "<disk type='block' device='lun' rawio='yes' sgio='unfiltered'><driver name='qemu' type='raw'/><source dev='/dev/sdc'><reservations managed='no'><source type='unix' path='/run/helper.sock' mode='client'/></reservations></source><target dev='sdy' bus='scsi'/></disk>",
  ],
  [
    "an empty CD drive with a tray",
    "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sdc' bus='sata' tray='open'/><readonly/></disk>",
  ],
  [
    "a floppy",
    "<disk type='file' device='floppy'><driver name='qemu' type='raw'/><source file='/pools/fast/floppy.img' startupPolicy='optional'/><target dev='fda' bus='fdc'/></disk>",
  ],
  [
    "a CD that may be missing",
    "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='/pools/fast/os.iso' startupPolicy='requisite'/><target dev='sdd' bus='sata'/><readonly/></disk>",
  ],
  [
    "a volume of a pool",
    "<disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='fast' volume='data.img'/><target dev='vdc' bus='virtio'/></disk>",
  ],
  [
    "a unit of an iSCSI pool",
    "<disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='iscsi' volume='unit:0:0:1' mode='host'/><target dev='vdd' bus='virtio'/></disk>",
  ],
  [
    "a folder as a disk",
    "<disk type='dir' device='disk'><driver name='qemu' type='fat'/><source dir='/srv/files'/><target dev='vde' bus='virtio'/><readonly/></disk>",
  ],
  [
    "an image of Ceph's with a snapshot and a configuration",
    `<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='vms'>${secret}</auth><source protocol='rbd' name='pool/image'><snapshot name='monday'/><config file='/etc/ceph/other.conf'/><host name='mon1' port='6789'/></source><target dev='vdf' bus='virtio'/></disk>`,
  ],
  [
    "an image of Ceph's in a namespace, with a slice of it",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='rbd' name='pool/ns/image'><host name='mon1'/><slices><slice type='storage' offset='0' size='1048576'/></slices></source><target dev='vdg' bus='virtio'/></disk>",
  ],
  [
    "NBD over a socket",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='export'><host transport='unix' socket='/run/nbd.sock'/></source><target dev='vdh' bus='virtio'/></disk>",
  ],
  [
    "NBD with TLS",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nbd' name='export' tls='yes'><host name='nbd' port='10809'/></source><target dev='vdi' bus='virtio'/></disk>",
  ],
  [
    "Gluster with several servers",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='gluster' name='volume/image'><host name='g1' port='24007'/><host name='g2' transport='tcp'/></source><target dev='vdj' bus='virtio'/></disk>",
  ],
  [
    "Sheepdog",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='sheepdog' name='image'><host name='s1' port='7000'/></source><target dev='vdk' bus='virtio'/></disk>",
  ],
  [
    "a file by http with cookies",
    "<disk type='network' device='cdrom'><driver name='qemu' type='raw'/><source protocol='https' name='a.iso' query='a=1&amp;b=2'><host name='example.org' port='443'/><ssl verify='no'/><cookies><cookie name='session'>abc</cookie></cookies><readahead size='65536'/><timeout seconds='6'/></source><target dev='sde' bus='sata'/><readonly/></disk>",
  ],
  [
    "a file by ftp",
    "<disk type='network' device='cdrom'><driver name='qemu' type='raw'/><source protocol='ftp' name='a.iso'><host name='example.org' port='21'/></source><target dev='sdf' bus='sata'/><readonly/></disk>",
  ],
  [
    "a unit by iSCSI with a password and a name",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='me'><secret type='iscsi' usage='target'/></auth><source protocol='iscsi' name='iqn.2024-01.org.example:a/2'><host name='portal' port='3260'/><initiator><iqn name='iqn.2024-01.org.example:me'/></initiator></source><target dev='vdm' bus='virtio'/></disk>",
  ],
  [
    "a file by NFS",
    "<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='nfs' name='/export/a.img'><host name='nas'/><identity user='+1000' group='+1000'/></source><target dev='vdn' bus='virtio'/></disk>",
  ],
  [
    "a controller of NVMe",
    "<disk type='nvme' device='disk'><driver name='qemu' type='raw'/><source type='pci' managed='yes' namespace='1'><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source><target dev='vdo' bus='virtio'/></disk>",
  ],
  [
    "a daemon of vhost-user",
    "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>\n<disk type='vhostuser' device='disk'><driver name='qemu' type='raw' queues='4'/><source type='unix' path='/run/vhost.sock'><reconnect enabled='yes' timeout='10'/></source><target dev='vdp' bus='virtio'/></disk>",
  ],
  [
    "an old IDE disk",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/pools/fast/ide.img'/><target dev='hdc' bus='ide'/></disk>",
  ],
  [
    "a USB stick that can be pulled",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/pools/fast/stick.img'/><target dev='sdg' bus='usb' removable='on'/></disk>",
  ],
  [
    "a SCSI disk with name and vendor",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/pools/fast/scsi.img'/><target dev='sdh' bus='scsi' rotation_rate='7200'/><wwn>5000c50015ea71aa</wwn><vendor>QEMU</vendor><product>DISK</product></disk><controller type='scsi' index='0' model='virtio-scsi'/>",
  ],
  [
    "an image in another format",
    "<disk type='file' device='disk'><driver name='qemu' type='vmdk'/><source file='/pools/fast/a.vmdk'/><target dev='vdr' bus='virtio'/></disk>",
  ],
  [
    "a virtio of the old kind",
    "<disk type='file' device='disk' model='virtio-transitional'><driver name='qemu' type='raw'/><source file='/pools/fast/old.img'/><target dev='vds' bus='virtio'/></disk>",
  ],
  [
    "a disk with labels of its own",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/pools/fast/labelled.img'><seclabel model='dac' relabel='yes'><label>+1:+1</label></seclabel></source><target dev='vdt' bus='virtio'/></disk>",
  ],
  [
    "an image with a slice",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/pools/fast/slice.img'><slices><slice type='storage' offset='512' size='1048576'/></slices></source><target dev='vdu' bus='virtio'/></disk>",
  ],
  [
    "an image with encryption in its source",
    "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/pools/fast/luks.img'><encryption format='luks'><secret type='passphrase' usage='luks'/></encryption></source><target dev='vdv' bus='virtio'/></disk>",
  ],
];

/** Children of a network card on a network. */
const card: readonly Feature[] = [
  ["a model", "<model type='e1000e'/>"],
  [
    "a driver with queues",
    "<model type='virtio'/><driver name='vhost' queues='5' rx_queue_size='256' tx_queue_size='256' txmode='iothread' ioeventfd='on' event_idx='off'/>",
  ],
  [
    "offloads of both sides",
    "<model type='virtio'/><driver><host csum='off' gso='off' tso4='off' tso6='off' ecn='off' ufo='off' mrg_rxbuf='off'/><guest csum='off' tso4='off' tso6='off' ecn='off' ufo='off'/></driver>",
  ],
  ["hashes in the host", "<model type='virtio'/><driver name='qemu' rss='on' rss_hash_report='on'/>"],
  [
    "a limit of traffic",
    "<bandwidth><inbound average='1000' peak='5000' floor='200' burst='1024'/><outbound average='128' peak='256' burst='256'/></bandwidth>",
  ],
  ["a name for the host's side", "<target dev='web-lan'/>"],
  ["a name for the guest's side", "<guest dev='eth7'/>"],
  ["an unplugged cable", "<link state='down'/>"],
  ["frames of another length", "<mtu size='1450'/>"],
  ["segments that are put together", "<coalesce><rx><frames max='7'/></rx></coalesce>"],
  ["its place in the boot order", "<boot order='3'/>"],
  ["a ROM of its own", "<rom bar='on' file='/etc/fake/boot.rom'/>"],
  ["no ROM", "<rom enabled='no'/>"],
  ["a filter with parameters", "<filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.1'/></filterref>"],
  ["a script", "<script path='/etc/qemu-ifup'/>"],
  ["a device of the host's for vhost", "<backend tap='/dev/net/tun' vhost='/dev/vhost-net'/>"],
  ["a buffer for what is sent", "<tune><sndbuf>1600</sndbuf></tune>"],
  ["addresses for whoever wants to know them", "<ip address='192.168.122.5' prefix='24'/>"],
  ["ports that do not see each other", "<port isolated='yes'/>"],
  ["a tag", "<vlan><tag id='42'/></vlan>"],
  ["a trunk", "<vlan trunk='yes'><tag id='42'/><tag id='123' nativeMode='untagged'/></vlan>"],
  [
    "a port of Open vSwitch",
    "<virtualport type='openvswitch'><parameters interfaceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f' profileid='web'/></virtualport>",
  ],
  [
    "a port of 802.1Qbg",
    "<virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2' instanceid='09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f'/></virtualport>",
  ],
  ["a port of 802.1Qbh", "<virtualport type='802.1Qbh'><parameters profileid='finance'/></virtualport>"],
  ["an index in ACPI", "<acpi index='4'/>"],
  ["an alias of the user's", "<alias name='ua-net-7'/>"],
  ["a partner for failover", "<model type='virtio'/><alias name='ua-backup0'/><teaming type='persistent'/>"],
  ["a fixed slot", pci(11)],
];

/** Other devices. */
const devices: readonly Feature[] = [
  [
    "a card on a bridge",
    "<interface type='bridge'><source bridge='br0'/><mac address='52:54:00:00:00:11'/><model type='virtio'/></interface>",
  ],
  ["a card on macvtap", "<interface type='direct'><source dev='eth0' mode='vepa'/><mac address='52:54:00:00:00:12'/></interface>"],
  [
    "a card for slirp",
    "<interface type='user'><mac address='52:54:00:00:00:13'/><ip family='ipv4' address='172.17.2.0' prefix='24'/></interface>",
  ],
  [
    "a card for passt",
    "<interface type='user'><backend type='passt' logFile='/var/log/passt.log'/><mac address='52:54:00:00:00:14'/><source dev='eth0'/><portForward proto='tcp' address='10.0.0.1'><range start='2022' to='22'/><range start='4000' end='5000'><!-- none of these --></range></portForward></interface>",
  ],
  [
    "a card by vhost-user",
    "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>\n<interface type='vhostuser'><mac address='52:54:00:00:00:15'/><source type='unix' path='/run/vhost1.sock' mode='server'><reconnect enabled='yes' timeout='10'/></source><model type='virtio'/></interface>",
  ],
  [
    "a card of the host's",
    "<interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:16'/><driver name='vfio'/><source><address type='pci' domain='0x0000' bus='0x00' slot='0x07' function='0x0'/></source></interface>",
  ],
  [
    "a card of multicast",
    "<interface type='mcast'><mac address='52:54:00:00:00:17'/><source address='230.0.0.1' port='5558'/></interface>",
  ],
  [
    "a card of a server",
    "<interface type='server'><mac address='52:54:00:00:00:18'/><source address='192.168.0.1' port='5558'/></interface>",
  ],
  [
    "a card of UDP",
    "<interface type='udp'><mac address='52:54:00:00:00:19'/><source address='127.0.0.1' port='11115'><local address='127.0.0.1' port='11116'/></source></interface>",
  ],
  ["a card that others make", "<interface type='ethernet'><mac address='52:54:00:00:00:1a'/><target dev='tap7' managed='no'/></interface>"],
  ["a card inside", "<interface type='internal'><mac address='52:54:00:00:00:1b'/><source name='inside'/></interface>"],
  ["a card of vDPA", "<interface type='vdpa'><mac address='52:54:00:00:00:1c'/><source dev='/dev/vhost-vdpa-0'/></interface>"],
  ["an emulator", "<emulator>/usr/local/bin/qemu</emulator>"],
  [
    "a controller of SCSI with queues",
    "<controller type='scsi' index='0' model='virtio-scsi'><driver queues='4' cmd_per_lun='64' max_sectors='512' iothread='1'/></controller>",
  ],
  ["a controller of another SCSI", "<controller type='scsi' index='1' model='lsilogic'/>"],
  [
    "a controller of USB 2 with companions",
    "<controller type='usb' index='0' model='ich9-ehci1'/><controller type='usb' index='0' model='ich9-uhci1'><master startport='0'/></controller>",
  ],
  ["a controller of USB 3", "<controller type='usb' index='1' model='qemu-xhci' ports='15'/>"],
  ["no USB", "<controller type='usb' index='0' model='none'/>"],
  ["a controller of channels", "<controller type='virtio-serial' index='0' ports='16' vectors='4'/>"],
  [
    "a controller of PCI with a target",
    "<controller type='pci' index='7' model='pcie-root-port'><model name='pcie-root-port'/><target chassis='7' port='0x17' hotplug='off'/></controller>",
  ],
  [
    "a bridge of PCI to a node",
    "<controller type='pci' index='8' model='pcie-expander-bus'><model name='pxb-pcie'/><target busNr='254'><node>0</node></target></controller>",
  ],
  ["a controller of IDE", "<controller type='ide' index='0' model='piix3'/>"],
  ["a controller of SATA", "<controller type='sata' index='0'/>"],
  ["a controller of CCID", "<controller type='ccid' index='0'/>"],
  ["a hole in PCI's memory", "<controller type='pci' index='0' model='pcie-root'><pcihole64 unit='KiB'>1048576</pcihole64></controller>"],
  ["a lease of a lock", "<lease><lockspace>somearea</lockspace><key>somekey</key><target path='/some/lease/path' offset='1024'/></lease>"],
  [
    "a folder by 9p",
    "<filesystem type='mount' accessmode='mapped' fmode='644' dmode='755'><driver type='path' wrpolicy='immediate'/><source dir='/srv/shared'/><target dir='shared'/><readonly/></filesystem>",
  ],
  [
    "a folder by virtiofs",
    "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>\n<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs' queue='1024'/><binary path='/usr/libexec/virtiofsd' xattr='on'><cache mode='always'/><sandbox mode='chroot'/><lock posix='on' flock='on'/><thread_pool size='16'/></binary><source dir='/srv/files'/><target dir='files'/></filesystem>",
  ],
  [
    "a folder by a daemon of others",
    "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>\n<filesystem type='mount'><driver type='virtiofs' queue='1024'/><source socket='/run/virtiofsd.sock'/><target dir='theirs'/></filesystem>",
  ],
  ["a template of a folder", "<filesystem type='template'><source name='my-template'/><target dir='/'/></filesystem>"],
  [
    "a device of PCI",
    `<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source><address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/></source><boot order='4'/><rom bar='on' file='/etc/fake/boot.bin'/></hostdev>`,
  ],
  [
    "a device of PCI that the user takes from the host",
    "<hostdev mode='subsystem' type='pci' managed='no'><source writeFiltering='no'><address domain='0x0000' bus='0x07' slot='0x00' function='0x1'/></source></hostdev>",
  ],
  [
    "a device of USB by what it is",
    "<hostdev mode='subsystem' type='usb' managed='yes'><source startupPolicy='optional' guestReset='off'><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>",
  ],
  ["a device of USB by where it is", "<hostdev mode='subsystem' type='usb'><source><address bus='3' device='8'/></source></hostdev>"],
  [
    "a device of SCSI",
    "<hostdev mode='subsystem' type='scsi' sgio='filtered' rawio='yes'><source><adapter name='scsi_host0'/><address bus='0' target='0' unit='0'/></source><readonly/></hostdev>",
  ],
  [
    "a unit of iSCSI",
    "<hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn.2024-01.org.example:a/1'><host name='portal' port='3260'/><auth username='me'><secret type='iscsi' usage='target'/></auth><initiator><iqn name='iqn.2024-01.org.example:me'/></initiator></source></hostdev>",
  ],
  ["a target of vhost", "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.50014057667280d8'/></hostdev>"],
  [
    "a part of a GPU",
    "<hostdev mode='subsystem' type='mdev' model='vfio-pci' display='on' ramfb='on'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
  ],
  ["a storage of the host's", "<hostdev mode='capabilities' type='storage'><source><block>/dev/sdf1</block></source></hostdev>"],
  [
    "a character device of the host's",
    "<hostdev mode='capabilities' type='misc'><source><char>/dev/input/event3</char></source></hostdev>",
  ],
  ["a USB redirected by SPICE", "<redirdev bus='usb' type='spicevmc'/>"],
  [
    "a USB redirected by TCP with a filter",
    "<redirdev bus='usb' type='tcp'><source mode='connect' host='localhost' service='4000'/></redirdev><redirfilter><usbdev class='0x08' vendor='0x1234' product='0xbeef' version='2.56' allow='yes'/><usbdev allow='no'/></redirfilter>",
  ],
  ["a smart card of the host's", "<smartcard mode='host'/>"],
  [
    "a smart card with certificates",
    "<smartcard mode='host-certificates'><certificate>cert1</certificate><certificate>cert2</certificate><certificate>cert3</certificate><database>/etc/pki/nssdb/</database></smartcard>",
  ],
  [
    "a smart card by a program",
    "<smartcard mode='passthrough' type='tcp'><source mode='bind' host='127.0.0.1' service='2001'/><protocol type='raw'/></smartcard>",
  ],
  ["a mouse and a keyboard", "<input type='mouse' bus='usb'/><input type='keyboard' bus='virtio'/>"],
  ["a tablet of the old virtio", "<input type='tablet' bus='virtio' model='virtio-non-transitional'/>"],
  ["a device of events", "<input type='evdev'><source dev='/dev/input/event1' grab='all' grabToggle='ctrl-ctrl' repeat='on'/></input>"],
  ["an input passed through", "<input type='passthrough' bus='virtio'><source evdev='/dev/input/event1'/></input>"],
  ["a hub", "<hub type='usb'/>"],
  [
    "a display by VNC for all to see",
    "<graphics type='vnc' port='5904' autoport='no' listen='1.2.3.4' sharePolicy='allow-exclusive' keymap='de' powerControl='no'><listen type='address' address='1.2.3.4'/></graphics>",
  ],
  ["a display by VNC over a socket", "<graphics type='vnc'><listen type='socket' socket='/run/vnc.sock'/></graphics>"],
  [
    "a display by VNC with a password",
    "<graphics type='vnc' autoport='yes' passwd='geheim' passwdValidTo='2030-04-09T15:51:00' connected='keep'/>",
  ],
  [
    "a display by VNC in the browser",
    "<graphics type='vnc' port='5905' websocket='5700' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>",
  ],
  [
    "a display by SPICE with everything",
    "<graphics type='spice' port='-1' tlsPort='-1' autoport='yes' defaultMode='secure'><listen type='network' network='default'/><channel name='main' mode='secure'/><channel name='record' mode='insecure'/><image compression='auto_glz'/><jpeg compression='auto'/><zlib compression='auto'/><playback compression='on'/><streaming mode='filter'/><clipboard copypaste='no'/><mouse mode='client'/><filetransfer enable='no'/><gl enable='no'/></graphics>",
  ],
  [
    "a display by SPICE with a GPU",
    "<graphics type='spice' autoport='no'><listen type='none'/><gl enable='yes' rendernode='/dev/dri/renderD128'/></graphics>",
  ],
  ["a display by RDP", "<graphics type='rdp' autoport='yes' multiUser='yes'/>"],
  [
    "a display on the host's screen",
    "<graphics type='sdl' display=':0.0' xauth='/root/.Xauthority' fullscreen='no'><gl enable='no'/></graphics>",
  ],
  ["a display without a head", "<graphics type='egl-headless'><gl rendernode='/dev/dri/renderD128'/></graphics>"],
  ["a display by D-Bus", "<graphics type='dbus' p2p='yes'/>"],
  [
    "a video card with 3D",
    "<video><model type='virtio' heads='1' primary='yes'><acceleration accel3d='yes'/><resolution x='1920' y='1080'/></model></video>",
  ],
  [
    "a video card of QXL's",
    "<video><driver name='qemu'/><model type='qxl' ram='65536' vram='65536' vram64='131072' vgamem='16384' heads='2'/></video>",
  ],
  ["a video card by vhost-user", "<video><driver name='vhostuser'/><model type='virtio' heads='1'/></video>"],
  ["a video card of Bochs'", "<video><model type='bochs' vram='16384' heads='1'/></video>"],
  ["no video card", "<video><model type='none'/></video>"],
  ["a VGA with a switch", "<video><driver vgaconf='on'/><model type='vga' vram='16384' heads='1'/></video>"],
  ["a serial port at an address", "<serial type='pty'><target type='isa-serial' port='0'><model name='isa-serial'/></target></serial>"],
  [
    "a serial port with a log",
    "<serial type='pty'><source path='/dev/pts/3'/><log file='/var/log/serial.log' append='on'/><target port='0'/></serial>",
  ],
  ["a serial port of the host's", "<serial type='dev'><source path='/dev/ttyS0'/><target port='1'/></serial>"],
  ["a serial port to a pipe", "<serial type='pipe'><source path='/tmp/mypipe'/><target port='0'/></serial>"],
  [
    "a serial port by TCP and telnet",
    "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='2445'/><protocol type='telnet'/><target port='0'/></serial>",
  ],
  [
    "a serial port by TLS",
    "<serial type='tcp'><source mode='connect' host='log.example.org' service='5555' tls='yes'><reconnect enabled='yes' timeout='10'/></source><protocol type='raw'/><target port='0'/></serial>",
  ],
  [
    "a serial port by UDP",
    "<serial type='udp'><source mode='bind' host='0.0.0.0' service='2445'/><source mode='connect' host='0.0.0.0' service='2446'/><target port='0'/></serial>",
  ],
  [
    "a serial port to a socket",
    "<serial type='unix'><source mode='bind' path='/tmp/serial.sock'><seclabel model='dac' relabel='no'/></source><target port='0'/></serial>",
  ],
  ["a serial port into the clipboard", "<serial type='spiceport'><source channel='org.qemu.console.serial.0'/><target port='0'/></serial>"],
  ["a serial port to nowhere", "<serial type='null'><target port='0'/></serial>"],
  ["a serial port on USB", "<serial type='pty'><target type='usb-serial' port='0'><model name='usb-serial'/></target></serial>"],
  ["a parallel port", "<parallel type='dev'><source path='/dev/parport0'/><target port='0'/></parallel>"],
  ["a console of virtio", "<console type='pty'><target type='virtio' port='1'/></console>"],
  [
    "a console to a file",
    "<console type='file'><source path='/var/log/console.log' append='on'/><target type='virtio' port='2'/></console>",
  ],
  ["a channel to the outside", "<channel type='pty'><target type='guestfwd' address='10.0.2.1' port='4600'/></channel>"],
  ["a channel of the agent", "<channel type='unix'><source mode='bind'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"],
  [
    "a channel of SPICE",
    "<graphics type='spice' autoport='yes'><listen type='address'/></graphics><channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>",
  ],
  [
    "a channel of vdagent",
    "<channel type='qemu-vdagent'><source><clipboard copypaste='yes'/><mouse mode='client'/></source><target type='virtio' name='com.redhat.spice.0'/></channel>",
  ],
  [
    "a channel to a web folder",
    "<channel type='spiceport'><source channel='org.spice-space.webdav.0'/><target type='virtio' name='org.spice-space.webdav.0'/></channel>",
  ],
  ["sound with codecs", "<sound model='ich6'><codec type='micro'/></sound>"],
  [
    "sound with a backend",
    "<sound model='ich9'><audio id='1'/></sound><audio id='1' type='pulseaudio' serverName='pulse.example.org'><input mixingEngine='yes' streamName='in'/></audio>",
  ],
  ["sound by the kernel", "<audio id='1' type='alsa'><input dev='default'/><output dev='default'/></audio>"],
  ["sound into a file", "<audio id='1' type='file' path='audio.wav'/>"],
  ["no sound", "<audio id='1' type='none'/>"],
  ["a watchdog", "<watchdog model='i6300esb' action='reset'/>"],
  ["a watchdog that dumps", "<watchdog model='ib700' action='dump'/>"],
  [
    "a balloon with statistics",
    "<memballoon model='virtio' autodeflate='on' freePageReporting='on'><stats period='10'/><driver iommu='on' ats='on'/></memballoon>",
  ],
  ["no balloon", "<memballoon model='none'/>"],
  [
    "random numbers with a limit",
    "<rng model='virtio'><rate period='2000' bytes='1234'/><backend model='random'>/dev/random</backend></rng>",
  ],
  [
    "random numbers from a daemon",
    "<rng model='virtio'><backend model='egd' type='udp'><source mode='bind' service='1234'/><source mode='connect' host='1.2.3.4' service='1234'/></backend></rng>",
  ],
  ["random numbers of QEMU's own", "<rng model='virtio'><backend model='builtin'/></rng>"],
  ["a TPM of the host's", "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"],
  [
    "a TPM with banks and encryption",
    "<tpm model='tpm-crb'><backend type='emulator' version='2.0' persistent_state='yes'><encryption secret='6dd3e4a5-1d76-44ce-961f-f119f5aad935'/><active_pcr_banks><sha256/><sha384/></active_pcr_banks></backend></tpm>",
  ],
  [
    "a TPM by a daemon of others",
    "<tpm model='tpm-crb'><backend type='external'><source type='unix' mode='connect' path='/tmp/path.sock'/></backend></tpm>",
  ],
  ["a NVRAM of POWER's", "<nvram><address type='spapr-vio' reg='0x00003000'/></nvram>"],
  ["a panic device", "<panic model='isa'><address type='isa' iobase='0x505'/></panic>"],
  ["a panic device of Windows'", "<panic model='hyperv'/>"],
  ["memory shared between machines", "<shmem name='my_shmem0' role='peer'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"],
  [
    "memory shared by a server",
    "<shmem name='shmem_server'><model type='ivshmem-doorbell'/><size unit='M'>2</size><server path='/tmp/socket-shmem'/><msi vectors='32' ioeventfd='on'/></shmem>",
  ],
  [
    "a module of memory",
    "<memory model='dimm' access='private' discard='yes'><target><size unit='KiB'>524287</size><node>0</node></target></memory>",
  ],
  [
    "a module of memory from pages",
    "<memory model='dimm'><uuid>9066901e-c90a-46ad-8b55-c18868cf92ae</uuid><source><pagesize unit='KiB'>4096</pagesize><nodemask>1-3</nodemask></source><target><size unit='KiB'>524287</size><node>0</node></target></memory>",
  ],
  [
    "a module that keeps its content",
    "<memory model='nvdimm'><uuid>9066901e-c90a-46ad-8b55-c18868cf92ae</uuid><source><path>/tmp/nvdimm</path><alignsize unit='KiB'>2048</alignsize><pmem/></source><target><size unit='KiB'>524288</size><node>0</node><label><size unit='KiB'>128</size></label><readonly/></target></memory>",
  ],
  [
    "a memory of virtio",
    "<memory model='virtio-mem'><source><nodemask>1-3</nodemask><pagesize unit='KiB'>2048</pagesize></source><target><size unit='KiB'>2097152</size><node>0</node><block unit='KiB'>2048</block><requested unit='KiB'>1048576</requested></target></memory>",
  ],
  [
    "a persistent memory of virtio",
    "<memory model='virtio-pmem' access='shared'><source><path>/tmp/virtio_pmem</path></source><target><size unit='KiB'>524288</size></target></memory>",
  ],
  [
    "an enclave",
    "<memory model='sgx-epc'><source><nodemask>0-1</nodemask></source><target><size unit='KiB'>16384</size><node>0</node></target></memory>",
  ],
  ["an IOMMU", "<iommu model='intel'><driver intremap='on' caching_mode='on' eim='on' iotlb='on' aw_bits='48'/></iommu>"],
  ["an IOMMU of ARM's", "<iommu model='smmuv3'/>"],
  ["an IOMMU of virtio", "<iommu model='virtio'/>"],
  ["a vsock with a number", "<vsock model='virtio'><cid auto='no' address='3'/></vsock>"],
  ["a vsock with a number of its own", "<vsock model='virtio'><cid auto='yes'/></vsock>"],
];

export const featuresAt = { top, os, features, cpu, clock, disk, driver, disks, card, devices } as const;
export type FeaturePlace = keyof typeof featuresAt;
