/** Connection URI → where to connect and what to ask the daemon for; no I/O. */
import { homedir } from "node:os";
import { join } from "node:path";
import { LibvirtConnectionError } from "./errors";

export const defaultUri = "qemu:///system";

const transportNames = ["unix", "ssh", "tls", "tcp", "ext", "libssh", "libssh2"] as const;
export type TransportName = (typeof transportNames)[number];

/** URI parameters for the client; all others are passed on to the daemon's driver. */
const clientParameters: ReadonlySet<string> = new Set([
  ...["name", "command", "socket", "auth", "authfile", "sshauth", "netcat", "keyfile", "pkipath", "proxy", "mode"],
  ...["known_hosts", "known_hosts_verify", "tls_priority", "no_sanity", "no_verify", "no_tty"],
]);

/** Drivers that have a daemon of their own in libvirt's modular layout: `qemu` is served by `virtqemud`. */
const modularDrivers: ReadonlySet<string> = new Set(["qemu", "xen", "lxc", "vbox", "bhyve", "vz", "ch", "storage", "network", "secret"]);

const systemRuntimeFolder = "/var/run/libvirt";

/** Where a URI leads. */
export interface ConnectionTarget {
  /** The URI as it was given. */
  readonly uri: string;
  readonly transport: TransportName;
  /** The URI that the daemon is asked to open: without transport, host and client parameters. */
  readonly remoteUri: string;
  /** Unix sockets to try, in order. */
  readonly socketPaths: readonly string[];
  /** A daemon of the user's own, not the system's. */
  readonly isSession: boolean;
}

export interface UriSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly readonly: boolean;
}

const uriPattern = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?$/i;

/** Understands a libvirt URI as libvirt's own client does. Throws LibvirtConnectionError with reason "uri". */
export function parseUri(uri: string, surroundings: UriSurroundings): ConnectionTarget {
  const match = uriPattern.exec(uri);
  if (match === null) throw uriError(uri, `it has not the form driver[+transport]://[host]/path[?parameters], as in ${defaultUri}`);
  const [, driver = "", transportText, host = "", path = "", query = ""] = match;
  const parameters = parseQuery(query);
  const transport = transportOf(uri, transportText, host);
  const isSession = !surroundings.isRoot && (path === "/session" || driver === "test");
  return {
    uri,
    transport,
    remoteUri: parameters.get("name") ?? remoteUriOf(driver, path, parameters),
    socketPaths: socketPathsOf(uri, driver, isSession, parameters, surroundings),
    isSession,
  };
}

function parseQuery(query: string): ReadonlyMap<string, string> {
  const pairs = query.split(/[&;]/).filter((pair) => pair !== "");
  return new Map(
    pairs.map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [decode(name), decode(value.join("="))] as const;
    }),
  );
}

/** Percent-decoding that leaves alone what is not percent-encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function transportOf(uri: string, text: string | undefined, host: string): TransportName {
  if (text === undefined) return host === "" ? "unix" : "tls";
  const transport = transportNames.find((name) => name === text.toLowerCase());
  if (transport === undefined) throw uriError(uri, `"${text}" is no transport; there are ${transportNames.join(", ")}`);
  if (transport === "unix" && host !== "") throw uriError(uri, `a unix socket cannot be on another host ("${host}")`);
  return transport;
}

function remoteUriOf(driver: string, path: string, parameters: ReadonlyMap<string, string>): string {
  if (driver === "remote") return "";
  const passedOn = [...parameters].filter(([name]) => !clientParameters.has(name));
  const query = passedOn.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  return `${driver}://${path}${query === "" ? "" : `?${query}`}`;
}

function socketPathsOf(
  uri: string,
  driver: string,
  isSession: boolean,
  parameters: ReadonlyMap<string, string>,
  { env, readonly }: UriSurroundings,
): readonly string[] {
  const explicit = parameters.get("socket");
  if (explicit !== undefined) return [explicit];
  const folder = isSession ? join(userRuntimeFolder(env), "libvirt") : systemRuntimeFolder;
  const suffix = readonly && !isSession ? "sock-ro" : "sock";
  const direct = modularDrivers.has(driver) ? [join(folder, `virt${driver}d-${suffix}`)] : [];
  const legacy = [join(folder, `libvirt-${suffix}`)];
  const pathsByMode = new Map([
    ["auto", [...direct, ...legacy]],
    ["direct", direct],
    ["legacy", legacy],
  ]);
  const mode = parameters.get("mode") ?? "auto";
  const paths = pathsByMode.get(mode);
  if (paths === undefined) throw uriError(uri, `"${mode}" is no mode; there are ${[...pathsByMode.keys()].join(", ")}`);
  if (paths.length === 0) throw uriError(uri, `the driver "${driver}" has no daemon of its own; use mode=legacy`);
  return paths;
}

function userRuntimeFolder(env: UriSurroundings["env"]): string {
  return env["XDG_RUNTIME_DIR"] ?? env["XDG_CACHE_HOME"] ?? join(env["HOME"] ?? homedir(), ".cache");
}

function uriError(uri: string, problem: string): LibvirtConnectionError {
  return new LibvirtConnectionError("uri", `"${uri}" cannot be used as a libvirt URI: ${problem}.`);
}
