// The words of a command line -> which command with what, or what to say instead (help, version, a usage error).
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { cacheSettings, detectZeroesModes, discardModes, ioSettings, type DiskRule } from "../plan/settings";
import type { DiskFormat } from "../plan/domain";
import { diskFormats } from "../plan/domain";
import { exitCodes, type ExitCode } from "./exit-codes";
import type { PlanRequest } from "./plan-place";

export interface HostOptions {
  readonly uri?: string | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly json: boolean;
  readonly probe: boolean;
}

export type CommandRequest = HostOptions &
  (
    | { readonly command: "doctor" }
    | { readonly command: "plan"; readonly plan: PlanRequest }
    | { readonly command: "explain"; readonly vm: string }
  );

export type CommandLine =
  { readonly request: CommandRequest } | { readonly said: { readonly out: string; readonly err: string }; readonly exitCode: ExitCode };

const examples = {
  "": [
    ["pulumi-kvm doctor", "is this machine ready for VMs?"],
    ["pulumi-kvm plan default", "what would a disk in the pool get, and why?"],
    ["pulumi-kvm explain web", "what do the VM's disks run with, and why?"],
  ],
  doctor: [
    ["pulumi-kvm doctor", "this machine"],
    ["pulumi-kvm doctor --uri qemu+ssh://root@host1/system", "another one"],
    ["pulumi-kvm doctor --json | jq '.findings[] | select(.status != \"ok\")'", "for programs"],
  ],
  plan: [
    ["pulumi-kvm plan default", "a new disk in the pool"],
    ["pulumi-kvm plan /var/lib/libvirt/images/web.qcow2", "an image that is there"],
    ["pulumi-kvm plan fast --cache none --io native", "would that be taken?"],
  ],
  explain: [
    ["pulumi-kvm explain web", "by name"],
    ["pulumi-kvm explain 5a1b2c3d-0000-4000-8000-00000000fa4e --json", "by UUID, for programs"],
  ],
} as const satisfies Record<string, readonly (readonly [string, string])[]>;

function examplesText(command: keyof typeof examples): string {
  return `\nExamples:\n${examples[command].map(([line, means]) => `  ${line}\n      ${means}\n`).join("")}`;
}

const exitText = `
Exit codes:
  0 all is well   1 something is wrong, or would be refused   2 wrong usage   3 libvirt not reachable
`;

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Write a number of seconds above 0.");
  return value;
}

const withHostOptions = (command: Command): Command =>
  command
    .option("--uri <uri>", "libvirt's connection URI of the host (else LIBVIRT_DEFAULT_URI, else qemu:///system)")
    .option("--json", "print one JSON object instead of tables", false)
    .option("--no-probe", "change nothing on the host: start no paused throw-away domain to find out what storage and KVM can do")
    .option("--timeout <seconds>", "how long one call to libvirt may take", seconds);

type RawHostOptions = Omit<HostOptions, "timeoutSeconds"> & { readonly timeout?: number };
type RawPlanOptions = RawHostOptions & DiskRule & { readonly format?: DiskFormat; readonly readonly: boolean; readonly shareable: boolean };

const hostOptions = ({ uri, timeout, json, probe }: RawHostOptions): HostOptions => ({ uri, timeoutSeconds: timeout, json, probe });

function planRequest(place: string, { cache, io, discard, detectZeroes, format, readonly, shareable }: RawPlanOptions): PlanRequest {
  const asked = Object.entries({ cache, io, discard, detectZeroes }).filter(([, value]) => value !== undefined);
  return { place, asked: Object.fromEntries(asked), format, readonly, shareable };
}

function planCommand(take: (request: CommandRequest) => void): Command {
  return withHostOptions(new Command("plan"))
    .description("which settings a disk at a path or in a pool would get, why, and what else it may have")
    .argument("<file|pool>", "the path of an image or device of the host, or the name of a storage pool")
    .addOption(new Option("--cache <mode>", "the cache mode that a program would ask for").choices(cacheSettings))
    .addOption(new Option("--io <mode>", "how QEMU submits requests").choices(ioSettings))
    .addOption(new Option("--discard <mode>", "whether the guest's discards reach the storage").choices(discardModes))
    .addOption(new Option("--detect-zeroes <mode>", "whether written zeroes are taken for discards").choices(detectZeroesModes))
    .addOption(new Option("--format <format>", "the image format, where it is not to be read from the image").choices(diskFormats))
    .option("--readonly", "the guest may only read it", false)
    .option("--shareable", "several guests use it at once", false)
    .addHelpText("after", examplesText("plan"))
    .action((place: string, options: RawPlanOptions) =>
      take({ ...hostOptions(options), command: "plan", plan: planRequest(place, options) }),
    );
}

function doctorCommand(take: (request: CommandRequest) => void): Command {
  return withHostOptions(new Command("doctor"))
    .description("is the host ready for virtual machines, and if not, what mends it")
    .addHelpText("after", examplesText("doctor"))
    .action((options: RawHostOptions) => take({ ...hostOptions(options), command: "doctor" }));
}

function explainCommand(take: (request: CommandRequest) => void): Command {
  return withHostOptions(new Command("explain"))
    .description("what every disk of a VM was asked to have, has and runs with, why, and whether the VM can be migrated")
    .argument("<vm>", "name or UUID of the VM, whoever made it")
    .addHelpText("after", examplesText("explain"))
    .action((vm: string, options: RawHostOptions) => take({ ...hostOptions(options), command: "explain", vm }));
}

/** `argv` without the program itself. */
export function parseCommandLine(
  argv: readonly string[],
  { version, widthColumns }: { readonly version: string; readonly widthColumns: number },
): CommandLine {
  const said = { out: "", err: "" };
  let request: CommandRequest | undefined;
  const take = (taken: CommandRequest) => {
    request = taken;
  };
  const output = {
    writeOut: (text: string) => void (said.out += text),
    writeErr: (text: string) => void (said.err += text),
    getOutHelpWidth: () => widthColumns,
    getErrHelpWidth: () => widthColumns,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
  const program = new Command("pulumi-kvm")
    .description("Virtual machines on libvirt/QEMU: what the host can do, what a disk gets, and why.")
    .version(version)
    .addHelpText("after", examplesText(""))
    .addHelpText("afterAll", exitText);
  for (const command of [doctorCommand(take), planCommand(take), explainCommand(take)]) program.addCommand(command);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput(output).showHelpAfterError("(--help says more)");
  try {
    program.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { said, exitCode: error.exitCode === 0 ? exitCodes.well : exitCodes.usage };
  }
  return request === undefined ? { said, exitCode: exitCodes.usage } : { request };
}
