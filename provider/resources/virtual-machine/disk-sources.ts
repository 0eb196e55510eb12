// The sources that a disk's inputs name by themselves (network storage, devices), and back from a definition to inputs. Pure.
import type { DiskAuth, DiskSource, NetworkHost, NetworkSource } from "../../plan/domain";
import { secretUuidOf } from "../secret-uuid";
import { defined } from "../values";
import type { DiskInputs, EffectiveDisk } from "./contract";

/** Inputs that each say where a disk's data is; a disk has one of them. */
export const sourceFields = [
  "file",
  "pool",
  "rbd",
  "iscsi",
  "nfs",
  "http",
  "nvme",
  "vhostUser",
] as const satisfies readonly (keyof DiskInputs)[];

export type EffectiveNetwork = NonNullable<EffectiveDisk["network"]>;

/** The machine and the disk that a source belongs to: by them its secret is named. */
export interface DiskOwner {
  readonly vm: string;
  readonly key: string;
}

export const diskSecretUuid = ({ vm, key }: DiskOwner): string => secretUuidOf(`vm ${vm} disk ${key}`);

const hostOf = ({ name, port }: { readonly name: string; readonly port?: number | undefined }): NetworkHost => ({
  name,
  ...defined({ port }),
});

function authOf(
  type: DiskAuth["type"],
  username: string | undefined,
  { password, secretUuid }: { readonly password: string | undefined; readonly secretUuid: string | undefined },
  owner: DiskOwner,
): Pick<NetworkSource, "auth"> {
  if (username === undefined || (password === undefined && secretUuid === undefined)) return {};
  return { auth: { username, type, secretUuid: secretUuid ?? diskSecretUuid(owner) } };
}

const defaultNamespace = 1;
/** libvirt writes no port where it is the protocol's; a portal without one is nothing that it takes. */
const iscsiPort = 3260;

const sourceOf = {
  rbd: ({ name, hosts = [], username, key, secretUuid }: NonNullable<DiskInputs["rbd"]>, owner) => ({
    type: "network",
    protocol: "rbd",
    name,
    hosts: hosts.map(hostOf),
    ...authOf("ceph", username, { password: key, secretUuid }, owner),
  }),
  iscsi: ({ portal, target, lun, username, password, secretUuid, initiator }: NonNullable<DiskInputs["iscsi"]>, owner) => ({
    type: "network",
    protocol: "iscsi",
    name: `${target}/${lun}`,
    hosts: [{ port: iscsiPort, ...hostOf(portal) }],
    ...defined({ initiator }),
    ...authOf("iscsi", username, { password, secretUuid }, owner),
  }),
  nfs: ({ server, path, user, group }: NonNullable<DiskInputs["nfs"]>) => ({
    type: "network",
    protocol: "nfs",
    name: path,
    hosts: [hostOf(server)],
    ...(user === undefined || group === undefined ? {} : { identity: { user, group } }),
  }),
  http: ({ url }: NonNullable<DiskInputs["http"]>) => {
    const { protocol, hostname, port, pathname, search } = new URL(url);
    return {
      type: "network",
      protocol: protocol === "https:" ? "https" : "http",
      name: pathname,
      ...(search === "" ? {} : { query: search }),
      hosts: [{ name: hostname.replace(/^\[|\]$/g, ""), ...(port === "" ? {} : { port: Number(port) }) }],
    };
  },
  nvme: ({ address, namespace = defaultNamespace }: NonNullable<DiskInputs["nvme"]>) => ({ type: "nvme", address, namespace }),
  vhostUser: ({ socket }: NonNullable<DiskInputs["vhostUser"]>) => ({ type: "vhostuser", socket }),
} as const satisfies {
  readonly [Field in Exclude<(typeof sourceFields)[number], "file" | "pool">]: (
    input: NonNullable<DiskInputs[Field]>,
    owner: DiskOwner,
  ) => DiskSource;
};

/** The source that the inputs name; undefined: a file, a volume in a pool, or nothing. */
export function namedSource(disk: DiskInputs, owner: DiskOwner): DiskSource | undefined {
  for (const [field, make] of Object.entries(sourceOf)) {
    const input = disk[field as keyof typeof sourceOf];
    if (input !== undefined) return (make as (input: object, owner: DiskOwner) => DiskSource)(input, owner);
  }
  return undefined;
}

/** As the outputs show it. */
export const shownNetwork = ({ protocol, name, query, hosts, auth, initiator, identity }: NetworkSource): EffectiveNetwork => ({
  protocol,
  name,
  hosts: hosts.map(hostOf),
  ...defined({
    query,
    username: auth?.username,
    secretUuid: auth?.secretUuid,
    initiator,
    user: identity?.user,
    group: identity?.group,
  }),
});

/** Back from what is shown. */
export function networkSource({
  protocol,
  name,
  query,
  hosts,
  username,
  secretUuid,
  initiator,
  user,
  group,
}: EffectiveNetwork): NetworkSource {
  const type = protocol === "rbd" ? "ceph" : "iscsi";
  return {
    type: "network",
    protocol,
    name,
    hosts: hosts.map(hostOf),
    ...defined({ query, initiator }),
    ...(username === undefined || secretUuid === undefined ? {} : { auth: { type, username, secretUuid } }),
    ...(user === undefined || group === undefined ? {} : { identity: { user, group } }),
  };
}

/** What a network source of a definition would have been asked as. */
function importedNetwork({ protocol, name, query, hosts, auth, initiator, identity }: NetworkSource): DiskInputs {
  const [host = { name: "" }] = hosts.map(hostOf);
  if (protocol === "rbd")
    return {
      rbd: {
        name,
        ...(hosts.length === 0 ? {} : { hosts: hosts.map(hostOf) }),
        ...defined({ username: auth?.username, secretUuid: auth?.secretUuid }),
      },
    };
  if (protocol === "iscsi") {
    const slash = name.lastIndexOf("/");
    const [target, lun] = slash < 0 ? [name, 0] : [name.slice(0, slash), Number(name.slice(slash + 1))];
    return { iscsi: { portal: host, target, lun, ...defined({ initiator, username: auth?.username, secretUuid: auth?.secretUuid }) } };
  }
  if (protocol === "nfs") return { nfs: { server: host, path: name, ...defined({ user: identity?.user, group: identity?.group }) } };
  const place = host.name.includes(":") ? `[${host.name}]` : host.name;
  return { http: { url: `${protocol}://${place}${host.port === undefined ? "" : `:${host.port}`}${name}${query ?? ""}` } };
}

/** What a source of a definition would have been asked as. */
export function importedSource(source: DiskSource): DiskInputs {
  switch (source.type) {
    case "file":
    case "block":
      return { file: source.path };
    case "network":
      return importedNetwork(source);
    case "nvme":
      return { nvme: { address: source.address, namespace: source.namespace } };
    case "vhostuser":
      return { vhostUser: { socket: source.socket } };
    case "empty":
      return {};
  }
}
