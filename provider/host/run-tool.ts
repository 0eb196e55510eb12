// Runs one of the system's own small programs and reads what it prints: never through a shell, never for long, and its absence is no error.
import { execFile } from "node:child_process";

const toolTimeoutMs = 2_000;
/** Where file system tools are, which users other than root often do not have on their PATH. */
const toolFolders = "/usr/sbin:/sbin:/usr/local/sbin";

/** What it printed, without the last line end; undefined: it is not there, failed, or took too long. */
export function runTool(program: string, args: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: "C", PATH: `${process.env["PATH"] ?? "/usr/bin:/bin"}:${toolFolders}` };
  return new Promise((resolve) => {
    execFile(program, args, { timeout: toolTimeoutMs, env, encoding: "utf8" }, (error, stdout) => {
      resolve(error === null ? stdout.trimEnd() : undefined);
    });
  });
}
