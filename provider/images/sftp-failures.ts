// What the sftp program and the ssh under it print when they fail -> why, whether another attempt may help, and what the user can do. Pure.
import { FetchFailure } from "./fetch";
import type { SftpLocation } from "./source-location";

interface Explanation {
  readonly sign: RegExp;
  /** A sentence about the place ("user@host") or the path. */
  readonly wrong: (target: string, path: string) => string;
  readonly wayOut?: (target: string) => string;
  readonly isTransient: boolean;
}

const byHand = (target: string) => `Try by hand, as the user that runs Pulumi: sftp ${target}`;
const later = () => "Run again later: the download goes on where it stopped.";

/** A command that fails says so; it is the end of the connection that may come without a word. */
const silentEnd = /^\s*$/;

/** The first that fits; ssh's own come before those of the file. */
const explanations: readonly Explanation[] = [
  {
    sign: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    wrong: (target) => `the host key of ${target} is not the one in known_hosts: it is another machine, or was installed anew.`,
    wayOut: () => "If that is as it should be, remove the old key with ssh-keygen -R HOST and connect once by hand.",
    isTransient: false,
  },
  {
    sign: /Host key verification failed|No \S+ host key is known/,
    wrong: (target) => `the host key of ${target} is not known.`,
    wayOut: (target) => `Connect once by hand to look at it and accept it, as the user that runs Pulumi: sftp ${target}`,
    isTransient: false,
  },
  {
    sign: /Permission denied \([a-z,-]+\)|Too many authentication failures/,
    wrong: (target) => `${target} takes none of this user's keys.`,
    wayOut: () =>
      "Put the public key into the server's authorized_keys; ssh finds the private one in ~/.ssh, its agent, or through ~/.ssh/config (no password is asked for).",
    isTransient: false,
  },
  {
    sign: /Could not resolve hostname/,
    wrong: (target) => `no host of the name in ${target} is known.`,
    wayOut: byHand,
    isTransient: false,
  },
  { sign: /Connection refused/, wrong: (target) => `${target} refused the connection.`, wayOut: byHand, isTransient: true },
  {
    sign: /No route to host|Network is unreachable/,
    wrong: (target) => `there is no way to ${target}.`,
    wayOut: byHand,
    isTransient: true,
  },
  { sign: /timed out/, wrong: (target) => `${target} does not answer.`, wayOut: byHand, isTransient: true },
  {
    sign: /subsystem request failed/,
    wrong: (target) => `${target} offers no sftp.`,
    wayOut: () => "Enable the sftp subsystem in its sshd_config.",
    isTransient: false,
  },
  {
    sign: /Bad configuration option|Bad owner or permissions/,
    wrong: () => "ssh does not take its configuration.",
    wayOut: byHand,
    isTransient: false,
  },
  {
    sign: /No space left on device|Disk quota exceeded/,
    wrong: () => "the disk of the image cache is full.",
    wayOut: () => "Make room, or have the cache elsewhere with XDG_CACHE_HOME.",
    isTransient: false,
  },
  {
    sign: /not found|No such file or directory/,
    wrong: (target, path) => `there is no ${path} on ${target}.`,
    wayOut: () => "The path counts from the server's root; one that begins with ~/ counts from the user's home.",
    isTransient: false,
  },
  {
    sign: /Permission denied/,
    wrong: (target, path) => `the user of ${target} may not read ${path}.`,
    wayOut: () => "Give that user permission on the server.",
    isTransient: false,
  },
  {
    sign: /not a regular file|is a directory/i,
    wrong: (target, path) => `${path} on ${target} is no regular file.`,
    wayOut: () => "Name an image file.",
    isTransient: false,
  },
  {
    sign: new RegExp(`Connection (closed|reset|to .* closed)|Broken pipe|Connection lost|${silentEnd.source}`),
    wrong: (target) => `the connection to ${target} was cut off.`,
    wayOut: later,
    isTransient: true,
  },
];

export const targetOf = ({ host, user, port }: Pick<SftpLocation, "host" | "user" | "port">): string =>
  `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;

/** The last line, for failures that nobody has met yet. */
const lastLine = (text: string): string => text.trim().split("\n").at(-1)?.trim() ?? "";

export function sftpFailure(stderr: string, location: SftpLocation): FetchFailure {
  const target = targetOf(location);
  const known = explanations.find(({ sign }) => sign.test(stderr));
  if (known !== undefined) {
    const { wrong, wayOut, isTransient } = known;
    return new FetchFailure(wrong(target, location.path), { isTransient, ...(wayOut === undefined ? {} : { wayOut: wayOut(target) }) });
  }
  return new FetchFailure(`sftp failed: ${lastLine(stderr)}.`, { wayOut: byHand(target), isTransient: false });
}

export const noSftpProgram = () =>
  new FetchFailure("there is no sftp program on PATH.", {
    wayOut: "Install OpenSSH's client (openssh-client) where Pulumi runs.",
    isTransient: false,
  });

export const silence = (location: SftpLocation) =>
  new FetchFailure(`${targetOf(location)} was silent for too long.`, { wayOut: later(), isTransient: true });
