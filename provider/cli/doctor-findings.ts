// The doctor's judgement: facts of a host -> findings, each with its fix as a command. Pure.
import { kvmPermissionFix, kvmPermissionHint } from "../host/observe-accelerator";
import { closedFolderOf } from "../host/why-impassable";
import type { NetworkRecord, PoolRecord } from "../libvirt/port";
import type { DirectIo, PoolFacts } from "../plan/facts";
import { roundSize } from "../resources/pool-space";
import { shellWord } from "./command";
import type { DoctorFacts } from "./doctor-facts";

export type FindingStatus = "ok" | "warn" | "fail";

export interface Finding {
  readonly check: "libvirt" | "kvm" | "pool" | "space" | "network" | "uefi" | "tpm";
  /** The pool or network. */
  readonly about?: string | undefined;
  readonly status: FindingStatus;
  readonly finding: string;
  /** A command to run on the host; what it says of packages is Debian's. */
  readonly fix?: string | undefined;
}

/** Less than this of a pool is nearly nothing. */
const littleShare = 0.05;
const percent = 100;

const probeFix = ({ uri }: DoctorFacts) => `pulumi-kvm doctor --uri ${shellWord(uri)}`;
const virsh = ({ uri }: DoctorFacts, ...words: readonly string[]) => ["virsh", "-c", uri, ...words].map(shellWord).join(" ");

function libvirtFinding({ identity, host }: DoctorFacts): Finding {
  const { hostname, libvirtVersion, qemuVersion } = identity;
  return {
    check: "libvirt",
    status: "ok",
    finding: `${hostname} answers: libvirt ${libvirtVersion}, QEMU ${qemuVersion}, ${host.architecture}`,
  };
}

/** The module is missing, or the processor's virtualisation is switched off; the device is there, and closed to QEMU. */
const moduleFix = "sudo modprobe kvm_intel || sudo modprobe kvm_amd";

function kvmFinding(facts: DoctorFacts): Finding {
  const { usable, why } = facts.host.kvm;
  const finding = why.replace(kvmPermissionHint, "");
  const isClosed = facts.kvmOffered || why.includes(kvmPermissionFix);
  const closedFix = kvmPermissionFix.replaceAll(/ch(grp|mod)/g, "sudo $&");
  const slow = "so VMs run in software, many times slower";
  const verdicts = {
    yes: { status: "ok", finding },
    no: { status: "fail", finding: `${finding}, ${slow}`, fix: isClosed ? closedFix : moduleFix },
    unknown: { status: "warn", finding, ...(facts.onlyLooked ? { fix: probeFix(facts) } : {}) },
  } as const satisfies Record<DirectIo, Pick<Finding, "status" | "finding" | "fix">>;
  return { check: "kvm", ...verdicts[usable] };
}

export const directIoWords = { yes: "direct I/O works", no: "no direct I/O", unknown: "direct I/O unknown" } as const satisfies Record<
  DirectIo,
  string
>;

function storageClause({ type, path, kind, fileSystem, directIo, why }: PoolFacts): string {
  return `${type} pool, ${path} on ${fileSystem ?? kind}: ${directIoWords[directIo]} (${why})`;
}

function poolFinding(facts: DoctorFacts, name: string, pool: PoolFacts): Finding {
  const base = { check: "pool", about: name } as const;
  if (!pool.active) return { ...base, status: "warn", finding: "the pool is not started", fix: virsh(facts, "pool-start", name) };
  if (pool.impassable !== undefined) {
    const folder = closedFolderOf(pool.impassable);
    const fix = folder === undefined ? {} : { fix: `sudo chmod o+x ${shellWord(folder)}` };
    return { ...base, status: "fail", finding: `QEMU cannot open its volumes: ${pool.impassable}`, ...fix };
  }
  const given = facts.defaults[name];
  const follows = given !== undefined && "cache" in given ? `; a new disk gets cache ${given.cache}, io ${given.io}` : "";
  const finding = `${storageClause(pool)}${follows}`;
  if (pool.directIo !== "unknown") return { ...base, status: "ok", finding };
  return { ...base, status: "warn", finding, ...(facts.onlyLooked ? { fix: probeFix(facts) } : {}) };
}

/** Pools that do not tell their size, as on ramfs, have no finding. */
function spaceFindings(facts: DoctorFacts, { name, active, capacityBytes, availableBytes }: PoolRecord): readonly Finding[] {
  if (!active || capacityBytes === 0) return [];
  const share = availableBytes / capacityBytes;
  const finding = `${roundSize(availableBytes)} of ${roundSize(capacityBytes)} free (${Math.round(share * percent)} %)`;
  const base = { check: "space", about: name } as const;
  if (share >= littleShare) return [{ ...base, status: "ok", finding }];
  return [{ ...base, status: "warn", finding, fix: virsh(facts, "vol-list", name, "--details") }];
}

function networkFinding(facts: DoctorFacts, { name, active, autostart }: NetworkRecord): Finding {
  const base = { check: "network", about: name } as const;
  if (!active) return { ...base, status: "warn", finding: "the network is not started", fix: virsh(facts, "net-start", name) };
  if (autostart) return { ...base, status: "ok", finding: "is started, and starts with the host" };
  return { ...base, status: "warn", finding: "is started, but not when the host boots", fix: virsh(facts, "net-autostart", name) };
}

interface EquipmentWords {
  readonly there: string;
  readonly missing: string;
  readonly fix: string;
}

const equipmentWords = {
  uefi: {
    there: "UEFI firmware is installed",
    missing: 'no UEFI firmware, which VMs with `firmware: "uefi"` need',
    fix: "sudo apt install ovmf",
  },
  tpm: { there: "swtpm is installed", missing: "no swtpm, which VMs with a `tpm` need", fix: "sudo apt install swtpm swtpm-tools" },
} as const satisfies Partial<Record<Finding["check"], EquipmentWords>>;

function equipmentFinding(check: keyof typeof equipmentWords, isThere: boolean | undefined): readonly Finding[] {
  if (isThere === undefined) return [];
  const { there, missing, fix } = equipmentWords[check];
  return [isThere ? { check, status: "ok", finding: there } : { check, status: "warn", finding: missing, fix }];
}

/** In the order in which one would mend them. */
export function doctorFindings(facts: DoctorFacts): readonly Finding[] {
  const pools = Object.entries(facts.host.pools).sort(([one], [other]) => one.localeCompare(other));
  const noPool: Finding = {
    check: "pool",
    status: "warn",
    finding: "there is no storage pool: disks can only be existing files",
    fix: `${virsh(facts, "pool-define-as", "default", "dir", "--target", "/var/lib/libvirt/images")} && ${virsh(facts, "pool-start", "default")}`,
  };
  return [
    libvirtFinding(facts),
    kvmFinding(facts),
    ...(pools.length === 0 ? [noPool] : pools.map(([name, pool]) => poolFinding(facts, name, pool))),
    ...facts.pools.flatMap((pool) => spaceFindings(facts, pool)),
    ...facts.networks.map((network) => networkFinding(facts, network)),
    ...equipmentFinding("uefi", facts.equipment.uefi),
    ...equipmentFinding("tpm", facts.equipment.softwareTpm),
  ];
}
