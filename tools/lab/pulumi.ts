// Runs a Pulumi program of a test through the real engine and the built plugin: own project folder, own state, own plugin home.
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { transformSync } from "esbuild";

const repoDir = dirname(dirname(__dirname));
const pluginDir = join(repoDir, "bin");
const STACK = "test";
/** Longer than any sound test step takes, shorter than the runner's patience. */
const COMMAND_TIMEOUT_MS = 180_000;

export interface ProjectOptions {
  /** Name of the Pulumi project; part of every URN. */
  readonly name: string;
  /** TypeScript text of index.ts, or a folder with an example, copied whole. */
  readonly program: string | { readonly folder: string };
  /** Stack configuration, with keys as in Pulumi.STACK.yaml (`kvm:uri`). */
  readonly config?: Readonly<Record<string, string>>;
  /** Through ts-node, with type checks, as users run it (2 s slower a command); else types are stripped. A copied folder always runs as its own Pulumi.yaml says. */
  readonly typeChecked?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** npm packages (tarballs) to install into the project, as a user would; then nothing of the checkout is used, and the plugin is the one in `pulumi-kvm-provider`. */
  readonly packages?: readonly string[];
}

/** One event of the engine's event log; only what tests look at is named. */
export interface EngineEvent {
  readonly resourcePreEvent?: { readonly metadata: StepMetadata; readonly planning?: boolean };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
  readonly resOpFailedEvent?: { readonly metadata: StepMetadata };
  readonly diagnosticEvent?: {
    readonly urn?: string;
    readonly message: string;
    readonly severity: "debug" | "info" | "info#err" | "warning" | "error";
    readonly ephemeral?: boolean;
  };
  readonly summaryEvent?: { readonly resourceChanges: Readonly<Record<string, number>> };
}

export interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: { readonly inputs?: Record<string, unknown>; readonly outputs?: Record<string, unknown> } | null;
  readonly new?: { readonly inputs?: Record<string, unknown>; readonly outputs?: Record<string, unknown> } | null;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, { readonly diffKind: string; readonly inputDiff: boolean }>> | null;
}

export interface CommandResult {
  /** 0 is success; -1 a command that was ended by a signal or the time limit. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly EngineEvent[];
}

/** A command that still runs. */
export interface RunningCommand {
  readonly pid: number;
  readonly result: Promise<CommandResult>;
}

export interface PulumiProject {
  readonly dir: string;
  /** Replaces the program's text. */
  write(program: string): void;
  preview(...args: readonly string[]): Promise<CommandResult>;
  up(...args: readonly string[]): Promise<CommandResult>;
  refresh(...args: readonly string[]): Promise<CommandResult>;
  destroy(...args: readonly string[]): Promise<CommandResult>;
  /** Takes over an object that exists; writes no program text. */
  import(type: string, name: string, id: string, ...args: readonly string[]): Promise<CommandResult>;
  outputs(): Promise<Record<string, unknown>>;
  /** The stack's state. */
  exportState(): Promise<{ deployment: { resources?: Record<string, unknown>[]; pending_operations?: unknown[] } }>;
  /** Any pulumi command, in the project's folder and environment. */
  run(...args: readonly string[]): Promise<CommandResult>;
  /** Starts a command and does not wait for it. */
  start(...args: readonly string[]): RunningCommand;
  /** Destroys what the stack holds when asked, and removes the folder in any case. */
  dispose(options?: { destroy?: boolean }): Promise<void>;
}

/** Why no program can be run through the engine here, or undefined when one can. */
export function missingForPulumi(): string | undefined {
  if (!onPath("pulumi")) return "no pulumi on PATH (make test-engine brings one)";
  if (!onPath("pulumi-language-nodejs")) return "no pulumi-language-nodejs on PATH (make test-engine brings one)";
  if (!existsSync(join(pluginDir, "pulumi-resource-kvm"))) return "the plugin is not built (make build)";
  return undefined;
}

const onPath = (program: string) =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));

