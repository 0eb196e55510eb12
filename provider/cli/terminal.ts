// Where the command writes: the seam between texts and the process's streams, so that tests can read along.

export interface Terminal {
  readonly widthColumns: number;
  readonly hasColours: boolean;
  out(text: string): void;
  err(text: string): void;
}

/** Of output that goes into a file or another program. */
const defaultWidthColumns = 100;
/** Below this a table is only one letter beside the next. */
const minWidthColumns = 40;

/** https://no-color.org: any value but an empty one means no. */
const isSet = (variable: string | undefined) => variable !== undefined && variable !== "";

export function processTerminal({ stdout, stderr, env }: NodeJS.Process): Terminal {
  // Of a stream that is no terminal, Node tells no columns, whatever its types say.
  const columns: number | undefined = stdout.isTTY ? stdout.columns : Number(env["COLUMNS"]) || undefined;
  return {
    widthColumns: Math.max(columns ?? defaultWidthColumns, minWidthColumns),
    hasColours: stdout.isTTY && !isSet(env["NO_COLOR"]) && env["TERM"] !== "dumb",
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
  };
}
