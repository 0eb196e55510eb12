// The entry point of the `pulumi-kvm` command: the third front door over the real parts.
import { setMaxListeners } from "node:events";
import { runCommand } from "./cli/run-command";
import { processTerminal } from "./cli/terminal";
import { realParts } from "./compose";

const stop = new AbortController();
// Every call to libvirt listens while it waits: many at once are no leak.
setMaxListeners(0, stop.signal);
// Once: a second Ctrl-C ends the process the hard way.
process.once("SIGINT", () => stop.abort());

const { version, makeServices } = realParts;
void runCommand(process.argv.slice(2), {
  version,
  makeServices,
  environment: process.env,
  terminal: processTerminal(process),
  signal: stop.signal,
}).then((exitCode) => {
  process.exitCode = exitCode;
});
