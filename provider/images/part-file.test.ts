import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { claimPart, removeAbandonedParts } from "./part-file";
import { scratchFolder } from "./scratch.fixture";

const scratch = scratchFolder();
const key = "0123";
const thisHost = hostname().replace(/[^A-Za-z0-9-]/g, "-");
/** A process that has ended, so that its number is nobody's. */
const endedPid = async (): Promise<number> => {
  const child = spawn("true");
  await new Promise((resolve) => child.on("exit", resolve));
  return child.pid ?? 0;
};
const minutesAgo = (minutes: number) => Date.now() / 1000 - minutes * 60;

let count = 0;
/** A folder in which another process has left, or has, a part. */
function folderWith(owner: { readonly pid: number; readonly host?: string; readonly minutes?: number }, content = "abc"): string {
  const folder = scratch.path(`f${(count += 1)}`);
  mkdirSync(folder, { recursive: true });
  const path = `${folder}/${key}.part.1.${owner.pid}.1.${owner.host ?? thisHost}`;
  writeFileSync(path, content);
  writeFileSync(`${path}.version`, '{"etag":"1"}');
  const at = minutesAgo(owner.minutes ?? 0);
  utimesSync(path, at, at);
  return folder;
}

test.each([
  { owner: async () => ({ pid: process.ppid }), is: "left alone", because: "its process runs" },
  {
    owner: async () => ({ pid: process.ppid, minutes: 30 }),
    is: "taken",
    because: "it has not grown for long: the number is another process's now",
  },
  { owner: async () => ({ pid: await endedPid() }), is: "taken", because: "its process has ended" },
  { owner: async () => ({ pid: process.pid }), is: "taken", because: "an earlier process had our number" },
  { owner: async () => ({ pid: 0, host: "none" }), is: "taken", because: "it was released" },
  { owner: async () => ({ pid: 1, host: "elsewhere" }), is: "left alone", because: "a process of another host may be at work" },
  { owner: async () => ({ pid: 1, host: "elsewhere", minutes: 30 }), is: "taken", because: "nor may that one be silent for ever" },
])("a part of another run is $is: $because", async ({ owner, is }) => {
  const folder = folderWith(await owner());
  const part = await claimPart(folder, key);
  if (is === "left alone") {
    expect(part).toBeUndefined();
    return;
  }
  expect(readFileSync(part!.path, "utf8")).toBe("abc");
  expect(await part!.version()).toEqual({ etag: "1" });
  await part!.remove();
  expect(readdirSync(folder)).toEqual([]);
});

test("what is left without its version is of unknown kind", async () => {
  const folder = scratch.path("unknown");
  mkdirSync(folder);
  writeFileSync(`${folder}/${key}.part.0.0.7.none`, "abc");
  const part = await claimPart(folder, key);
  expect(await part?.size()).toBe(3);
  expect(await part?.version()).toBeUndefined();
  await part?.remove();
});

test("only one of many gets a part, and the next one gets it with what it holds", async () => {
  const folder = scratch.path("many");
  mkdirSync(folder);
  const parts = (await Promise.all(Array.from({ length: 8 }, () => claimPart(folder, key)))).filter((part) => part !== undefined);
  // More than one would be a waste and no harm; none would be a run that never ends.
  expect(parts.length).toBeGreaterThanOrEqual(1);
  expect(new Set(parts.map(({ path }) => path)).size).toBe(parts.length);
  const [part] = parts;
  writeFileSync(part!.path, "abc");
  await part!.release();
  for (const other of parts.slice(1)) await other.release();
  const next = await claimPart(folder, key);
  expect(await next?.size()).toBe(3);
  await next?.remove();
});

test("other images' parts are nobody's business", async () => {
  const folder = folderWith({ pid: 0, host: "none" });
  expect(await (await claimPart(folder, "4567"))?.size()).toBe(0);
  await removeAbandonedParts(folder, "4567");
  expect(readdirSync(folder).filter((name) => name.startsWith(key))).toHaveLength(2);
});
