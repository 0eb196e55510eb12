// How a program of each language is started: the command line and the environment by which its SDK finds the engine.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/**
 * What the engine asks for, in plain values.
 * @typedef {object} RunRequest
 * @property {string} folder of the program
 * @property {string} entry
 * @property {string} engine
 * @property {string} monitor
 * @property {string} organization
 * @property {string} project
 * @property {string} stack
 * @property {string} root
 * @property {string} pwd
 * @property {number} parallel
 * @property {boolean} isPreview
 * @property {readonly string[]} args
 * @property {Record<string, any>} options of the runtime in Pulumi.yaml
 *
 * @typedef {object} Command
 * @property {string} command
 * @property {readonly string[]} args
 * @property {NodeJS.ProcessEnv} [env]
 * @property {() => void} [cleanUp] after the program's end
 */

/**
 * The SDK's own runner, taken from the program's node_modules so that program and runner share one SDK.
 * @param {RunRequest} request
 * @returns {Command}
 */
function node({ folder, entry, engine, monitor, organization, project, stack, root, pwd, parallel, isPreview, args, options }) {
  const named = { monitor, engine, organization, project, stack, "root-directory": root, pwd, parallel: String(parallel) };
  const given = Object.entries(named).filter(([, value]) => value);
  const nodeArgs = String(options["nodeargs"] ?? "")
    .split(" ")
    .filter(Boolean);
  const runner = createRequire(join(folder, "index.js")).resolve("@pulumi/pulumi/cmd/run");
  return {
    command: process.execPath,
    args: [
      ...nodeArgs,
      runner,
      ...given.flatMap(([name, value]) => [`--${name}`, value]),
      ...(isPreview ? ["--dry-run"] : []),
      join(folder, entry),
      ...args,
    ],
    env: { PULUMI_NODEJS_TYPESCRIPT: String(options["typescript"] ?? true) },
  };
}

/**
 * The variables by which the SDKs for Go and, through our runner, Python know what to do.
 * @param {RunRequest} request
 */
const engineVariables = ({ engine, monitor, organization, project, stack, root, parallel, isPreview }) => ({
  PULUMI_ENGINE: engine,
  PULUMI_MONITOR: monitor,
  PULUMI_ORGANIZATION: organization,
  PULUMI_PROJECT: project,
  PULUMI_STACK: stack,
  PULUMI_ROOT_DIRECTORY: root,
  PULUMI_PARALLEL: String(parallel),
  PULUMI_DRY_RUN: String(isPreview),
});

/**
 * @param {RunRequest} request
 * @returns {Command}
 */
function python(request) {
  const { virtualenv } = request.options;
  const command = virtualenv ? join(request.folder, String(virtualenv), "bin", "python3") : "python3";
  return {
    command,
    args: ["-u", join(dirname(String(process.argv[1])), "run-python.py"), join(request.folder, request.entry)],
    env: { ...engineVariables(request), PYTHONPATH: [request.folder, process.env["PYTHONPATH"]].filter(Boolean).join(delimiter) },
  };
}

/**
 * Compiled first, for `go run` gives no exit code but 1.
 * @param {RunRequest} request
 * @returns {Command}
 */
function go(request) {
  const build = mkdtempSync(join(tmpdir(), "pulumi-go-"));
  const command = join(build, "program");
  const cleanUp = () => rmSync(build, { recursive: true, force: true });
  try {
    execFileSync("go", ["build", "-o", command, "."], {
      cwd: join(request.folder, request.entry),
      stdio: ["ignore", "inherit", "inherit"],
    });
  } catch {
    cleanUp();
    throw new Error("The program does not compile.");
  }
  return { command, args: request.args, env: engineVariables(request), cleanUp };
}

/**
 * By Pulumi's name of the runtime.
 * @type {Record<string, (request: RunRequest) => Command>}
 */
export const programs = { nodejs: node, python, go };
