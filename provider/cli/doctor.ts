// `pulumi-kvm doctor`: is the host ready for virtual machines, and if not, what mends it.
import { HostConnectionError } from "../errors";
import type { CommandContext, Outcome } from "./command";
import { observeForDoctor } from "./doctor-facts";
import { doctorFindings, type Finding, type FindingStatus } from "./doctor-findings";
import { drawTable, type Page, type Tone } from "./draw-table";
import { exitCodes } from "./exit-codes";

export interface DoctorReport {
  readonly uri: string;
  readonly findings: readonly Finding[];
}

const tones = { ok: "good", warn: "doubtful", fail: "bad" } as const satisfies Record<FindingStatus, Tone>;

const summary = (findings: readonly Finding[]) => {
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length;
  return `${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} to mend.`;
};

export function doctorText({ uri, findings }: DoctorReport, page: Page): string {
  const rows = findings.map(({ status, check, about, finding, fix }) => [
    { text: status, tone: tones[status] },
    about === undefined ? check : `${check} ${about}`,
    fix === undefined ? finding : `${finding}\nfix: ${fix}`,
  ]);
  return `${uri}\n\n${drawTable({ rows }, page)}\n${summary(findings)}\n`;
}

const outcomeOf = (report: DoctorReport, exitCode: Outcome["exitCode"]): Outcome => ({
  report,
  text: (page) => doctorText(report, page),
  exitCode,
});

export async function doctor(context: CommandContext): Promise<Outcome> {
  const { uri } = context.libvirt;
  try {
    const findings = doctorFindings(await observeForDoctor(context));
    const isWell = findings.every(({ status }) => status !== "fail");
    return outcomeOf({ uri, findings }, isWell ? exitCodes.well : exitCodes.wrong);
  } catch (error) {
    // That there is no answer is the finding that one calls a doctor for.
    if (!(error instanceof HostConnectionError)) throw error;
    const { detail, context: failure } = error;
    const fix = failure.wayOut === undefined ? {} : { fix: failure.wayOut };
    return outcomeOf(
      { uri, findings: [{ check: "libvirt", status: "fail", finding: `no answer: ${detail}`, ...fix }] },
      exitCodes.unreachable,
    );
  }
}
