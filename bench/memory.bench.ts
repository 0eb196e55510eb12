// Resident memory of the plugin with 200 machines in a stack, refreshed and previewed as the engine does it, against a node that does nothing.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Properties } from "../provider/testing/plugin-client";
import { createVm, openHost, urnOf } from "./bench-host";
import { sayMachine, sayRatio } from "./report";

const machines = 200;
/** How many resources the engine works on at the same time, by default. */
const parallel = 16;
const settleMs = 500;
const kibInMib = 1024;

function residentMiB(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(line) / kibInMib;
}

const say = (what: string, mib: number) => console.log(`  ${what.padEnd(44)} ${mib.toFixed(0).padStart(6)} MiB`);

async function bareNodeMiB(): Promise<number> {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => 0, 60000)"], { stdio: "ignore" });
  await sleep(settleMs);
  const mib = residentMiB(child.pid ?? 0);
  child.kill("SIGKILL");
  return mib;
}

/** The work on each item, a number of items at a time. */
async function each<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += parallel) results.push(...(await Promise.all(items.slice(at, at + parallel).map(work))));
  return results;
}

async function main(): Promise<void> {
  const host = await openHost();
  const { client, pid } = host.plugin;
  try {
    await client.version();
    const bare = await bareNodeMiB();
    const idle = residentMiB(pid);
    const news = (name: string): Properties => ({
      name,
      memory: "64MiB",
      accelerator: "qemu",
      power: "stopped",
      disks: { media: { device: "cdrom" } },
    });
    const names = Array.from({ length: machines }, (_, index) => `memory${index}`);
    const made = await each(names, async (name) => ({ name, ...(await createVm(host.plugin, name, news(name))) }));
    const afterCreate = residentMiB(pid);
    await each(made, async ({ name, id, inputs, properties }) => {
      await client.read({ urn: urnOf(name), id, inputs, properties });
      const checked = await client.check({ urn: urnOf(name), olds: inputs, news: news(name) });
      const { changes } = await client.diff({ urn: urnOf(name), id, oldInputs: inputs, olds: properties, news: checked.inputs ?? {} });
      if (changes !== "none") throw new Error(`${name} should not have changed`);
    });
    const afterPreview = residentMiB(pid);
    await each(made, ({ name, id, inputs, properties }) => client.delete({ urn: urnOf(name), id, inputs, properties }));
    sayMachine();
    say("bare node", bare);
    say("plugin, started", idle);
    say(`plugin, ${machines} machines made`, afterCreate);
    say(`plugin, ${machines} machines read, checked, compared`, afterPreview);
    sayRatio("plugin at its most against bare node", Math.max(afterCreate, afterPreview) / bare);
  } finally {
    await host.close();
  }
}

void main();
