// Where tests find the real Debian guest that the set-up built (tools/guest/debian.mjs), and how they look into one that runs.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { LabHost } from "./lab";
import { hostExec } from "./lab";

const builder = join(__dirname, "..", "guest", "debian.mjs");

/** The guest's files in the cache of this machine. */
export interface DebianGuest {
  /** A qcow2 image whose root file system is found on whatever disk it is. */
  readonly image: string;
  readonly kernel: string;
  readonly initrd: string;
  /** What the kernel is started with. */
  readonly cmdline: string;
}

const debianGuest = (): DebianGuest =>
  JSON.parse(execFileSync(process.execPath, [builder, "--where"], { encoding: "utf8" })) as DebianGuest;

/** Why no real guest can be started, or undefined when one can. */
export const missingDebianGuest = (): string | undefined =>
  existsSync(debianGuest().image) ? undefined : "no Debian guest in the cache (make setup builds it)";

/** Puts kernel and RAM disk where the host's QEMU can read them. */
export function placeDebianGuest(lab: LabHost): DebianGuest {
  const built = debianGuest();
  const folder = join(lab.storageDir, "..", "boot");
  const place = (file: string, name: string) => {
    copyFileSync(file, join(folder, name));
    return join(folder, name);
  };
  mkdirSync(folder, { recursive: true });
  return { ...built, kernel: place(built.kernel, "debian-vmlinuz"), initrd: place(built.initrd, "debian-initrd") };
}

/** A login into a guest that only the host reaches. */
export interface SshLogin {
  readonly user: string;
  readonly address: string;
  /** The private key's file. */
  readonly keyFile: string;
}

/** How long a guest that hangs is listened to. */
const silenceSeconds = 10;

const sshOptions = {
  BatchMode: "yes",
  StrictHostKeyChecking: "no",
  UserKnownHostsFile: "/dev/null",
  LogLevel: "ERROR",
  ConnectTimeout: String(silenceSeconds),
  ServerAliveInterval: String(silenceSeconds),
};

/** Runs a shell command in the guest, from the host, with the user's own ssh; returns what it said. */
export async function guestExec(lab: LabHost, { user, address, keyFile }: SshLogin, command: string): Promise<string> {
  const options = Object.entries(sshOptions).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return (await hostExec(lab, "ssh", "-i", keyFile, ...options, `${user}@${address}`, command)).trim();
}
