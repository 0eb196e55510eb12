/** The procedure table: number on the wire, arguments and results in wire order, lane. One line a procedure. */
import { array, bool, fixedText, flags, i32, opaque, optional, string, u32, u64, uuid } from "./xdr";
import type { Shape, StructOf } from "./xdr";
import {
  domain,
  domainCheckpoint,
  domainInterface,
  domainSnapshot,
  domainStatsRecord,
  network,
  networkDhcpLease,
  secret,
  storagePool,
  storageVol,
  typedParam,
} from "./wire-types";

/**
 * Which of the connection's sockets a call goes by. Each has its own 4 calls in flight, so that one kind of work never waits for another:
 * `fast` for changes that return soon, `slow` for those that may take minutes (start, save, volume creation), `read` for questions.
 */
export type Lane = "fast" | "slow" | "read";

export interface Procedure<A extends Shape = Shape, R extends Shape = Shape, L extends Lane | "stream" = Lane | "stream"> {
  readonly number: number;
  readonly args: A;
  readonly results: R;
  /** `stream`: no call by itself, but the beginning of a stream, which has a socket of its own. */
  readonly lane: L;
}

function procedure<const A extends Shape, const R extends Shape, const L extends Lane | "stream">(
  number: number,
  args: A,
  results: R,
  lane: L,
): Procedure<A, R, L> {
  return { number, args, results, lane };
}

// The most items that libvirt puts in one list.
const listMax = 16_384;
const blockStatsMax = 16;
const authTypesMax = 20;
const blockIoTuneMax = 32;
const interfacesMax = 2048;
const secretBytesMax = 65_536;
const dhcpLeasesMax = 65_536;

const domains = array(domain, listMax);
const pools = array(storagePool, listMax);
const nets = array(network, listMax);
const leases = array(networkDhcpLease, dhcpLeasesMax);
const vols = array(storageVol, listMax);
const snapshots = array(domainSnapshot, listMax);
const secrets = array(secret, listMax);
const checkpoints = array(domainCheckpoint, listMax);
const statsRecords = array(domainStatsRecord, listMax);

// char and short travel as a whole word.
const u8 = u32;
const u16 = u32;
const i8 = i32;

const maybe = optional(string);
const dom = domain;
const pool = storagePool;
const net = network;
const vol = storageVol;

