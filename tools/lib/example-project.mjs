// A copy of an example as a Pulumi project with state and plugins of its own, for the tools that show one.
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parse } from "yaml";
import { repoDir } from "./folders.mjs";
import { run, runVisibly } from "./run.mjs";
import { MissingPart, say, seconds } from "./steps.mjs";

const STACK = "demo";

/**
 * @param {string} name the example's folder
 * @param {readonly string[]} pathFolders first on PATH
 * @param {NodeJS.ProcessEnv} [moreEnv]
 */
export function makeExampleProject(name, pathFolders, moreEnv = {}) {
  const root = mkdtempSync(join(tmpdir(), "kvm-example-"));
  const cwd = join(root, "project");
  cpSync(join(repoDir, "examples", name), cwd, { recursive: true, filter: (source) => !source.includes("node_modules") });
  symlinkSync(join(repoDir, "node_modules"), join(cwd, "node_modules"));
  const projectFile = join(cwd, "Pulumi.yaml");
  /** @type {Record<string, { secret?: boolean }>} */
  const settings = parse(readFileSync(projectFile, "utf8")).config ?? {};
  // A plugin named by path is used without a warning.
  appendFileSync(projectFile, `\nplugins:\n  providers:\n    - name: kvm\n      path: ${join(repoDir, "bin")}\n`);
  for (const folder of ["state", "home"]) mkdirSync(join(root, folder));
  const env = {
    ...process.env,
    PATH: [...pathFolders, join(repoDir, "bin"), process.env.PATH].join(delimiter),
    PULUMI_HOME: join(root, "home"),
    PULUMI_BACKEND_URL: `file://${join(root, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...moreEnv,
  };
  const quietly = (/** @type {string[]} */ ...args) => run("pulumi", args, { cwd, env });
  return {
    /** The settings that the example's Pulumi.yaml lists. */
    settings,
    quietly,
    /** An empty stack with the configuration; what the example calls a secret is one. @param {Record<string, string>} config */
    init(config) {
      quietly("stack", "init", STACK);
      for (const [key, value] of Object.entries(config)) {
        quietly("config", "set", ...(settings[key]?.secret ? ["--secret"] : []), key, "--", value);
      }
    },
    /** Runs pulumi before the person's eyes. */
    show: async (/** @type {string[]} */ ...args) => {
      say(`\n$ pulumi ${args.join(" ")}`);
      const startedMs = performance.now();
      const code = await runVisibly("pulumi", args, { cwd, env });
      if (code !== 0) throw new MissingPart(`\`pulumi ${args.join(" ")}\` ended with code ${code}.`, "see what it said above.");
      say(`  (${seconds(performance.now() - startedMs)})`);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
