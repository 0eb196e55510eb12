// The test runner behind `make test`: sets up, builds, checks, runs all tests on a private libvirt host, cleans up, and counts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { hostFiles } from "./lab/host-files.mjs";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { becomeRoot } from "./lib/root.mjs";
import { MissingPart, runMain, say, seconds } from "./lib/steps.mjs";
import { setUp } from "./setup.mjs";
import { endAll, runGroup } from "./test/processes.mjs";
import { makeTally } from "./test/tally.mjs";

const MINUTE_MS = 60_000;
const CHECK_TIMEOUT_MS = 10 * MINUTE_MS;

const bin = (/** @type {string[]} */ ...path) => join(repoDir, "node_modules", ...path);
const tool = (/** @type {string} */ name) => join(repoDir, "tools", name);

/** Checks that count as one test each; those that exist only once their tsconfig does are left out before. */
const checks = [
  { name: "typecheck", args: [bin("typescript", "bin", "tsc"), "--project", "tsconfig.json"] },
  {
    name: "typecheck of tools",
    args: [bin("typescript", "bin", "tsc"), "--project", "tools/tsconfig.json"],
    onlyWith: "tools/tsconfig.json",
  },
  {
    name: "typecheck of examples",
    args: [bin("typescript", "bin", "tsc"), "--project", "examples/tsconfig.json"],
    onlyWith: "examples/tsconfig.json",
  },
  { name: "lint", args: [bin("eslint", "bin", "eslint.js"), "."] },
  { name: "format", args: [bin("prettier", "bin", "prettier.cjs"), "--check", "--log-level=warn", "."] },
];

/** Test files that run at the same time, each on a private host of its own: a guest keeps one core busy. A libvirt that was given is one host. */
const WORKERS = process.env.LIBVIRT_DEFAULT_URI ? 1 : Math.min(2, availableParallelism());

/**
 * What each part of the tests is: jest's project, what it needs, how it runs. `timeoutMs` is for one test, `limitMs` for the whole part.
 * @type {Record<string, { needs: import("./setup.mjs").Need[], jest: string[], limitMs: number, host: boolean }>}
 */
const parts = {
  unit: { needs: [], jest: ["--maxWorkers=100%", "--testTimeout=20000"], limitMs: 15 * MINUTE_MS, host: false },
  live: { needs: ["host"], jest: [`--maxWorkers=${WORKERS}`, "--testTimeout=60000"], limitMs: 25 * MINUTE_MS, host: true },
  engine: {
    needs: ["host", "pulumi", "languages"],
    jest: [`--maxWorkers=${WORKERS}`, "--testTimeout=300000"],
    limitMs: 45 * MINUTE_MS,
    host: true,
  },
};

const tally = makeTally();
/** One private host for each of jest's workers. */
const hostNames = Array.from({ length: WORKERS }, (_, index) => `test-${process.pid}-${index + 1}`);
let interrupted = false;
let hostsAreUp = false;

/**
 * Runs one phase that counts as one test, and tells its time.
 * @param {string} name
 * @param {() => Promise<{ code: number, output: string }>} action
 */
