// Names a disk's source in one line, and says it in one way: what people read, and by which two sources are the same data.
import type { DiskProtocol, DiskSource, NetworkHost, NetworkSource } from "./domain";

interface DefaultPort {
  readonly port: number;
  /** Whether people write it out: in portals they do, in URLs they do not. */
  readonly isSaid: boolean;
}

/** The ports that libvirt fills in where a definition names none; the other protocols' clients find theirs themselves. */
const defaultPorts: Readonly<Partial<Record<DiskProtocol, DefaultPort>>> = {
  iscsi: { port: 3260, isSaid: true },
  http: { port: 80, isSaid: false },
  https: { port: 443, isSaid: false },
};

function plainHost(protocol: DiskProtocol, { name, port }: NetworkHost): NetworkHost {
  const usual = defaultPorts[protocol];
  const said = port ?? usual?.port;
  return said === undefined || (said === usual?.port && !usual.isSaid) ? { name } : { name, port: said };
}

/** A path as it is -> as a URL holds it. */
export const urlPathOf = (path: string): string => encodeURI(path).replace(/[?#]/g, encodeURIComponent);

/** A URL's path -> the path as it is, which libvirt makes a URL of again. One that is wrongly encoded is taken for a path as it is. */
export function pathOfUrl(urlPath: string): string {
  try {
    return decodeURIComponent(urlPath);
  } catch {
    return urlPath;
  }
}

const asGiven = (name: string) => name;
/** A path begins with a slash, and has one way to be encoded. */
const plainUrlPath = (name: string) => urlPathOf(pathOfUrl(name)).replace(/^\/?/, "/");

const plainNames = {
  rbd: asGiven,
  nfs: asGiven,
  /** Without a LUN it is LUN 0. */
  iscsi: (name) => (name.includes("/") ? name : `${name}/0`),
  http: plainUrlPath,
  https: plainUrlPath,
} as const satisfies Record<DiskProtocol, (name: string) => string>;

/** "?a=b" and "a=b" are one query, "?" and "" are none. */
const plainQuery = (query: string): string | undefined => (/^\??$/.test(query) ? undefined : query.replace(/^\??/, "?"));

function plainNetwork(source: NetworkSource): NetworkSource {
  const { protocol, name, hosts, query: saidQuery, auth, initiator, identity } = source;
  const query = saidQuery === undefined ? undefined : plainQuery(saidQuery);
  return {
    type: "network",
    protocol,
    name: plainNames[protocol](name),
    ...(query === undefined ? {} : { query }),
    hosts: hosts.map((host) => plainHost(protocol, host)),
    ...(auth === undefined ? {} : { auth: { ...auth, secretUuid: auth.secretUuid.toLowerCase() } }),
    ...(initiator === undefined ? {} : { initiator }),
    ...(identity === undefined ? {} : { identity }),
  };
}

/** The source in the one way to say it, without keys that say nothing: deeply equal for all that libvirt takes for the same. */
export function plainSource(source: DiskSource): DiskSource {
  if (source.type === "network") return plainNetwork(source);
  return source.type === "nvme" ? { ...source, address: source.address.toLowerCase() } : source;
}

const place = ({ name, port }: NetworkHost): string => {
  const host = name.includes(":") ? `[${name}]` : name;
  return port === undefined ? host : `${host}:${port}`;
};

function networkName({ protocol, name, hosts, query = "" }: NetworkSource): string {
  if (protocol === "rbd") return `rbd:${name}`;
  const path = name.startsWith("/") ? name : `/${name}`;
  return `${protocol}://${hosts.map(place).join(",")}${path}${query}`;
}

/**
 * The path of a file or device; "rbd:pool/image", "iscsi://portal:3260/iqn…/1", "nfs://server/path", "https://server/file" for network sources;
 * "nvme://0000:01:00.0/1", "vhostuser:/run/socket". undefined: an empty drive. An RBD image's monitors do not belong to its name: they come and go.
 */
export function sourceName(source: DiskSource): string | undefined {
  const plain = plainSource(source);
  switch (plain.type) {
    case "file":
    case "block":
      return plain.path;
    case "network":
      return networkName(plain);
    case "nvme":
      return `nvme://${plain.address}/${plain.namespace}`;
    case "vhostuser":
      return `vhostuser:${plain.socket}`;
    case "empty":
      return undefined;
  }
}
