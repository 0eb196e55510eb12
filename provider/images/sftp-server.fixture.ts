// For tests: a real sshd of this machine that offers sftp and nothing else, with keys of its own, and an sftp program that knows them.
import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const programFolders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"];
const findProgram = (name: string): string | undefined =>
  programFolders.map((folder) => join(folder, name)).find((path) => existsSync(path));

/** Why there can be no server here; undefined: there can. */
export function missingForSftp(): string | undefined {
  const missing = ["sshd", "sftp", "ssh-keygen"].filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `no ${missing.join(", ")} (Debian: openssh-server, openssh-client)`;
}

export interface SftpServer {
  readonly port: number;
  readonly user: string;
  /** For `env.PATH`: its sftp takes the configuration of this folder, since ssh does not go by HOME. */
  readonly bin: string;
  /** As if nobody had ever connected. */
  forgetHostKey(): void;
  rememberHostKey(): void;
  /** Another machine's key in its place. */
  mistakeHostKey(): void;
  setClientKey(kind: "known" | "unknown"): void;
  /** Ends the connections that are open, as a network that fails does. */
  cutConnections(): void;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`sshd does not listen on port ${port}`);
}

/** All of sshd's processes: it is started as the leader of a group. */
function endGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  } catch {
    // It ended before.
  }
}

export async function startSftpServer(folder: string): Promise<SftpServer> {
  const at = (name: string) => join(folder, name);
  mkdirSync(at("bin"), { recursive: true });
  for (const name of ["host-key", "other-host-key", "known-key", "unknown-key"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", at(name)]);
  }
  const port = await freePort();
  const publicKey = (name: string) => execFileSync("cat", [at(`${name}.pub`)], { encoding: "utf8" });
  writeFileSync(at("authorized_keys"), publicKey("known-key"));
  // The system's own server is inside sshd ("internal-sftp"): no shell, no other program.
  const serverConfig = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${at("host-key")}`,
    `AuthorizedKeysFile ${at("authorized_keys")}`,
    "PidFile none",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "StrictModes no",
    "UsePAM no",
    "Subsystem sftp internal-sftp",
    "ForceCommand internal-sftp",
  ];
  writeFileSync(at("sshd_config"), `${serverConfig.join("\n")}\n`);
  const clientConfig = [
    "Host *",
    `  IdentityFile ${at("key")}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    `  UserKnownHostsFile ${at("known_hosts")}`,
    "  GlobalKnownHostsFile none",
  ];
  writeFileSync(at("ssh_config"), `${clientConfig.join("\n")}\n`);
  writeFileSync(at("bin/sftp"), `#!/bin/sh\nexec "${findProgram("sftp") ?? ""}" -F "${at("ssh_config")}" "$@"\n`);
  chmodSync(at("bin/sftp"), 0o755);
  // sshd wants this folder for its unprivileged part; Debian makes it when the service starts.
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });

  let stderr = "";
  const child = spawn(findProgram("sshd") ?? "", ["-D", "-e", "-f", at("sshd_config")], {
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const trust = (name: string) => writeFileSync(at("known_hosts"), `[127.0.0.1]:${port} ${publicKey(name)}`);
  const server: SftpServer = {
    port,
    user: userInfo().username,
    bin: at("bin"),
    forgetHostKey: () => writeFileSync(at("known_hosts"), ""),
    rememberHostKey: () => trust("host-key"),
    mistakeHostKey: () => trust("other-host-key"),
    setClientKey: (kind) => execFileSync("install", ["-m", "600", at(`${kind}-key`), at("key")]),
    cutConnections() {
      // The sessions' processes are in groups of their own; they are found as children of the daemon.
      const sessions = execFileSync("ps", ["-o", "pid=", "--ppid", String(child.pid)], { encoding: "utf8" })
        .split("\n")
        .map(Number)
        .filter(Boolean);
      for (const pid of sessions) process.kill(pid, "SIGKILL");
    },
    async stop() {
      endGroup(child);
      await new Promise((resolve) =>
        child.exitCode === null && child.signalCode === null ? child.once("exit", resolve) : resolve(undefined),
      );
    },
  };
  server.rememberHostKey();
  server.setClientKey("known");
  await waitForPort(port).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${stderr}`);
  });
  return server;
}