async function countedPhase(name, action) {
  if (interrupted) return false;
  const startedMs = performance.now();
  const { code, output } = await action();
  const elapsedMs = performance.now() - startedMs;
  tally.phase(name, elapsedMs);
  say(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds(elapsedMs)})`);
  if (code !== 0 || output.includes("warning")) say(output.trimEnd());
  if (code === 0) tally.pass();
  else if (!interrupted) tally.fail(name);
  return code === 0;
}

/**
 * @param {string} name
 * @param {string[]} args
 */
const nodePhase = (name, args) =>
  countedPhase(name, () => runGroup(process.execPath, args, { cwd: repoDir, timeoutMs: CHECK_TIMEOUT_MS, quiet: true }));

/**
 * Runs one jest project and adds its numbers.
 * @param {string} part
 * @param {string | undefined} pattern only test files whose path matches
 * @param {NodeJS.ProcessEnv} env
 */
async function runJest(part, pattern, env) {
  const how = parts[part];
  if (interrupted || !how) return;
  say(`\n==> ${part} tests`);
  const folder = mkdtempSync(join(tmpdir(), "kvm-jest-"));
  const outputFile = join(folder, "results.json");
  const args = [
    ...(pattern ? [pattern] : []),
    "--selectProjects",
    part,
    ...how.jest,
    "--json",
    `--outputFile=${outputFile}`,
    "--reporters=default",
  ];
  const startedMs = performance.now();
  try {
    // With --json jest prints the results to stdout too; the readable report is on stderr.
    const { code } = await runGroup(
      "sh",
      ["-c", 'exec "$@" >/dev/null', "jest", process.execPath, bin("jest", "bin", "jest.js"), ...args],
      {
        cwd: repoDir,
        env,
        timeoutMs: how.limitMs,
      },
    );
    tally.phase(`${part} tests`, performance.now() - startedMs);
    if (interrupted) return;
    if (!existsSync(outputFile)) return tally.fail(`${part} tests: jest ended with code ${code} and no results`);
    const results = JSON.parse(readFileSync(outputFile, "utf8"));
    tally.addJest(part, results);
    if (results.numTotalTests === 0 && !pattern) tally.fail(`${part} tests: there are none`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {"up" | "down"} command
 * @param {string} name
 */
const hostCommand = (command, name) =>
  runGroup(process.execPath, [tool("lab/host.mjs"), command, name], { cwd: repoDir, timeoutMs: CHECK_TIMEOUT_MS, quiet: true });

/** Makes the private hosts, unless a libvirt was given; returns what tests need in their environment. */
async function hostEnvironment() {
  if (process.env.LIBVIRT_DEFAULT_URI) {
    say(`\n==> no private libvirt host: LIBVIRT_DEFAULT_URI gives ${process.env.LIBVIRT_DEFAULT_URI}`);
    return {};
  }
  hostsAreUp = true;
  let areUp = true;
  for (const name of hostNames) areUp &&= await countedPhase(`private libvirt host ${name}`, () => hostCommand("up", name));
  return areUp ? { KVM_LABS: hostNames.map((name) => hostFiles(name, undefined).record).join(delimiter) } : {};
}

async function takeHostsDown() {
  if (!hostsAreUp) return;
  hostsAreUp = false;
  for (const name of hostNames) {
    const { code, output } = await hostCommand("down", name);
    if (code === 0) continue;
    say(output);
    tally.fail(`removing the private libvirt host ${name}`);
  }
}

async function runChecks() {
  await nodePhase("generated files are up to date", [tool("generate.mjs"), "--check"]);
  await nodePhase("build", [tool("build.mjs")]);
  // Each works one core, the linter as long as all others together.
  const inTurn = async (/** @type {typeof checks} */ some) => {
    for (const { name, args, onlyWith } of some) {
      if (!onlyWith || existsSync(join(repoDir, onlyWith))) await nodePhase(name, args);
    }
  };
  await Promise.all([inTurn(checks.filter(({ name }) => name === "lint")), inTurn(checks.filter(({ name }) => name !== "lint"))]);
}

/** `test.mjs [PART …]`: without a part, everything. T in the environment: only test files whose path matches. */
async function main() {
  extendPath();
  const words = process.argv.slice(2);
  const pattern = process.env.T || undefined;
  const known = ["checks", ...Object.keys(parts)];
  const chosen = words.length > 0 ? words : known;
  const unknown = chosen.filter((part) => !known.includes(part));
  if (unknown.length > 0) throw new MissingPart(`No such part: ${unknown.join(", ")}.`, `choose from ${known.join(", ")}.`);
  const needs = new Set(chosen.flatMap((part) => parts[part]?.needs ?? []));
  if (chosen.includes("checks")) needs.add("generator");

  const startedMs = performance.now();
  const { pathFolders, environment } = await setUp([...needs]);
  tally.phase("setup", performance.now() - startedMs);
  // npm packages belong to the person; a private host, and tests that mount file systems in it, need root.
  if (needs.has("host") && !process.env.LIBVIRT_DEFAULT_URI) becomeRoot();
  Object.assign(process.env, environment);
  process.env.PATH = [...pathFolders, process.env.PATH].join(delimiter);
  try {
    if (chosen.includes("checks")) await runChecks();
    else if (chosen.includes("engine")) await nodePhase("build", [tool("build.mjs")]);
    const withoutHost = chosen.filter((part) => parts[part]?.host === false);
    const withHost = chosen.filter((part) => parts[part]?.host);
    for (const part of withoutHost) await runJest(part, pattern, process.env);
    const env = withHost.length > 0 && !interrupted ? { ...process.env, ...(await hostEnvironment()) } : process.env;
    for (const part of withHost) await runJest(part, pattern, env);
  } finally {
    await takeHostsDown();
  }
  if (interrupted) {
    say("\ninterrupted");
    process.exitCode = 130;
    return;
  }
  tally.phase("all", performance.now() - startedMs);
  tally.report();
  process.exitCode = tally.total.failed > 0 || tally.total.passed === 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    interrupted = true;
    void endAll();
  });
}
await runMain(main);
