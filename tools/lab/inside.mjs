// Runs programs inside a private host's namespaces, and waits for what they bring up there.
import { setTimeout as sleep } from "node:timers/promises";
import { attempt, run } from "../lib/run.mjs";
import { insideHost, processesOf } from "./namespaces.mjs";

/** No program that is asked something here takes longer, unless what it asks is dead. */
const COMMAND_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/**
 * Runs a command inside the host to its end; returns its stdout.
 * @param {number} nsPid
 * @param {string} command
 * @param {readonly string[]} args
 */
export function runInside(nsPid, command, args) {
  const [enter = "", ...before] = insideHost(nsPid);
  return run(enter, [...before, command, ...args], { timeout: COMMAND_TIMEOUT_MS });
}

/**
 * Runs a command inside the host to its end; returns what it said, whatever its exit code.
 * @param {number} nsPid
 * @param {string} command
 * @param {readonly string[]} args
 */
export function attemptInside(nsPid, command, args) {
  const [enter = "", ...before] = insideHost(nsPid);
  return attempt(enter, [...before, command, ...args], { timeout: COMMAND_TIMEOUT_MS });
}

/**
 * True when the host runs a process of each of these names (as the kernel keeps them: 15 characters).
 * @param {number} nsPid
 * @param {readonly string[]} names
 */
export function runsAll(nsPid, names) {
  const running = new Set(processesOf(nsPid).map(({ command }) => command));
  return names.every((name) => running.has(name));
}

/**
 * Ends the host's processes of these names at once.
 * @param {number} nsPid
 * @param {readonly string[]} names
 */
export async function endAll(nsPid, names) {
  const left = () => processesOf(nsPid).filter(({ command }) => names.includes(command));
  for (const { pid } of left()) process.kill(pid, "SIGKILL");
  await waitUntil(`${names.join(", ")} to end`, () => left().length === 0, COMMAND_TIMEOUT_MS);
}

/**
 * Asks again and again until the answer is true; throws, with what `explain` says, when the time is over.
 * @param {string} what
 * @param {() => boolean} ask
 * @param {number} timeoutMs
 * @param {() => string} [explain]
 */
export async function waitUntil(what, ask, timeoutMs, explain = () => "") {
  for (const startedMs = Date.now(); ; await sleep(POLL_MS)) {
    if (ask()) return;
    if (Date.now() - startedMs > timeoutMs) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}. ${explain()}`.trimEnd());
  }
}
