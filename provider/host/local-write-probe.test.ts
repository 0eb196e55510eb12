import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeLocalWrite } from "./local-write-probe";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "write-probe-"));
});
afterEach(() => rm(folder, { recursive: true }));

test.each([{ mayNameFiles: false }, { mayNameFiles: true }])(
  "an answer with its reason, and no file left ($mayNameFiles)",
  async (options) => {
    const probe = await probeLocalWrite(folder, options);
    expect("directIo" in probe ? probe.directIo : probe.notTried).toMatch(/^(yes|no|unsupported)$/);
    expect(probe.why).not.toBe("");
    expect(await readdir(folder)).toEqual([]);
  },
);

test.each([
  { path: "not-there", code: "ENOENT", because: "no such folder" },
  { path: "a-file", code: "ENOTDIR", because: "a file is no folder" },
])("not permitted, not no: $because", async ({ path, code }) => {
  await writeFile(join(folder, "a-file"), "");
  expect(await probeLocalWrite(join(folder, path), { mayNameFiles: true })).toEqual({
    notTried: "notPermitted",
    why: `this user cannot write there (${code})`,
  });
});

test("a file system without files of any kind is unknown or not tried, never no", async () => {
  const probe = await probeLocalWrite("/proc", { mayNameFiles: false });
  expect("directIo" in probe ? probe.directIo : probe.notTried).not.toMatch(/^(yes|no)$/);
});