// In the lists, `needResults: false` gives only the count `ret`.
// prettier-ignore
export const procedures = {
  // Connection and host
  connectOpen: procedure(1, { name: maybe, flags }, {}, "read"),
  connectClose: procedure(2, {}, {}, "read"),
  connectGetType: procedure(3, {}, { type: string }, "read"),
  connectGetVersion: procedure(4, {}, { hvVer: u64 }, "read"),
  connectGetLibVersion: procedure(157, {}, { libVer: u64 }, "read"),
  connectGetHostname: procedure(59, {}, { hostname: string }, "read"),
  connectGetUri: procedure(110, {}, { uri: string }, "read"),
  connectGetSysinfo: procedure(203, { flags }, { sysinfo: string }, "read"),
  connectGetCapabilities: procedure(7, {}, { capabilities: string }, "read"),
  connectGetDomainCapabilities: procedure(342, { emulatorbin: maybe, arch: maybe, machine: maybe, virttype: maybe, flags }, { capabilities: string }, "read"),
  connectGetStoragePoolCapabilities: procedure(403, { flags }, { capabilities: string }, "read"),
  connectSupportsFeature: procedure(60, { feature: i32 }, { supported: bool }, "read"),
  nodeGetInfo: procedure(6, {}, { model: fixedText(32), memory: u64, cpus: i32, mhz: i32, nodes: i32, sockets: i32, cores: i32, threads: i32 }, "read"),
  authList: procedure(66, {}, { types: array(i32, authTypesMax) }, "read"),
  authPolkit: procedure(70, {}, { complete: i32 }, "read"),
  connectDomainEventCallbackRegisterAny: procedure(316, { eventID: i32, dom: optional(dom) }, { callbackID: i32 }, "read"),
  connectDomainEventCallbackDeregisterAny: procedure(317, { callbackID: i32 }, {}, "read"),

  // Domains: find and look
  connectListAllDomains: procedure(273, { needResults: bool, flags }, { domains, ret: u32 }, "read"),
  domainLookupById: procedure(22, { id: i32 }, { dom }, "read"),
  domainLookupByName: procedure(23, { name: string }, { dom }, "read"),
  domainLookupByUuid: procedure(24, { uuid }, { dom }, "read"),
  domainGetXmlDesc: procedure(14, { dom, flags }, { xml: string }, "read"),
  domainGetState: procedure(212, { dom, flags }, { state: i32, reason: i32 }, "read"),
  domainGetInfo: procedure(16, { dom }, { state: u8, maxMem: u64, memory: u64, nrVirtCpu: u16, cpuTime: u64 }, "read"),
  domainGetMaxMemory: procedure(17, { dom }, { memory: u64 }, "read"),
  domainGetAutostart: procedure(15, { dom }, { autostart: bool }, "read"),
  domainIsActive: procedure(150, { dom }, { active: bool }, "read"),
  domainIsPersistent: procedure(151, { dom }, { persistent: bool }, "read"),
  domainIsUpdated: procedure(202, { dom }, { updated: bool }, "read"),
  domainGetVcpusFlags: procedure(200, { dom, flags }, { num: i32 }, "read"),
  domainGetMetadata: procedure(265, { dom, type: i32, uri: maybe, flags }, { metadata: string }, "read"),
  domainGetBlockInfo: procedure(194, { dom, path: string, flags }, { allocation: u64, capacity: u64, physical: u64 }, "read"),
  domainBlockStatsFlags: procedure(243, { dom, path: string, nparams: i32, flags }, { params: array(typedParam, blockStatsMax), nparams: i32 }, "read"),
  connectGetAllDomainStats: procedure(344, { doms: domains, stats: flags, flags }, { retStats: statsRecords }, "read"),

  // Domains: definition and life
  domainDefineXmlFlags: procedure(350, { xml: string, flags }, { dom }, "fast"),
  domainUndefineFlags: procedure(231, { dom, flags }, {}, "fast"),
  domainRename: procedure(358, { dom, newName: maybe, flags }, { retcode: i32 }, "fast"),
  domainCreateXml: procedure(10, { xml: string, flags }, { dom }, "slow"),
  domainCreateWithFlags: procedure(196, { dom, flags }, { dom }, "slow"),
  domainDestroyFlags: procedure(234, { dom, flags }, {}, "fast"),
  domainShutdownFlags: procedure(258, { dom, flags }, {}, "slow"),
  domainReboot: procedure(27, { dom, flags }, {}, "fast"),
  domainReset: procedure(245, { dom, flags }, {}, "fast"),
  domainSuspend: procedure(34, { dom }, {}, "fast"),
  domainResume: procedure(28, { dom }, {}, "fast"),
  domainSetAutostart: procedure(29, { dom, autostart: bool }, {}, "fast"),
  domainSetMetadata: procedure(264, { dom, type: i32, metadata: maybe, key: maybe, uri: maybe, flags }, {}, "fast"),
  domainSetMemoryFlags: procedure(204, { dom, memory: u64, flags }, {}, "fast"),
  domainSetVcpusFlags: procedure(199, { dom, nvcpus: u32, flags }, {}, "fast"),
  domainSetLifecycleAction: procedure(390, { dom, type: u32, action: u32, flags }, {}, "fast"),

  // Domains: managed save
  domainManagedSave: procedure(182, { dom, flags }, {}, "slow"),
  domainHasManagedSaveImage: procedure(183, { dom, flags }, { result: bool }, "read"),
  domainManagedSaveRemove: procedure(184, { dom, flags }, {}, "fast"),
  domainManagedSaveGetXmlDesc: procedure(388, { dom, flags }, { xml: string }, "read"),
  domainManagedSaveDefineXml: procedure(389, { dom, dxml: maybe, flags }, {}, "slow"),

  // Domains: devices
  domainAttachDeviceFlags: procedure(160, { dom, xml: string, flags }, {}, "slow"),
  domainDetachDeviceFlags: procedure(161, { dom, xml: string, flags }, {}, "slow"),
  domainDetachDeviceAlias: procedure(392, { dom, alias: string, flags }, {}, "slow"),
  domainUpdateDeviceFlags: procedure(174, { dom, xml: string, flags }, {}, "slow"),
  domainInterfaceAddresses: procedure(353, { dom, source: u32, flags }, { ifaces: array(domainInterface, interfacesMax) }, "read"),
  domainSetBlockIoTune: procedure(252, { dom, disk: string, params: array(typedParam, blockIoTuneMax), flags }, {}, "fast"),
  domainGetBlockIoTune: procedure(253, { dom, disk: maybe, nparams: i32, flags }, { params: array(typedParam, blockIoTuneMax), nparams: i32 }, "read"),
  domainBlockResize: procedure(251, { dom, disk: string, size: u64, flags }, {}, "slow"),

  // Domains: snapshots and checkpoints
  domainListAllSnapshots: procedure(274, { dom, needResults: bool, flags }, { snapshots, ret: i32 }, "read"),
  domainSnapshotGetXmlDesc: procedure(186, { snap: domainSnapshot, flags }, { xml: string }, "read"),
  domainSnapshotDelete: procedure(193, { snap: domainSnapshot, flags }, {}, "slow"),
  domainListAllCheckpoints: procedure(413, { dom, needResults: bool, flags }, { checkpoints, ret: i32 }, "read"),
  domainCheckpointDelete: procedure(417, { checkpoint: domainCheckpoint, flags }, {}, "slow"),

  // Storage pools
  connectListAllStoragePools: procedure(281, { needResults: bool, flags }, { pools, ret: u32 }, "read"),
  storagePoolLookupByName: procedure(84, { name: string }, { pool }, "read"),
  storagePoolLookupByUuid: procedure(85, { uuid }, { pool }, "read"),
  storagePoolLookupByVolume: procedure(86, { vol }, { pool }, "read"),
  storagePoolLookupByTargetPath: procedure(391, { path: string }, { pool }, "read"),
  storagePoolGetXmlDesc: procedure(88, { pool, flags }, { xml: string }, "read"),
  storagePoolGetInfo: procedure(87, { pool }, { state: u8, capacity: u64, allocation: u64, available: u64 }, "read"),
  storagePoolIsActive: procedure(154, { pool }, { active: bool }, "read"),
  storagePoolIsPersistent: procedure(155, { pool }, { persistent: bool }, "read"),
  storagePoolGetAutostart: procedure(89, { pool }, { autostart: bool }, "read"),
  storagePoolListAllVolumes: procedure(282, { pool, needResults: bool, flags }, { vols, ret: u32 }, "read"),
  storagePoolDefineXml: procedure(77, { xml: string, flags }, { pool }, "fast"),
  storagePoolUndefine: procedure(82, { pool }, {}, "fast"),
  storagePoolSetAutostart: procedure(90, { pool, autostart: bool }, {}, "fast"),
  storagePoolCreateXml: procedure(76, { xml: string, flags }, { pool }, "slow"),
  storagePoolCreate: procedure(78, { pool, flags }, {}, "slow"),
  storagePoolBuild: procedure(79, { pool, flags }, {}, "slow"),
  storagePoolDestroy: procedure(80, { pool }, {}, "slow"),
  storagePoolDelete: procedure(81, { pool, flags }, {}, "slow"),
  storagePoolRefresh: procedure(83, { pool, flags }, {}, "slow"),

  // Volumes
  storageVolLookupByName: procedure(95, { pool, name: string }, { vol }, "read"),
  storageVolLookupByKey: procedure(96, { key: string }, { vol }, "read"),
  storageVolLookupByPath: procedure(97, { path: string }, { vol }, "read"),
  storageVolGetXmlDesc: procedure(99, { vol, flags }, { xml: string }, "read"),
  storageVolGetInfo: procedure(98, { vol }, { type: i8, capacity: u64, allocation: u64 }, "read"),
  storageVolGetInfoFlags: procedure(378, { vol, flags }, { type: i8, capacity: u64, allocation: u64 }, "read"),
  storageVolGetPath: procedure(100, { vol }, { name: string }, "read"),
  storageVolCreateXml: procedure(93, { pool, xml: string, flags }, { vol }, "slow"),
  storageVolCreateXmlFrom: procedure(125, { pool, xml: string, clonevol: vol, flags }, { vol }, "slow"),
  storageVolDelete: procedure(94, { vol, flags }, {}, "slow"),
  storageVolResize: procedure(260, { vol, capacity: u64, flags }, {}, "slow"),
  storageVolWipe: procedure(165, { vol, flags }, {}, "slow"),
  storageVolUpload: procedure(208, { vol, offset: u64, length: u64, flags }, {}, "stream"),
  storageVolDownload: procedure(209, { vol, offset: u64, length: u64, flags }, {}, "stream"),

  // Networks. Of networkUpdate: daemons without feature NETWORK_UPDATE_HAS_CORRECT_ORDER take `section` for `command` and the other way round.
  connectListAllNetworks: procedure(283, { needResults: bool, flags }, { nets, ret: u32 }, "read"),
  networkLookupByName: procedure(46, { name: string }, { net }, "read"),
  networkLookupByUuid: procedure(47, { uuid }, { net }, "read"),
  networkGetXmlDesc: procedure(43, { net, flags }, { xml: string }, "read"),
  networkIsActive: procedure(152, { net }, { active: bool }, "read"),
  networkIsPersistent: procedure(153, { net }, { persistent: bool }, "read"),
  networkGetAutostart: procedure(44, { net }, { autostart: bool }, "read"),
  networkGetBridgeName: procedure(45, { net }, { name: string }, "read"),
  networkGetDhcpLeases: procedure(341, { net, mac: maybe, needResults: bool, flags }, { leases, ret: u32 }, "read"),
  networkDefineXml: procedure(41, { xml: string }, { net }, "fast"),
  networkUndefine: procedure(49, { net }, {}, "fast"),
  networkSetAutostart: procedure(48, { net, autostart: bool }, {}, "fast"),
  networkCreate: procedure(39, { net }, {}, "slow"),
  networkDestroy: procedure(42, { net }, {}, "slow"),
  networkUpdate: procedure(291, { net, command: u32, section: u32, parentIndex: i32, xml: string, flags }, {}, "slow"),

  // Secrets
  connectListAllSecrets: procedure(287, { needResults: bool, flags }, { secrets, ret: u32 }, "read"),
  secretLookupByUuid: procedure(141, { uuid }, { secret }, "read"),
  secretLookupByUsage: procedure(147, { usageType: i32, usageID: string }, { secret }, "read"),
  secretGetXmlDesc: procedure(143, { secret, flags }, { xml: string }, "read"),
  secretDefineXml: procedure(142, { xml: string, flags }, { secret }, "fast"),
  secretSetValue: procedure(144, { secret, value: opaque(secretBytesMax), flags }, {}, "fast"),
  secretUndefine: procedure(146, { secret }, {}, "fast"),
} as const;

export type ProcedureName = keyof typeof procedures;

/** Procedures that open a stream. */
export type StreamName = { [P in ProcedureName]: (typeof procedures)[P]["lane"] extends "stream" ? P : never }[ProcedureName];

/** Procedures that are answered, and that is all. */
export type CallName = Exclude<ProcedureName, StreamName>;

type NullableKeys<T> = { [K in keyof T]: null extends T[K] ? K : never }[keyof T];
type WithOptionalNulls<T> = { readonly [K in Exclude<keyof T, NullableKeys<T>>]: T[K] } & {
  readonly [K in NullableKeys<T>]?: T[K] | undefined;
};

/** What a procedure takes. Fields that libvirt lets be NULL may be left out. */
export type ArgsOf<P extends ProcedureName> = WithOptionalNulls<StructOf<(typeof procedures)[P]["args"]>>;

/** What a procedure gives. 64-bit fields are bigint. */
export type ResultOf<P extends ProcedureName> = StructOf<(typeof procedures)[P]["results"]>;
