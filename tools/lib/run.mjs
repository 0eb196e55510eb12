// How the tools start other programs: by argument list, never through a shell, with an error that says which command failed and what it said.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const SHOWN_OUTPUT_CHARS = 4000;

/** A command that could not be run or ended with another code than 0. */
export class CommandFailed extends Error {
  /**
   * @param {string} commandLine
   * @param {{ code: number | null, stdout: string, stderr: string }} result
   */
  constructor(commandLine, { code, stdout, stderr }) {
    super(`\`${commandLine}\` ended with code ${code}\n${(stderr || stdout).slice(-SHOWN_OUTPUT_CHARS).trimEnd()}`);
    this.name = "CommandFailed";
    this.code = code;
    this.stderr = stderr;
  }
}

/**
 * Runs a command to its end and returns what it said, whatever its exit code.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 */
export function attempt(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: MAX_OUTPUT_BYTES, stdio: ["ignore", "pipe", "pipe"], ...options });
  const stderr = result.error ? `${command}: ${result.error.message}` : String(result.stderr ?? "");
  return { code: result.error ? 127 : result.status, stdout: String(result.stdout ?? ""), stderr };
}

/**
 * Runs a command to its end and returns its stdout.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 * @throws {CommandFailed}
 */
export function run(command, args, options = {}) {
  const result = attempt(command, args, options);
  if (result.code !== 0) throw new CommandFailed([command, ...args].join(" "), result);
  return result.stdout;
}

/**
 * Runs a command whose output goes straight to the terminal; returns its exit code (128 when a signal ended it).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnOptions} [options]
 * @returns {Promise<number>}
 */
export function runVisibly(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal ? 128 : (code ?? 1)));
  });
}

/**
 * The full path of a program, or undefined where PATH has none.
 * @param {string} program
 * @param {string} [path]
 */
export function which(program, path = process.env.PATH ?? "") {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find(isExecutableFile);
}

/** @param {string} file */
function isExecutableFile(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
