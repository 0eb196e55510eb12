// The narrow port through which the provider sees libvirt: what the resources and the facts need, and no more.
// XML goes in and out as text; whoever needs it parsed uses provider/xml. Every verb rejects with HostError (libvirt's code),
// HostConnectionError (no answer: nothing is known) or CancelledError (the call's signal), and nothing else.

/** Passed to every verb. `signal` ends the wait, not what the daemon has begun: read the state again afterwards. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export type DomainState = "running" | "paused" | "stopped" | "crashed" | "suspended";

/** A domain as libvirt holds it now. */
export interface DomainRecord {
  readonly name: string;
  readonly uuid: string;
  /** libvirt's running number: changes with each cold start; absent when stopped. */
  readonly id?: number | undefined;
  readonly state: DomainState;
  readonly persistent: boolean;
  readonly autostart: boolean;
  /** The definition the next cold start uses (VIR_DOMAIN_XML_INACTIVE | SECURE). */
  readonly inactiveXml: string;
  /** What runs now; absent when stopped. */
  readonly liveXml?: string | undefined;
  /** A managed-save image exists: the next start resumes it with the XML inside it. */
  readonly hasManagedSave: boolean;
}

export interface DomainName {
  readonly name: string;
  readonly uuid: string;
}

export type DomainRef = { readonly uuid: string } | { readonly name: string };

export interface PoolRecord {
  readonly name: string;
  readonly uuid: string;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
  /** The stored definition (VIR_STORAGE_XML_INACTIVE) where the pool is persistent, else the live one. */
  readonly xml: string;
  /** Bytes, as the pool's storage says now (a folder's file system); 0 when inactive. Tells whether a local path is the same storage. */
  readonly capacityBytes: number;
  /** Bytes that are free; 0 when inactive. */
  readonly availableBytes: number;
}

export interface PoolName {
  readonly name: string;
  readonly uuid: string;
}

/** A run of an image's bytes: data as it is, or zeroes that need not be sent. */
export type StreamPiece = { readonly data: Uint8Array } | { readonly holeBytes: number };

export interface UploadOptions extends CallOptions {
  /** Of the whole content, holes included. */
  readonly lengthBytes: number;
  /** Where in the volume the content begins; 0 when absent. What is before it, and behind its end, stays as it is. */
  readonly offsetBytes?: number | undefined;
  /** After each piece: bytes so far, holes included. */
  readonly onProgress?: ((doneBytes: number) => void) | undefined;
}

/** A libvirt network as it is now. */
export interface NetworkRecord {
  readonly name: string;
  readonly uuid: string;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
  /** The stored definition (VIR_NETWORK_XML_INACTIVE) where the network is persistent, else the live one. */
  readonly xml: string;
  /** What runs now, which a later definition does not change; absent when not active. */
  readonly liveXml?: string | undefined;
}

export interface NetworkName {
  readonly name: string;
  readonly uuid: string;
}

/** One entry of a network that changes while it runs (virNetworkUpdate). */
export interface NetworkUpdate {
  readonly section: "dhcpHost" | "dhcpRange" | "dnsHost" | "dnsSrv" | "dnsTxt" | "forwardInterface";
  /** `modify` is for DHCP hosts alone; it finds the entry by MAC, IP or name. */
  readonly command: "add" | "delete" | "modify";
  /** The entry as an element: <host mac='…' ip='…'/>. */
  readonly xml: string;
  /** For DHCP: which <ip> of the network, from 0; absent: the one that has DHCP already, else the first. */
  readonly addressIndex?: number | undefined;
  /** What runs, what is stored, or both (the network must be active for the first and the last). */
  readonly affects: "live" | "definition" | "both";
}

/** An address that a network's DHCP server gave. */
export interface DhcpLease {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
  readonly mac?: string | undefined;
  readonly hostname?: string | undefined;
  /** Seconds since 1970; absent: it does not end. */
  readonly expiresAtSeconds?: number | undefined;
}

export interface SecretRecord {
  readonly uuid: string;
  readonly xml: string;
}

/**
 * How an unplug ended: `removed`; `refused` (the guest said no: VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED); `waiting` (the time is over, and the
 * guest may still let go of it later).
 */
