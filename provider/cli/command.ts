// What a command gets and what it gives back: the frame of doctor, plan and explain.
import type { HostObserver, ObserveOptions } from "../host/observer";
import type { Libvirt } from "../libvirt/port";
import type { Page } from "./draw-table";
import type { ExitCode } from "./exit-codes";

export interface CommandContext {
  readonly libvirt: Libvirt;
  readonly host: HostObserver;
  readonly signal: AbortSignal;
  /** `look`: nothing on the host may change; `probe`: a paused throw-away domain may be asked. */
  readonly depth: ObserveOptions["depth"];
}

export interface Outcome {
  /** For programs, as JSON. */
  readonly report: object;
  /** For people; ends with a line feed. */
  readonly text: (page: Page) => string;
  readonly exitCode: ExitCode;
}

/** What an observer is asked with: where a probe would be needed and may not run, the answer is "unknown". */
export const observing = ({ depth, signal }: CommandContext): ObserveOptions => ({ depth, signal, withoutProbe: "unknown" });

/** A word of a shell's command line. */
export const shellWord = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