/** Makes a project with an empty stack. */
export async function createProject(options: ProjectOptions): Promise<PulumiProject> {
  const root = mkdtempSync(join(tmpdir(), "kvm-project-"));
  const dir = join(root, "project");
  for (const folder of [dir, join(root, "state"), join(root, "home")]) mkdirSync(folder);
  const environment = {
    ...process.env,
    PATH: options.packages === undefined ? `${pluginDir}${delimiter}${process.env["PATH"] ?? ""}` : process.env["PATH"],
    PULUMI_HOME: join(root, "home"),
    PULUMI_BACKEND_URL: `file://${join(root, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DEBUG_COMMANDS: "true",
    NO_COLOR: "1",
    ...options.env,
  };
  fillFolder(dir, options);
  const start = (...args: readonly string[]) => startCommand(root, dir, environment, args);
  const run = (...args: readonly string[]) => start(...args).result;
  const project = projectOver({ root, dir, start, run, write: (text) => writeProgram(dir, text, options.typeChecked ?? false) });
  const made = await run("stack", "init", STACK);
  if (made.code !== 0) throw new Error(`No stack: ${made.stderr}`);
  return project;
}

function projectOver(parts: Pick<PulumiProject, "dir" | "start" | "run" | "write"> & { root: string }): PulumiProject {
  const { root, dir, start, run, write } = parts;
  const engine =
    (command: string, ...fixed: string[]) =>
    (...args: readonly string[]) =>
      run(command, ...fixed, "--stack", STACK, ...args);
  const destroy = engine("destroy", "--yes", "--skip-preview");
  return {
    dir,
    start,
    run,
    write,
    destroy,
    preview: engine("preview", "--diff"),
    up: engine("up", "--yes", "--skip-preview"),
    refresh: engine("refresh", "--yes", "--skip-preview"),
    import: (type, name, id, ...args) =>
      run("import", type, name, id, "--yes", "--skip-preview", "--generate-code=false", "--protect=false", "--stack", STACK, ...args),
    outputs: async () => parseOutput(await run("stack", "output", "--json", "--show-secrets", "--stack", STACK)) as Record<string, unknown>,
    exportState: async () =>
      parseOutput(await run("stack", "export", "--stack", STACK)) as Awaited<ReturnType<PulumiProject["exportState"]>>,
    dispose: async (options = {}) => {
      const destroyed = options.destroy ? await destroy() : undefined;
      rmSync(root, { recursive: true, force: true });
      if (destroyed && destroyed.code !== 0) throw new Error(`destroy failed: ${destroyed.stdout}\n${destroyed.stderr}`);
    },
  };
}

function parseOutput({ code, stdout, stderr }: CommandResult): unknown {
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function fillFolder(dir: string, { name, program, config = {}, typeChecked = false, packages }: ProjectOptions): void {
  // JSON is YAML; a plugin named by path is used without a warning.
  const plugins = { providers: [{ name: "kvm", path: packages === undefined ? pluginDir : "node_modules/pulumi-kvm-provider/bin" }] };
  if (typeof program === "string") {
    const runtime = { name: "nodejs", options: { typescript: typeChecked } };
    writeFileSync(join(dir, "Pulumi.yaml"), JSON.stringify({ name, runtime, plugins }));
    writeFileSync(join(dir, "package.json"), JSON.stringify({ name, private: true, main: typeChecked ? "index.ts" : "index.js" }));
    writeProgram(dir, program, typeChecked);
  } else {
    cpSync(program.folder, dir, { recursive: true, filter: (source) => !source.split("/").includes("node_modules") });
    appendFileSync(join(dir, "Pulumi.yaml"), `\nplugins: ${JSON.stringify(plugins)}\n`);
  }
  if (packages === undefined) symlinkSync(join(repoDir, "node_modules"), join(dir, "node_modules"));
  else installPackages(dir, packages);
  writeFileSync(join(dir, `Pulumi.${STACK}.yaml`), JSON.stringify({ config }));
}

function installPackages(dir: string, packages: readonly string[]): void {
  const quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  execFileSync("npm", ["install", "--prefer-offline", ...quiet, ...packages], { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
}

function writeProgram(dir: string, text: string, typeChecked: boolean): void {
  const javaScript = () => transformSync(text, { loader: "ts", format: "cjs", target: "node20" }).code;
  writeFileSync(join(dir, typeChecked ? "index.ts" : "index.js"), typeChecked ? text : javaScript());
}

const eventCommands = new Set(["preview", "up", "refresh", "destroy", "import"]);

function startCommand(root: string, dir: string, env: NodeJS.ProcessEnv, args: readonly string[]): RunningCommand {
  const eventLog = join(root, `events-${process.hrtime.bigint()}.json`);
  const hasEvents = eventCommands.has(args[0] ?? "");
  const extra = ["--non-interactive", "--color=never", ...(hasEvents ? ["--event-log", eventLog, "--suppress-progress"] : [])];
  const child = spawn("pulumi", [...args, ...extra], {
    cwd: dir,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: COMMAND_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.stderr += text));
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, ...said, events: hasEvents ? readEvents(eventLog) : [] }));
  });
  return { pid: child.pid ?? -1, result };
}

function readEvents(file: string): EngineEvent[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as EngineEvent);
}

/** The steps that the engine planned or took, by resource name: what a preview or an update says will happen to each. */
export function stepsOf(result: CommandResult): Record<string, StepMetadata> {
  const steps = result.events.flatMap(({ resourcePreEvent }) => (resourcePreEvent ? [resourcePreEvent.metadata] : []));
  return Object.fromEntries(steps.map((step) => [step.urn.split("::").at(-1) ?? step.urn, step]));
}

/** What was said to the user, without status lines; of one resource when its name is given. */
export function messagesOf(result: CommandResult, severity: "info" | "warning" | "error", resourceName?: string): string[] {
  return result.events
    .flatMap(({ diagnosticEvent }) => (diagnosticEvent ? [diagnosticEvent] : []))
    .filter((event) => event.severity === severity && event.ephemeral !== true)
    .filter((event) => resourceName === undefined || event.urn?.endsWith(`::${resourceName}`))
    .map((event) => event.message);
}

/** The processes of our plugin that a running pulumi command started, for tests that kill one. */
export function pluginPids(pulumiPid: number): number[] {
  const processes = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return [{ pid: Number(entry), parent, commandLine: readFileSync(`/proc/${entry}/cmdline`, "utf8") }];
      } catch {
        return [];
      }
    });
  const isBelow = (pid: number): boolean =>
    pid === pulumiPid || processes.some((one) => one.pid === pid && one.parent > 1 && isBelow(one.parent));
  return processes.filter((one) => one.commandLine.includes("pulumi-resource-kvm") && isBelow(one.pid)).map((one) => one.pid);
}