export type UnplugOutcome = "removed" | "refused" | "waiting";

/** Limits of a disk's traffic, in libvirt's words (virDomainSetBlockIoTune): 0 is no limit. */
export type BlockIoTune = Readonly<Record<string, number>>;

export interface VolumeRecord {
  readonly pool: string;
  readonly name: string;
  readonly path: string;
  readonly xml: string;
  readonly capacityBytes: number;
}

export type VolumeRef = { readonly path: string } | { readonly pool: string; readonly name: string };

export interface HostIdentity {
  /** "9.0.0" */
  readonly libvirtVersion: string;
  /** "7.2.22" */
  readonly qemuVersion: string;
  readonly hostname: string;
  readonly capabilitiesXml: string;
}

export interface DomainCapabilitiesQuery {
  readonly virtType: "kvm" | "qemu";
  readonly arch?: string | undefined;
  readonly machine?: string | undefined;
}

export type AddressSource = "lease" | "agent" | "arp";

export interface InterfaceAddresses {
  /** As the source calls the card: the host's ("vnet0") or, by the agent, the guest's ("eth0"). */
  readonly name: string;
  /** In lower case. */
  readonly mac?: string | undefined;
  /** Without a prefix where the source does not know it. */
  readonly addresses: readonly { readonly address: string; readonly prefix?: number | undefined }[];
}

/** What must hold before a start is called done: running, or held by libvirt before the first instruction. */
export interface StartOptions extends CallOptions {
  readonly paused?: boolean | undefined;
}

/** How a guest is asked to stop; `auto`: by its agent where one is connected, and by the power button where that does not help. */
export type ShutdownMode = "auto" | "acpi" | "agent";

export interface ShutdownOptions extends CallOptions {
  /** `auto` when absent. */
  readonly by?: ShutdownMode | undefined;
}

/** What libvirt does when a guest ends its run, by its own words. */
export interface LifecycleAction {
  readonly event: "poweroff" | "reboot" | "crash";
  readonly action: "destroy" | "restart" | "preserve" | "coredump-destroy" | "coredump-restart";
}

export interface SnapshotRecord {
  readonly name: string;
  readonly xml: string;
}

export interface Libvirt {
  readonly uri: string;
  /** The daemon is reached over a unix socket: it may share this machine's file systems (it need not: containers, namespaces). */
  readonly isLocalSocket: boolean;
  close(): Promise<void>;

  identify(options?: CallOptions): Promise<HostIdentity>;
  domainCapabilitiesXml(query: DomainCapabilitiesQuery, options?: CallOptions): Promise<string>;

