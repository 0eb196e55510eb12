// A change of each input of a disk, for each row of diskFieldEffects.
import type { diskFieldEffects } from "../../plan/field-effects";
import type { Values } from "../../resources/resource";
import type { EffectCase, EffectCases, Place } from "./play-cases";

/** A raw image with every setting said, so that nothing depends on the storage. */
export const fileDisk = ({ folder }: Place, more: Values = {}): Values => ({
  file: `${folder}/one.raw`,
  format: "raw",
  cache: "writeback",
  io: "threads",
  discard: "ignore",
  detectZeroes: "off",
  ...more,
});

const servers = {
  rbd: "needs a Ceph cluster",
  iscsi: "needs an iSCSI server",
  nfs: "needs an NFS server",
  http: "needs a web server",
  nvme: "needs an NVMe controller to give away",
  vhostUser: "needs a vhost-user daemon",
} as const;

export const diskCases = (place: Place) => {
  const { key, folder, pool, otherPool } = place;
  const one = (disk: Values): Values => ({ disks: { [key]: disk } });
  const file = (more: Values = {}) => one(fileDisk(place, more));
  const volume = (more: Values) => one({ pool, volume: `${key}-one.raw`, format: "raw", cache: "writeback", ...more });
  const fresh = (more: Values) =>
    one({ pool, format: "qcow2", cache: "writeback", image: `${key}-one.qcow2`, imageFormat: "qcow2", clone: "full", ...more });
  const sized = (size: string, more: Values = {}) =>
    one({ pool, size, format: "raw", cache: "writeback", io: "threads", discard: "ignore", ...more });
  /** Network disks are changed on the fake host. */
  const remote = (kind: keyof typeof servers, before: Values, after: Values, because: string, brings?: RegExp): EffectCase => ({
    because,
    onFake: servers[kind],
    before: one({ [kind]: before }),
    after: one({ [kind]: after }),
    ...(brings === undefined ? {} : { brings }),
  });
  const rbd = { name: "vms/one", hosts: [{ name: "mon" }], username: "vms", key: "b25l" };
  const iscsi = { portal: { name: "portal" }, target: "iqn.2024-01.org.example:one", lun: 1, username: "me", password: "one" };
  /** The same settings, said at the machine in place of the disk: our notes change, the machine does not. */
  const note = {
    because: "the same setting by another rule",
    before: file(),
    after: {
      ...one({ file: `${folder}/one.raw`, format: "raw", cache: "writeback", io: "threads", discard: "ignore" }),
      detectZeroes: "off",
    },
  } as const;
  const made = (more: Values, because: string): EffectCase => ({ because, before: fresh({}), after: fresh(more) });
  return {
    added: [{ because: "a slot is free", after: file(), brings: /one\.raw/ }],
    removed: [{ because: "the guest lets go", guest: true, before: file(), after: { disks: {} }, takes: /<disk/ }],
    file: [{ because: "other data", before: file(), after: file({ file: `${folder}/two.raw` }), brings: /two\.raw/ }],
    source: [{ because: "so is called what waits of it", before: file(), after: file({ file: `${folder}/two.raw` }), brings: /two\.raw/ }],
    pool: [
      { because: "other data", before: volume({}), after: volume({ pool: otherPool }), brings: new RegExp(`${otherPool}/${key}-one`) },
    ],
    volume: [{ because: "other data", before: volume({}), after: volume({ volume: `${key}-two.raw` }), brings: /-two\.raw/ }],
    image: [made({ image: `${key}-two.qcow2` }, "the disk has its data already")],
    imageFormat: [
      {
        because: "the disk has its data already",
        before: fresh({}),
        after: one({ pool, format: "qcow2", cache: "writeback", image: `${key}-one.qcow2`, clone: "full" }),
      },
    ],
    clone: [made({ clone: "linked" }, "the disk has its data already")],
    rbd: [remote("rbd", rbd, { ...rbd, name: "vms/two" }, "another image", /vms\/two/)],
    "rbd.key": [remote("rbd", rbd, { ...rbd, key: "dHdv" }, "only who starts anew shows it")],
    iscsi: [remote("iscsi", iscsi, { ...iscsi, lun: 2 }, "another unit", /example:one\/2/)],
    "iscsi.password": [remote("iscsi", iscsi, { ...iscsi, password: "two" }, "only who starts anew shows it")],
    nfs: [
      remote(
        "nfs",
        { server: { name: "nas" }, path: "/vms/one" },
        { server: { name: "nas" }, path: "/vms/two" },
        "another file",
        /vms\/two/,
      ),
    ],
    http: [
      {
        ...remote("http", {}, {}, "another medium", /two\.iso/),
        before: one({ http: { url: "https://example.org/one.iso" }, device: "cdrom" }),
        after: one({ http: { url: "https://example.org/two.iso" }, device: "cdrom" }),
      },
    ],
    nvme: [remote("nvme", { address: "0000:01:00.0" }, { address: "0000:02:00.0" }, "another controller", /bus=["']0x02/)],
    vhostUser: [remote("vhostUser", { socket: "/run/one.sock" }, { socket: "/run/two.sock" }, "another daemon", /two\.sock/)],
    network: [remote("rbd", rbd, { ...rbd, hosts: [{ name: "other" }] }, "the same image behind another monitor", /name=["']other/)],
    format: [
      {
        because: "the same bytes, read in another way",
        before: file({ file: `${folder}/one.qcow2` }),
        after: file({ file: `${folder}/one.qcow2`, format: "qcow2" }),
        brings: /type=["']qcow2/,
      },
    ],
    device: [
      {
        because: "a CD-ROM in place of a disk",
        before: file({ bus: "sata" }),
        after: file({ bus: "sata", device: "cdrom" }),
        brings: /device=["']cdrom/,
      },
    ],
    bus: [{ because: "another controller", before: file(), after: file({ bus: "scsi" }), brings: /bus=["']scsi/ }],
    target: [{ because: "a bus has names of its own", before: file({ bus: "scsi" }), after: file(), brings: /dev=["']vd/ }],
    readonly: [{ because: "the guest has it open to write", before: file(), after: file({ readonly: true }), brings: /<readonly/ }],
    shareable: [
      {
        because: "others may open it",
        before: file({ cache: "none" }),
        after: file({ cache: "none", shareable: true }),
        brings: /<shareable/,
      },
    ],
    serial: [{ because: "the guest has read it", before: file(), after: file({ serial: "4711" }), brings: /<serial>4711</ }],
    wwn: [
      {
        because: "the guest has read it",
        before: file({ bus: "scsi" }),
        after: file({ bus: "scsi", wwn: "5000c50015ea71ad" }),
        brings: /<wwn>/,
      },
    ],
    iothread: [{ because: "a thread of its own", before: file(), after: file({ iothread: 1 }), brings: /iothread=["']1/ }],
    queues: [{ because: "the guest has counted them", before: file(), after: file({ queues: 2 }), brings: /queues=["']2/ }],
    discardNoUnref: [
      {
        because: "QEMU has the image open",
        onFake: "needs QEMU 8.1 and libvirt 9.5",
        before: one({ pool, size: "1GiB" }),
        after: one({ pool, size: "1GiB", discardNoUnref: true }),
        brings: /discard_no_unref/,
      },
    ],
    throttle: [
      {
        because: "another limit",
        before: file({ throttle: { totalIopsSec: 100 } }),
        after: file({ throttle: { totalIopsSec: 200 } }),
        brings: /<total_iops_sec>200</,
      },
      {
        because: "limits where there were none",
        before: file(),
        after: file({ throttle: { readBytesSec: "1MiB" } }),
        brings: /<read_bytes_sec>/,
      },
      { because: "no limits any more", before: file({ throttle: { totalIopsSec: 100 } }), after: file(), takes: /<total_iops_sec>/ },
    ],
    "throttle.groupName": [
      {
        because: "a limit that is shared",
        before: file({ throttle: { totalIopsSec: 100 } }),
        after: file({ throttle: { totalIopsSec: 100, groupName: "shared" } }),
        brings: /<group_name>shared</,
      },
    ],
    bootOrder: [{ because: "the firmware has looked", before: file(), after: file({ bootOrder: 1 }), brings: /<boot order=["']1/ }],
    size: [{ because: "it grows under the guest", before: sized("1MiB"), after: sized("2MiB") }],
    cache: [{ because: "the guest does not see it", before: file(), after: file({ cache: "none" }), brings: /cache=["']none/ }],
    io: [
      {
        because: "the guest does not see it",
        before: file({ cache: "none" }),
        after: file({ cache: "none", io: "native" }),
        brings: /io=["']native/,
      },
    ],
    discard: [{ because: "the guest sees it anyway", before: file(), after: file({ discard: "unmap" }), brings: /discard=["']unmap/ }],
    detectZeroes: [
      { because: "the guest does not see it", before: file(), after: file({ detectZeroes: "on" }), brings: /detect_zeroes=["']on/ },
    ],
    requested: [note],
    reason: [note],
    guestWriteCache: [note],
    notVerified: [note],
    warnings: [note],
    migration: [note],
    keepOnDelete: [
      {
        because: "what becomes of the volume later",
        before: sized("1MiB"),
        after: sized("1MiB", { keepOnDelete: true }),
      },
    ],
    preallocation: [{ because: "the volume is there", before: sized("1MiB"), after: sized("1MiB", { preallocation: "full" }) }],
  } as const satisfies EffectCases<typeof diskFieldEffects>;
};
