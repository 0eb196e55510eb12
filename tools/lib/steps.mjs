// What the person at the terminal sees: each step by name with its time, and plain words about what is missing.

const MILLISECONDS_PER_SECOND = 1000;

/** @type {NodeJS.WritableStream} */
let out = process.stdout;

/** Sends step lines to stderr, for commands whose stdout is data. */
export function stepsToStderr() {
  out = process.stderr;
}

/** @param {string} line */
export function say(line) {
  out.write(`${line}\n`);
}

/**
 * Seconds with one decimal, for people.
 * @param {number} elapsedMs
 */
export function seconds(elapsedMs) {
  return `${(elapsedMs / MILLISECONDS_PER_SECOND).toFixed(1)} s`;
}

/**
 * Runs one step, saying its name first and its time after.
 * @template T
 * @param {string} title
 * @param {() => T | Promise<T>} action
 * @returns {Promise<T>}
 */
export async function step(title, action) {
  const startedMs = performance.now();
  say(`==> ${title}`);
  try {
    const result = await action();
    say(`    ${title}: done in ${seconds(performance.now() - startedMs)}`);
    return result;
  } catch (error) {
    say(`    ${title}: failed after ${seconds(performance.now() - startedMs)}`);
    throw error;
  }
}

/** Something that we cannot make ourselves is not there; `remedy` says what the person can do. */
export class MissingPart extends Error {
  /**
   * @param {string} what
   * @param {string} remedy
   */
  constructor(what, remedy) {
    super(`${what}\n  What to do: ${remedy}`);
    this.name = "MissingPart";
  }
}

/**
 * The entry of every tool: an expected failure is told in its own words, anything else with its stack.
 * @param {() => unknown} main
 */
export async function runMain(main) {
  try {
    await main();
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const isExpected = error.name === "MissingPart" || error.name === "CommandFailed";
    process.stderr.write(`\nerror: ${isExpected ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
