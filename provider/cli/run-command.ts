// The third front door: a command line -> a command over the same observers and planner as the plugin's, its text or JSON, and its exit code.
import { BugError, CancelledError, HostConnectionError, HostError, ImageError, RefusedError } from "../errors";
import type { ProviderConfig, Services } from "../resources/resource";
import { resolveConfig } from "../rpc/config";
import type { CommandContext, Outcome } from "./command";
import { parseCommandLine, type CommandRequest } from "./command-line";
import { doctor } from "./doctor";
import { coloured } from "./draw-table";
import { exitCodes, type ExitCode } from "./exit-codes";
import { explainMachine } from "./explain-machine";
import { planPlace } from "./plan-place";
import type { Terminal } from "./terminal";

export interface CommandParts {
  readonly version: string;
  readonly makeServices: (config: ProviderConfig) => Pick<Services, "libvirt" | "host">;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

const exitCodeByError: readonly (readonly [new (...args: never) => Error, ExitCode])[] = [
  [HostConnectionError, exitCodes.unreachable],
  [CancelledError, exitCodes.interrupted],
  [RefusedError, exitCodes.wrong],
  [HostError, exitCodes.wrong],
  [ImageError, exitCodes.wrong],
  [BugError, exitCodes.wrong],
];

function failureOf(error: unknown): { readonly message: string; readonly exitCode: ExitCode } {
  const exitCode = exitCodeByError.find(([type]) => error instanceof type)?.[1];
  const text = error instanceof Error ? error.message : String(error);
  return exitCode === undefined ? { message: new BugError(`${text}.`).message, exitCode: exitCodes.wrong } : { message: text, exitCode };
}

function carryOut(request: CommandRequest, context: CommandContext): Promise<Outcome> {
  switch (request.command) {
    case "doctor":
      return doctor(context);
    case "plan":
      return planPlace(request.plan, context);
    case "explain":
      return explainMachine(request.vm, context);
  }
}

async function answer(request: CommandRequest, config: ProviderConfig, { makeServices, signal }: CommandParts): Promise<Outcome> {
  const { libvirt, host } = makeServices(config);
  try {
    return await carryOut(request, { libvirt, host, signal, depth: request.probe ? "probe" : "look" });
  } finally {
    await libvirt.close();
  }
}

function say(message: string, exitCode: ExitCode, json: boolean, { terminal }: CommandParts): ExitCode {
  if (json) terminal.out(`${JSON.stringify({ error: { message, exitCode } })}\n`);
  terminal.err(`${coloured("bad", "pulumi-kvm:", terminal)} ${message}\n`);
  return exitCode;
}

/** Never rejects: what goes wrong is said, and is an exit code. */
export async function runCommand(argv: readonly string[], parts: CommandParts): Promise<ExitCode> {
  const { terminal, environment, version } = parts;
  const line = parseCommandLine(argv, { version, widthColumns: terminal.widthColumns });
  if ("said" in line) {
    if (line.said.out !== "") terminal.out(line.said.out);
    if (line.said.err !== "") terminal.err(line.said.err);
    return line.exitCode;
  }
  const { request } = line;
  const { uri, timeoutSeconds, json } = request;
  const settings = { ...(uri === undefined ? {} : { uri }), ...(timeoutSeconds === undefined ? {} : { timeout: timeoutSeconds }) };
  const resolved = resolveConfig(settings, environment);
  if (resolved === "unknown" || "problems" in resolved) {
    const problems = resolved === "unknown" ? [] : resolved.problems;
    return say(problems.map(({ path, reason }) => `${path}: ${reason}`).join("\n"), exitCodes.usage, json, parts);
  }
  try {
    const { report, text, exitCode } = await answer(request, resolved.config, parts);
    terminal.out(json ? `${JSON.stringify(report, null, 2)}\n` : text(terminal));
    return exitCode;
  } catch (error) {
    const { message, exitCode } = failureOf(error);
    return say(message, exitCode, json, parts);
  }
}
