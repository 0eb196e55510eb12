// The report of `plan` -> its text: the decision first, then what else would be taken, then the facts behind.
import { driverFields } from "../plan/settings";
import { directIoWords } from "./doctor-findings";
import { drawTable, type Page } from "./draw-table";
import type { ModeVerdict, PlanReport } from "./plan-place";

const modeRow = ({ cache, allowed, reason, notVerified, warnings }: ModeVerdict) => [
  cache,
  {
    text: allowed ? (notVerified === undefined ? "yes" : "not verified") : "no",
    tone: allowed ? (notVerified === undefined ? "good" : "doubtful") : "bad",
  } as const,
  [reason, ...warnings].join("\n"),
];

function decisionRows({ asked, plan, problems }: PlanReport) {
  const request = driverFields.flatMap((field) => (asked[field] === undefined ? [] : [`${field} ${asked[field]}`]));
  const settings = plan && driverFields.map((field) => `${field} ${plan[field]}`).join(", ");
  return [
    ["asked", request.length === 0 ? "nothing, so auto decides" : request.join(", ")],
    ["gets", settings ?? "nothing: it is refused"],
    ...(plan === undefined ? [] : [["reason", plan.reason]]),
    ...(plan?.notVerified === undefined ? [] : [["not verified", plan.notVerified]]),
    ...(plan?.warnings ?? []).map((warning) => ["warning", warning]),
    ...problems.map(({ field, reason }) => [{ text: "problem", tone: "bad" } as const, `${field}: ${reason}`]),
    ...(plan === undefined ? [] : [["migration", `${plan.migration.safe ? "safe" : "not safe"}: ${plan.migration.reason}`]]),
  ];
}

export function planText(report: PlanReport, page: Page): string {
  const { place, pool, format, modes, storage } = report;
  const where = pool === undefined || pool === place ? "" : ` in pool ${pool}`;
  const kind = pool === place ? `a new ${format} disk in pool ${place}` : `${place} (${format})${where}`;
  const facts = storage.map(({ path, fileSystem, kind: name, directIo, why, shared }) => [
    path,
    `${fileSystem ?? name}, ${shared ? "shared with other hosts" : "of this host alone"}; ${directIoWords[directIo]}: ${why}`,
  ]);
  return [
    `${kind}\n`,
    drawTable({ rows: decisionRows(report) }, page),
    drawTable({ head: ["CACHE", "ALLOWED", "WHY, IF A PROGRAM NAMES IT"], rows: modes.map(modeRow) }, page),
    drawTable({ head: ["STORAGE", "WHAT IS KNOWN OF IT"], rows: facts }, page),
  ].join("\n");
}
