// `make bench`: runs every bench/*.bench.ts on a private libvirt host; each one prints its own numbers.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { buildAll } from "./build.mjs";
import { hostDown, hostUp } from "./lab/host.mjs";
import { hostFiles } from "./lab/host-files.mjs";
import { extendPath, repoDir } from "./lib/folders.mjs";
import { becomeRoot } from "./lib/root.mjs";
import { runVisibly } from "./lib/run.mjs";
import { MissingPart, runMain, step } from "./lib/steps.mjs";
import { setUp } from "./setup.mjs";

const benchDir = join(repoDir, "bench");
let interrupted = false;

/**
 * Each source finds the files beside itself, though the bundle lies elsewhere.
 * @type {import("esbuild").Plugin}
 */
const ownFolders = {
  name: "own-folders",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes("__dirname")) return undefined;
      return { contents: `const __dirname = ${JSON.stringify(dirname(path))};${text}`, loader: "ts" };
    });
  },
};

/**
 * Bundles one benchmark, so that plain node runs it, and runs it.
 * @param {string} file
 * @param {NodeJS.ProcessEnv} env
 */
async function runBenchmark(file, env) {
  const { build } = await import("esbuild");
  const folder = mkdtempSync(join(tmpdir(), "kvm-bench-"));
  const outfile = join(folder, "bench.cjs");
  try {
    await build({
      entryPoints: [join(benchDir, file)],
      outfile,
      absWorkingDir: repoDir,
      bundle: true,
      platform: "node",
      target: "node20",
      packages: "external",
      alias: { "node-libvirt": join(repoDir, "node-libvirt", "src", "index.ts") },
      plugins: [ownFolders],
    });
    const nodePath = join(repoDir, "node_modules");
    const code = await runVisibly(process.execPath, [outfile], { cwd: repoDir, env: { ...env, NODE_PATH: nodePath } });
    if (code !== 0) throw new MissingPart(`${file} ended with code ${code}.`, "see what it said above.");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  extendPath();
  const { pathFolders } = await setUp(["host", "pulumi"]);
  await step("build", buildAll);
  const pattern = process.env.T ?? "";
  const files = readdirSync(benchDir).filter((name) => name.endsWith(".bench.ts") && name.includes(pattern));
  if (files.length === 0) throw new MissingPart("There is no benchmark to run.", "write bench/NAME.bench.ts.");
  becomeRoot();
  const host = hostFiles(`bench-${process.pid}`, undefined);
  const path = [...pathFolders, process.env.PATH].join(delimiter);
  try {
    const given = process.env.LIBVIRT_DEFAULT_URI;
    if (!given) await hostUp(host);
    const env = { ...process.env, PATH: path, ...(given ? {} : { KVM_LAB: host.record }) };
    for (const file of files) if (!interrupted) await step(`benchmark ${basename(file, ".bench.ts")}`, () => runBenchmark(file, env));
  } finally {
    await hostDown(host);
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => (interrupted = true));
await runMain(main);