  listDomains(options?: CallOptions): Promise<readonly DomainName[]>;
  /** undefined only when libvirt says "no such domain". */
  findDomain(ref: DomainRef, options?: CallOptions): Promise<DomainRecord | undefined>;
  /** Defines anew or over the definition with the same UUID. Validates nothing beyond libvirt's own checks. */
  defineDomain(xml: string, options?: CallOptions): Promise<DomainName>;
  startDomain(uuid: string, options?: StartOptions): Promise<void>;
  /** Asks the guest. Asked by its agent, it may return only when the guest has stopped, or a minute later. */
  requestShutdown(uuid: string, options?: ShutdownOptions): Promise<void>;
  /** Ends it at once. Stopped already is success. */
  destroyDomain(uuid: string, options?: CallOptions): Promise<void>;
  pauseDomain(uuid: string, options?: CallOptions): Promise<void>;
  resumeDomain(uuid: string, options?: CallOptions): Promise<void>;
  /** With NVRAM, TPM, managed-save, snapshot and checkpoint flags. Gone already is success. */
  undefineDomain(uuid: string, options?: CallOptions): Promise<void>;
  setAutostart(uuid: string, autostart: boolean, options?: CallOptions): Promise<void>;
  /** Live description only; the definition is changed by defineDomain. */
  setLiveDescription(uuid: string, description: string, options?: CallOptions): Promise<void>;
  setLiveLifecycleAction(uuid: string, action: LifecycleAction, options?: CallOptions): Promise<void>;
  setLiveMemory(uuid: string, memoryKiB: number, options?: CallOptions): Promise<void>;
  setLiveVcpus(uuid: string, count: number, options?: CallOptions): Promise<void>;
  attachLiveDevice(uuid: string, deviceXml: string, options?: CallOptions): Promise<void>;
  /** Asks for the unplug; the guest may take its time or never let go. */
  detachLiveDevice(uuid: string, deviceXml: string, options?: CallOptions): Promise<void>;
  /** Asks for the unplug of the device with this alias and waits for the guest's answer, by event; gone already is `removed`. */
  unplugLiveDevice(uuid: string, alias: string, options: CallOptions & { readonly timeoutMs: number }): Promise<UnplugOutcome>;
  /**
   * Changes a running device: the element as it runs, with what is to be different; libvirt finds the device by its MAC and address. Rejects with
   * operationUnsupported for what it changes on no running device.
   */
  updateLiveDevice(uuid: string, deviceXml: string, options?: CallOptions): Promise<void>;
  /**
   * The addresses of a running domain's network cards that the source knows of: the leases of libvirt's DHCP servers, the guest agent (all cards that
   * the guest sees, its loopback included), the host's ARP table. undefined: this source cannot tell (no agent, no such network, not running).
   */
  domainInterfaceAddresses(uuid: string, source: AddressSource, options?: CallOptions): Promise<readonly InterfaceAddresses[] | undefined>;
  /** Resolves at the next news of the domain (its agent came or went, its state changed), and when the time is over. */
  waitForGuestNews(uuid: string, options: CallOptions & { readonly timeoutMs: number }): Promise<void>;
  /** Replaces all limits of a running disk: what is absent has none. */
  setLiveBlockIoTune(uuid: string, target: string, limits: BlockIoTune, options?: CallOptions): Promise<void>;
  /** Tells QEMU that the disk grew (bytes). */
  resizeLiveDisk(uuid: string, target: string, capacityBytes: number, options?: CallOptions): Promise<void>;
  /** Resolves true when the domain is in the state, false when the time is over; by event, with a poll as a safety net. */
  waitForState(uuid: string, state: "stopped" | "running", options: CallOptions & { readonly timeoutMs: number }): Promise<boolean>;

  saveDomain(uuid: string, options?: CallOptions): Promise<void>;
  savedXml(uuid: string, options?: CallOptions): Promise<string>;
  redefineSaved(uuid: string, xml: string, options?: CallOptions): Promise<void>;
  /** Drops the managed-save image (the guest's memory is lost). None there is success. */
  dropSaved(uuid: string, options?: CallOptions): Promise<void>;

  /** A domain's snapshots, each behind the one it stands on. */
  listSnapshots(uuid: string, options?: CallOptions): Promise<readonly SnapshotRecord[]>;
  /** Deletes a snapshot and what it holds inside the disks' images; libvirt before 9.9 refuses external ones. Gone already is success. */
  deleteSnapshot(uuid: string, name: string, options?: CallOptions): Promise<void>;

  /** A transient domain, held before its first instruction; it is destroyed with this connection (VIR_DOMAIN_START_AUTODESTROY). */
  createProbeDomain(xml: string, options?: CallOptions): Promise<DomainName>;

