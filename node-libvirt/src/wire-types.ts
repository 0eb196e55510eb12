/** The structures that several procedures share, each as one codec. */
import { array, bool, f64, i32, i64, optional, string, struct, u32, u64, uuid, XdrError } from "./xdr";
import type { Codec, Decoded, XdrReader, XdrWriter } from "./xdr";

/** A domain. `id` is -1 while it does not run. libvirt finds it by `uuid`; `name` and `id` are along for the ride. */
export const domain = struct({ name: string, uuid, id: i32 });
export type Domain = Decoded<typeof domain>;

const ipAddressesMax = 2048;

/** A network card of a domain with its addresses. `type` is libvirt's number: 0 is IPv4, 1 IPv6. */
export const domainInterface = struct({
  name: string,
  hwaddr: optional(string),
  addrs: array(struct({ type: i32, addr: string, prefix: u32 }), ipAddressesMax),
});
export type DomainInterface = Decoded<typeof domainInterface>;

export const network = struct({ name: string, uuid });
export type Network = Decoded<typeof network>;

/** A lease that dnsmasq gave; `expirytime` in seconds since 1970, 0: never; `type`: one of ipAddressTypes. */
export const networkDhcpLease = struct({
  iface: string,
  expirytime: i64,
  type: i32,
  mac: optional(string),
  iaid: optional(string),
  ipaddr: string,
  prefix: u32,
  hostname: optional(string),
  clientid: optional(string),
});
export type NetworkDhcpLease = Decoded<typeof networkDhcpLease>;

export const storagePool = struct({ name: string, uuid });
export type StoragePool = Decoded<typeof storagePool>;

/** A volume: the name of its pool, its own name, and its key (unique on the host; for a file its path). */
export const storageVol = struct({ pool: string, name: string, key: string });
export type StorageVol = Decoded<typeof storageVol>;

export const domainSnapshot = struct({ name: string, dom: domain });
export type DomainSnapshot = Decoded<typeof domainSnapshot>;

export const domainCheckpoint = struct({ name: string, dom: domain });
export type DomainCheckpoint = Decoded<typeof domainCheckpoint>;

/** A secret. `usageType` is a number of libvirt's (1 volume, 2 ceph, 3 iscsi, 4 tls, 5 vtpm); `usageID` is unique among those of its type. */
export const secret = struct({ uuid, usageType: i32, usageID: string });
export type Secret = Decoded<typeof secret>;

/** What the daemon says went wrong; becomes a LibvirtError. */
export const remoteError = struct({
  code: i32,
  domain: i32,
  message: optional(string),
  level: i32,
  dom: optional(domain),
  str1: optional(string),
  str2: optional(string),
  str3: optional(string),
  int1: i32,
  int2: i32,
  net: optional(network),
});
export type RemoteError = Decoded<typeof remoteError>;

/** libvirt's typed parameter: a named value that says its own C type. */
export type TypedParam =
  | { readonly field: string; readonly type: "int"; readonly value: number }
  | { readonly field: string; readonly type: "uint"; readonly value: number }
  | { readonly field: string; readonly type: "llong"; readonly value: bigint }
  | { readonly field: string; readonly type: "ullong"; readonly value: bigint }
  | { readonly field: string; readonly type: "double"; readonly value: number }
  | { readonly field: string; readonly type: "boolean"; readonly value: boolean }
  | { readonly field: string; readonly type: "string"; readonly value: string };

const typedParamKinds = {
  int: { tag: 1, codec: i32 },
  uint: { tag: 2, codec: u32 },
  llong: { tag: 3, codec: i64 },
  ullong: { tag: 4, codec: u64 },
  double: { tag: 5, codec: f64 },
  boolean: { tag: 6, codec: bool },
  string: { tag: 7, codec: string },
} as const satisfies { [T in TypedParam["type"]]: { tag: number; codec: Codec<Extract<TypedParam, { type: T }>["value"]> } };

const typedParamTypeByTag = new Map(
  Object.entries(typedParamKinds).map(([type, { tag }]) => [tag as number, type as TypedParam["type"]] as const),
);

export const typedParam: Codec<TypedParam> = {
  encode(writer: XdrWriter, { field, type, value }: TypedParam): void {
    if (!Object.hasOwn(typedParamKinds, type)) throw new XdrError(`"${type}" is no type of a typed parameter`);
    const { tag, codec } = typedParamKinds[type];
    string.encode(writer, field);
    writer.i32(tag);
    (codec as Codec<unknown>).encode(writer, value);
  },
  decode(reader: XdrReader): TypedParam {
    const field = string.decode(reader);
    const tag = reader.i32();
    const type = typedParamTypeByTag.get(tag);
    if (type === undefined) throw new XdrError(`typed parameter "${field}" has the unknown type ${tag}`);
    return { field, type, value: typedParamKinds[type].codec.decode(reader) } as TypedParam;
  },
};

const maxStatsPerDomain = 262_144;

/** One domain's counters from the bulk statistics call. */
export const domainStatsRecord = struct({ dom: domain, params: array(typedParam, maxStatsPerDomain) });
