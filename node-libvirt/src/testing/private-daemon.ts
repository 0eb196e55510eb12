/** A real libvirtd of a test's own, in a folder of its own: it may be killed, frozen and started again without touching any other. Used by tests only. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** libvirtd run by root is the system's daemon and would share its folders; so it runs as nobody, which makes it a session daemon. */
const nobody = { uid: 65_534, gid: 65_534 };
const startLimitMs = 20_000;
const pollMs = 20;
const stopLimitMs = 5_000;
/** Ends by itself when a test run was killed and nobody is connected any more. */
const idleLimitSeconds = 300;

/** Where libvirtd is, or undefined where it is not installed. */
export function findLibvirtd(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "libvirtd")).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `describe` where libvirtd is installed; elsewhere says so and skips, so that the run counts the tests as skipped. */
export function describeWithLibvirtd(name: string, tests: () => void): void {
  const isInstalled = findLibvirtd() !== undefined;
  if (!isInstalled) saySkipped(name, "libvirtd is not installed (apt-get install libvirt-daemon-system libvirt-daemon-driver-qemu)");
  if (isInstalled) describe(name, tests);
  else describe.skip(`${name} [skipped: libvirtd is not installed]`, tests);
}

/** Straight to the terminal: jest swallows the console of files whose every test is skipped. */
export function saySkipped(name: string, reason: string): void {
  process.stderr.write(`SKIPPED: ${name}: ${reason}\n`);
}

export class PrivateDaemon {
  readonly folder: string;
  readonly socketPath: string;
  readonly #owner: { uid: number; gid: number } | undefined;
  readonly #libvirtd: string;
  #process: ChildProcess | undefined;

  private constructor(libvirtd: string) {
    this.#libvirtd = libvirtd;
    this.#owner = process.getuid?.() === 0 ? nobody : undefined;
    this.folder = mkdtempSync(join(tmpdir(), "private-libvirt-"));
    this.socketPath = join(this.folder, "run", "libvirt", "libvirt-sock");
  }

  /** `config` is the text of its libvirtd.conf. */
  static async start(config = ""): Promise<PrivateDaemon> {
    const libvirtd = findLibvirtd();
    if (libvirtd === undefined) throw new Error("libvirtd is not installed");
    const daemon = new PrivateDaemon(libvirtd);
    daemon.#own(daemon.folder);
    for (const name of ["run", "config", "cache", "data", "images"]) daemon.makeFolder(name);
    writeFileSync(join(daemon.folder, "libvirtd.conf"), config);
    try {
      await daemon.restart();
    } catch (error) {
      await daemon.stop();
      throw error;
    }
    return daemon;
  }

  /** The URI of one of the daemon's drivers, such as `test:///default` or `qemu:///session`. */
  uri(driverUri: string): string {
    return `${driverUri}?socket=${this.socketPath}`;
  }

  /** A folder that the daemon may write to. */
  makeFolder(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(path);
    this.#own(path);
    return path;
  }

  /** A file that the daemon may write to. */
  makeFile(name: string, content: string | Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    this.#own(path);
    return path;
  }

  #own(path: string): void {
    chmodSync(path, 0o755);
    if (this.#owner !== undefined) chownSync(path, this.#owner.uid, this.#owner.gid);
  }

  async restart(): Promise<void> {
    if (this.#process !== undefined) await this.kill();
    const log = openSync(this.#logPath, "a");
    this.#process = spawn(this.#libvirtd, ["--config", join(this.folder, "libvirtd.conf"), "--timeout", String(idleLimitSeconds)], {
      ...this.#owner,
      cwd: this.folder,
      stdio: ["ignore", log, log],
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        XDG_RUNTIME_DIR: join(this.folder, "run"),
        XDG_CONFIG_HOME: join(this.folder, "config"),
        XDG_CACHE_HOME: join(this.folder, "cache"),
        XDG_DATA_HOME: join(this.folder, "data"),
      },
    });
    this.#process.once("error", (error) => {
      this.#process = undefined;
      writeFileSync(this.#logPath, String(error));
    });
    closeSync(log);
    await this.#untilItAnswers();
  }

  async #untilItAnswers(): Promise<void> {
    const deadline = Date.now() + startLimitMs;
    while (!(await canConnect(this.socketPath))) {
      if (this.#process === undefined || hasEnded(this.#process) || Date.now() > deadline) {
        throw new Error(`libvirtd did not start:\n${readFileSync(this.#logPath, "utf8")}`);
      }
      await sleep(pollMs);
    }
  }

  get #logPath(): string {
    return join(this.folder, "libvirtd.log");
  }

  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  /** As a crash: nothing is said to anybody. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || hasEnded(child)) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const killTimer = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await exited;
    clearTimeout(killTimer);
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.#end("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
