// Runs the command in this process over the real parts, for live tests: its JSON and its exit code.
import { setMaxListeners } from "node:events";
import { createHostObserver } from "../host/observe-host";
import { connectLibvirt } from "../libvirt/connect";
import type { Finding } from "./doctor-findings";
import { runCommand } from "./run-command";

const widthColumns = 100;

export async function runOnHost(
  uri: string,
  ...words: readonly string[]
): Promise<{ readonly report: unknown; readonly exitCode: number }> {
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  let out = "";
  const exitCode = await runCommand([...words, "--json", "--uri", uri], {
    version: "0.0.0",
    makeServices: (config) => {
      const libvirt = connectLibvirt(config);
      return { libvirt, host: createHostObserver(libvirt) };
    },
    environment: {},
    signal,
    terminal: { widthColumns, hasColours: false, out: (text) => void (out += text), err: () => undefined },
  });
  return { report: JSON.parse(out), exitCode };
}

/** What the doctor says of a host. */
export async function askDoctor(uri: string): Promise<{ readonly findings: readonly Finding[]; readonly exitCode: number }> {
  const { report, exitCode } = await runOnHost(uri, "doctor");
  return { ...(report as { readonly findings: readonly Finding[] }), exitCode };
}
