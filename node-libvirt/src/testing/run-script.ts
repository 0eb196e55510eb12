/** A script that uses this package → a process of its own, to see how it ends. Used by tests only. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const endLimitMs = 15_000;

export interface ScriptEnd {
  readonly output: string;
  /** null when it had to be killed. */
  readonly exitCode: number | null;
  readonly tookMs: number;
}

export interface ScriptRunner {
  /** Runs an async function body that has `connect` and `uri`; `onOutput` is called with all that it has printed so far. */
  run(body: string, uri: string, onOutput?: (output: string) => void): Promise<ScriptEnd>;
  /** Runs a TypeScript program that imports "node-libvirt". */
  runTypeScript(program: string, env: Readonly<Record<string, string>>): Promise<ScriptEnd>;
  remove(): void;
}

/** Bundles the package once, for any number of scripts. */
export function scriptRunner(): ScriptRunner {
  const folder = mkdtempSync(join(tmpdir(), "node-libvirt-script-"));
  const bundle = join(folder, "node-libvirt.cjs");
  const index = join(__dirname, "..", "index.ts");
  buildSync({ entryPoints: [index], bundle: true, platform: "node", format: "cjs", outfile: bundle });
  return {
    run: (body, uri, onOutput) => {
      const script = `const { connect } = require(${JSON.stringify(bundle)}); const uri = ${JSON.stringify(uri)};
        (async () => { ${body} })().catch((error) => { console.error(error); process.exitCode = 1; });`;
      return runNode(["-e", script], process.env, onOutput);
    },
    runTypeScript: (program, env) => {
      const outfile = join(folder, "program.cjs");
      const stdin = { contents: program, loader: "ts" as const, resolveDir: folder };
      buildSync({ stdin, bundle: true, platform: "node", format: "cjs", alias: { "node-libvirt": index }, outfile });
      return runNode([outfile], { ...process.env, ...env });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function runNode(args: readonly string[], env: NodeJS.ProcessEnv, onOutput?: (output: string) => void): Promise<ScriptEnd> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    let output = "";
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const killTimer = setTimeout(() => child.kill("SIGKILL"), endLimitMs);
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      onOutput?.(output);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(killTimer);
      resolve({ output, exitCode, tookMs: performance.now() - startedMs });
    });
  });
}