  listPools(options?: CallOptions): Promise<readonly PoolRecord[]>;
  findPool(name: string, options?: CallOptions): Promise<PoolRecord | undefined>;
  findPoolByUuid(uuid: string, options?: CallOptions): Promise<PoolRecord | undefined>;
  /** Defines anew or over the definition with the same UUID; an active pool goes on as it is. */
  definePool(xml: string, options?: CallOptions): Promise<PoolName>;
  /**
   * Makes the storage of a pool that is not active: the folder, with its permissions (there already is fine); of a disk, logical or zfs pool the partition
   * table, the volume group, the dataset. What a device holds is kept, and is a refusal (pool built already). `device` is for fs, disk and logical pools:
   * `ifEmpty` makes the file system of an fs pool too, `overwrite` whatever there is on the device, which is lost.
   */
  buildPool(name: string, options?: CallOptions & { readonly device?: "ifEmpty" | "overwrite" | undefined }): Promise<void>;
  /** Active already is success. */
  startPool(name: string, options?: CallOptions): Promise<void>;
  /** Not active already is success; the storage stays as it is. */
  stopPool(name: string, options?: CallOptions): Promise<void>;
  /** Deletes the storage itself (VIR_STORAGE_POOL_DELETE): the empty folder, the volume group with its volumes. The pool must not be active. */
  deletePoolStorage(name: string, options?: CallOptions): Promise<void>;
  /** Gone already is success. */
  undefinePool(name: string, options?: CallOptions): Promise<void>;
  setPoolAutostart(name: string, autostart: boolean, options?: CallOptions): Promise<void>;
  /** The pool rescans its storage, so that files made outside libvirt are found. */
  refreshPool(name: string, options?: CallOptions): Promise<void>;
  /** undefined only when libvirt says "no such volume" (or "no such pool" for a volume named by pool). */
  findVolume(ref: VolumeRef, options?: CallOptions): Promise<VolumeRecord | undefined>;
  /** Names of the pool's volumes as of its last refresh. Rejects when there is no such pool, or it is not active. */
  listVolumes(pool: string, options?: CallOptions): Promise<readonly string[]>;
  createVolume(pool: string, xml: string, options?: CallOptions & { readonly preallocateMetadata?: boolean }): Promise<VolumeRecord>;
  /** Gone already is success. */
  deleteVolume(ref: VolumeRef, options?: CallOptions): Promise<void>;
  growVolume(ref: VolumeRef, capacityBytes: number, options?: CallOptions): Promise<void>;
  /** A new volume with the content of another, which may be in another pool; libvirt converts the format. Capacity is at least the other's. */
  createVolumeFrom(pool: string, xml: string, from: VolumeRef, options?: CallOptions): Promise<VolumeRecord>;
  /**
   * Writes the content into the volume, over a stream; holes are not sent where the volume holds nothing yet (elsewhere libvirt would leave what is in
   * them, so zeroes go out). Resolves when the end of it has been seen in the volume. A volume that is a file grows with what is written behind its end. libvirt rescans the pool when the stream has ended, not at once: rescan it for what the volume is then.
   * An upload that is broken off leaves the volume half-written: it is for the caller to delete it.
   */
  uploadVolume(ref: VolumeRef, content: AsyncIterable<StreamPiece>, options: UploadOptions): Promise<void>;
  /** The volume's bytes (not the guest's view of them) from `offsetBytes` on; fewer than `lengthBytes` at its end. */
  readVolume(ref: VolumeRef, range: { readonly offsetBytes: number; readonly lengthBytes: number }, options?: CallOptions): Promise<Buffer>;

  listNetworks(options?: CallOptions): Promise<readonly NetworkRecord[]>;
  findNetwork(name: string, options?: CallOptions): Promise<NetworkRecord | undefined>;
  findNetworkByUuid(uuid: string, options?: CallOptions): Promise<NetworkRecord | undefined>;
  /** Defines anew or over the definition with the same UUID; a network that is active goes on as it is until its next start. */
  defineNetwork(xml: string, options?: CallOptions): Promise<NetworkName>;
  /** Active already is success. */
  startNetwork(name: string, options?: CallOptions): Promise<void>;
  /** Not active already is success. VMs on it lose their connection until they are plugged in anew. */
  stopNetwork(name: string, options?: CallOptions): Promise<void>;
  /** Gone already is success. One that is active runs on without a definition, and is gone when it stops. */
  undefineNetwork(name: string, options?: CallOptions): Promise<void>;
  setNetworkAutostart(name: string, autostart: boolean, options?: CallOptions): Promise<void>;
  /** Changes one entry; all or nothing. What is there already, or not there, is refused (operation invalid). */
  updateNetwork(name: string, update: NetworkUpdate, options?: CallOptions): Promise<void>;
  /** The leases of an active network's own DHCP server, those of `mac` or all. */
  networkLeases(name: string, options?: CallOptions & { readonly mac?: string | undefined }): Promise<readonly DhcpLease[]>;

  findSecret(uuid: string, options?: CallOptions): Promise<SecretRecord | undefined>;
  defineSecret(xml: string, options?: CallOptions): Promise<void>;
  setSecretValue(uuid: string, value: Uint8Array, options?: CallOptions): Promise<void>;
  /** Gone already is success. */
  undefineSecret(uuid: string, options?: CallOptions): Promise<void>;
}
