// The report of `explain` -> its text: a small table of settings a disk, and the sentences that belong to it.
import { driverFields } from "../plan/settings";
import { drawTable, type Cell, type Page } from "./draw-table";
import type { ExplainedDisk, ExplainReport } from "./explain-machine";

const settingsRow = (
  name: string,
  values: Readonly<Partial<Record<(typeof driverFields)[number], string | undefined>>>,
): readonly Cell[] => [name, ...driverFields.map((field) => values[field] ?? "-")];

function sentences({ reason, auto, effective, pending, problems, migration, notJudged }: ExplainedDisk): readonly (readonly Cell[])[] {
  const isOther = auto !== undefined && auto.cache !== effective.cache;
  return [
    ["reason", reason],
    ...(isOther ? [["auto today", auto.reason]] : []),
    ...pending.map((sentence) => [{ text: "pending", tone: "doubtful" } as const, sentence]),
    ...problems.map((problem) => [{ text: "problem", tone: "bad" } as const, problem]),
    [
      "migration",
      migration === undefined
        ? `not known: ${notJudged ?? "its cache mode is none that is known"}`
        : `${migration.safe ? "safe" : "not safe"}: ${migration.reason}`,
    ],
  ];
}

function diskText(disk: ExplainedDisk, runName: string, page: Page): string {
  const { key, target, path, requested, effective, running } = disk;
  const rows = [
    ...(requested === undefined ? [] : [settingsRow("requested", requested)]),
    settingsRow("effective", effective),
    ...(running === undefined ? [] : [settingsRow(runName, running)]),
  ];
  return [
    `disk ${key}, ${target}: ${path ?? "empty"}\n`,
    drawTable({ head: ["", ...driverFields], rows }, page),
    drawTable({ rows: sentences(disk) }, page),
  ].join("");
}

export function explainText(report: ExplainReport, page: Page): string {
  const { name, uuid, state, saved, urn, disks, pending } = report;
  const head: readonly (readonly Cell[])[] = [
    ["VM", `${name} (${uuid})`],
    ["state", saved ? `${state}, with its memory saved: the next start goes on where it was` : state],
    ["made by", urn ?? "another hand: it has no notes of this provider"],
    ...pending.map((sentence) => [{ text: "pending", tone: "doubtful" } as const, sentence]),
  ];
  return [drawTable({ rows: head }, page), ...disks.map((disk) => diskText(disk, saved ? "saved" : "running", page))].join("\n");
}
