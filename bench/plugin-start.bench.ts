// From starting the plugin to its first answer, against the start and end of a node that does nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startPlugin } from "../provider/testing/plugin-client";
import { median, sayMachine, sayRatio, sayTimes, timedMs } from "./report";

const rounds = 20;
const goal = 3;
const plugin = join(__dirname, "..", "bin", "pulumi-resource-kvm");

const bareNode = () => timedMs(() => once(spawn(process.execPath, ["-e", "0"], { stdio: "ignore" }), "exit"));

async function firstAnswer(): Promise<number> {
  const start = performance.now();
  const started = await startPlugin([process.execPath, plugin]);
  await started.client.version();
  const elapsedMs = performance.now() - start;
  await started.stop("SIGKILL");
  return elapsedMs;
}

async function main(): Promise<void> {
  const times = { bare: [] as number[], plugin: [] as number[] };
  // The first of each fills the page cache and does not count.
  await bareNode();
  await firstAnswer();
  for (let round = 0; round < rounds; round += 1) {
    times.bare.push(await bareNode());
    times.plugin.push(await firstAnswer());
  }
  sayMachine();
  sayTimes("node -e 0", times.bare);
  sayTimes("plugin, start to first answer", times.plugin);
  sayRatio("plugin against bare node", median(times.plugin) / median(times.bare), goal);
}

void main();
