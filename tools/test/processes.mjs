// The programs that the test runner starts: each in a process group of its own, so that it can be ended whole when time or patience runs out.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const GRACE_MS = 5_000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * Runs a program; its output goes to the terminal, or with `quiet` into the result.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number, quiet?: boolean }} options
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runGroup(command, args, { cwd, env, timeoutMs, quiet = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    let output = "";
    running.add(child);
    child.stdout?.on("data", (chunk) => (output += chunk));
    child.stderr?.on("data", (chunk) => (output += chunk));
    const timer = setTimeout(() => {
      output += `\nended after ${timeoutMs} ms\n`;
      void endGroup(child);
    }, timeoutMs);
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

/** @param {import("node:child_process").ChildProcess} child */
async function endGroup(child) {
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGKILL"])) {
    if (child.pid === undefined || !running.has(child)) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      return;
    }
    await sleep(GRACE_MS);
  }
}

/** Ends everything that still runs. */
export const endAll = () => Promise.all([...running].map(endGroup));
