// What a program asks of cloud-init -> the texts of its seed: user-data, meta-data, network-config, vendor-data. Pure.
import type { JsonObject, JsonValue } from "./yaml-text";
import { yamlKeys, yamlText } from "./yaml-text";

export type TextOrObject = string | JsonObject;

/** A user of the short form. What is absent is left to cloud-init. */
export interface SeedUser {
  readonly sshKeys?: readonly string[] | undefined;
  /** A rule in sudo's words: "ALL=(ALL) NOPASSWD:ALL". */
  readonly sudo?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly shell?: string | undefined;
  /** crypt(3)'s hash, as `mkpasswd` gives it. */
  readonly passwordHash?: string | undefined;
  /** Whether the password is locked. Absent: unless there is a hash. */
  readonly lockPassword?: boolean | undefined;
}

export interface SeedRequest {
  readonly userData?: TextOrObject | undefined;
  readonly metaData?: TextOrObject | undefined;
  readonly networkConfig?: TextOrObject | undefined;
  readonly vendorData?: TextOrObject | undefined;
  readonly hostname?: string | undefined;
  readonly users?: Readonly<Record<string, SeedUser>> | undefined;
  readonly sshKeys?: readonly string[] | undefined;
  readonly packages?: readonly string[] | undefined;
}

/** What the machine brings, where the program does not say it. */
export interface SeedMachine {
  readonly instanceId: string;
  /** The VM's name: its host name, as far as it can be one. */
  readonly name: string;
}

export type SeedFile = "user-data" | "meta-data" | "network-config" | "vendor-data";

/** cloud-init takes a file without its first line for nothing. */
const cloudConfigLine = "#cloud-config\n";

/** Parts of the short form that become user-data. */
const userDataParts = ["users", "sshKeys", "packages"] as const;

function cloudUser(name: string, user: SeedUser): JsonObject {
  const { sshKeys, sudo, groups, shell, passwordHash, lockPassword = passwordHash === undefined ? undefined : false } = user;
  return present({
    name,
    groups,
    shell,
    sudo,
    lock_passwd: lockPassword,
    hashed_passwd: passwordHash,
    ssh_authorized_keys: sshKeys,
  });
}

const present = (values: Readonly<Record<string, JsonValue | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly JsonValue[]) : [value];

/** "default" is the image's own user, which a list of users without that word would take away. */
const imageUser = "default";

/** The short form written into an object of user-data: lists go behind those that are there, everything else stays as it is. */
function merged(userData: JsonObject, { users, sshKeys, packages }: SeedRequest): JsonObject {
  const named = Object.entries(users ?? {}).map(([name, user]) => cloudUser(name, user));
  const own = userData["users"] === undefined ? [imageUser] : listOf(userData["users"]);
  return {
    ...userData,
    ...(named.length === 0 ? {} : { users: [...own, ...named] }),
    ...(sshKeys === undefined ? {} : { ssh_authorized_keys: [...listOf(userData["ssh_authorized_keys"]), ...sshKeys] }),
    ...(packages === undefined ? {} : { packages: [...listOf(userData["packages"]), ...packages] }),
  };
}

const textOf = (value: TextOrObject, firstLine: string) => (typeof value === "string" ? value : firstLine + yamlText(value));

const longestHostname = 63;

/** A VM's name as a host name (RFC 1123): what no host name holds becomes a hyphen. */
export const hostnameOf = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9.-]+/g, "-")
    .slice(0, longestHostname)
    .replace(/^[-.]+|[-.]+$/g, "") || "localhost";

/** The seed's files. Every seed has user-data and meta-data: cloud-init takes one without them for none. */
export function seedFiles(request: SeedRequest, machine: SeedMachine): ReadonlyMap<SeedFile, string> {
  const { userData = {}, metaData = {}, networkConfig, vendorData, hostname } = request;
  const meta =
    typeof metaData === "string"
      ? metaData
      : { "instance-id": machine.instanceId, "local-hostname": hostname ?? hostnameOf(machine.name), ...metaData };
  return new Map<SeedFile, string>([
    ["meta-data", textOf(meta, "")],
    ["user-data", textOf(typeof userData === "string" ? userData : merged(userData, request), cloudConfigLine)],
    ...(networkConfig === undefined ? [] : [["network-config", textOf(networkConfig, "")] as const]),
    ...(vendorData === undefined ? [] : [["vendor-data", textOf(vendorData, cloudConfigLine)] as const]),
  ]);
}

/** What is wrong, at which field of the request; no text of the request is in it, as all of it is secret. */
export interface SeedProblem {
  readonly path: readonly string[];
  readonly reason: string;
}

type Loose = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null && !Array.isArray(value);

const shortFormProblems = (request: Loose): SeedProblem[] =>
  typeof request["userData"] !== "string"
    ? []
    : userDataParts
        .filter((part) => request[part] !== undefined)
        .map((part) => ({
          path: [part],
          reason:
            "cannot go with `userData` as a string, into which nothing can be merged: write `userData` as an object, or say it in the string.",
        }));

function sameUserProblems({ users, userData }: Loose): SeedProblem[] {
  const listed = isObject(userData) && Array.isArray(userData["users"]) ? (userData["users"] as readonly unknown[]) : [];
  const names = new Set(listed.map((user) => (isObject(user) ? user["name"] : user)));
  return Object.keys(isObject(users) ? users : {})
    .filter((name) => names.has(name))
    .map((name) => ({ path: ["users", name], reason: "is in `userData.users` too: leave it out in one of the two." }));
}

const metaDataProblems = ({ metaData, hostname }: Loose): SeedProblem[] => {
  if (hostname !== undefined && (typeof metaData === "string" || (isObject(metaData) && metaData["local-hostname"] !== undefined))) {
    return [
      {
        path: ["hostname"],
        reason: "is in `metaData` too, or belongs there (`local-hostname`) where that is a string: leave it out here.",
      },
    ];
  }
  if (typeof metaData !== "string" || yamlKeys(metaData)?.includes("instance-id") === true) return [];
  return [
    {
      path: ["metaData"],
      reason:
        "has no `instance-id`, without which cloud-init cannot tell one machine from another: write it there, or give an object (it is added there).",
    },
  ];
};

/** Rules across the fields of a request, of which any may not be known yet. */
export const seedProblems = (request: Loose): SeedProblem[] => [
  ...shortFormProblems(request),
  ...sameUserProblems(request),
  ...metaDataProblems(request),
];
