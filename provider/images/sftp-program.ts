// The user's own sftp program, driven line by line: their keys, agent, known_hosts and ~/.ssh/config, and never a question to a terminal.
import { spawn } from "node:child_process";
import type { Environment } from "./fetch";
import { noSftpProgram, sftpFailure, silence } from "./sftp-failures";
import type { SftpLocation } from "./source-location";

/** What is kept of its messages, in characters: the last ones tell why it ended. */
const mostMessages = 8_192;

export interface SftpProgram {
  /** One command of sftp's batch language. */
  command(line: string): void;
  /** No more commands: it ends when the last one is done. */
  finish(): void;
  /** Rejects with FetchFailure when a command failed, when it was silent too long, and when it was ended by the signal. */
  readonly ended: Promise<void>;
}

export interface SftpOptions {
  readonly location: SftpLocation;
  /** Where relative local names lie. */
  readonly folder: string;
  readonly env: Environment;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  /** Each line that it prints, its echo of the commands too. */
  readonly onLine: (line: string) => void;
  /** Called often while it runs; a value other than the last one is a sign of life. */
  readonly activity: () => Promise<number>;
  readonly pollMs: number;
}

/** In double quotes nothing is a pattern; `"` is the only character that needs a backslash. */
export const quoted = (path: string): string => `"${path.replaceAll('"', '\\"')}"`;

function programArguments({ host, user, port }: SftpLocation, silenceMs: number): readonly string[] {
  const seconds = Math.max(Math.ceil(silenceMs / 1000), 1);
  const options = {
    BatchMode: "yes",
    ConnectTimeout: seconds,
    ServerAliveInterval: Math.max(Math.ceil(seconds / 4), 1),
    ServerAliveCountMax: 4,
    // Less would hide why it fails, more would mix banners into that.
    LogLevel: "ERROR",
  };
  const words = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const place = host.includes(":") ? `[${host}]` : host;
  return ["-b", "-", ...words, ...(port === undefined ? [] : ["-P", String(port)]), "--", user === undefined ? place : `${user}@${place}`];
}

/** Whole lines out of chunks. */
function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  };
}

export function startSftp(options: SftpOptions): SftpProgram {
  const { location, folder, env, silenceMs, signal, onLine, activity, pollMs } = options;
  // A group of its own: its ssh ends with it, and no terminal is there to ask on.
  const child = spawn("sftp", programArguments(location, silenceMs), {
    cwd: folder,
    env: { ...env, LC_ALL: "C", SSH_ASKPASS_REQUIRE: "never" },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let messages = "";
  let lastSignMs = Date.now();
  let isSilent = false;
  const kill = () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    try {
      process.kill(-child.pid, "SIGTERM");
    } catch {
      // It ended meanwhile.
    }
  };
  child.stdin.on("error", () => undefined);
  child.stdout.setEncoding("utf8").on(
    "data",
    lineReader((line) => {
      lastSignMs = Date.now();
      onLine(line);
    }),
  );
  child.stderr.setEncoding("utf8").on("data", (text: string) => (messages = (messages + text).slice(-mostMessages)));

  let lastActivity: number | undefined;
  const watch = setInterval(() => {
    void activity().then((now) => {
      if (now !== lastActivity) lastSignMs = Date.now();
      lastActivity = now;
      isSilent = Date.now() - lastSignMs > silenceMs;
      if (isSilent) kill();
    }, kill);
  }, pollMs);
  signal.addEventListener("abort", kill, { once: true });

  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? noSftpProgram() : error));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(isSilent ? silence(location) : sftpFailure(messages, location));
    });
  }).finally(() => {
    clearInterval(watch);
    signal.removeEventListener("abort", kill);
  });
  return { command: (line) => child.stdin.write(`${line}\n`), finish: () => child.stdin.end(), ended };
}
