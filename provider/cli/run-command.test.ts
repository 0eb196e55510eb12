// The command on a fake host: its texts as golden files, its JSON, its exit codes, and that it writes nothing to the host.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BugError, CancelledError, HostConnectionError, HostError } from "../errors";
import { poolFacts } from "../testing/fake-host-observer";
import { createStage, program, withCache, type Stage, type StageOptions } from "../testing/machine-stage";
import { runCommand } from "./run-command";

const golden = join(__dirname, "golden");
const update = process.env["UPDATE_GOLDEN"] === "1";

interface Told {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly widthColumns?: number;
  readonly hasColours?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

async function run({ fake, host }: Stage, line: string, options: RunOptions = {}): Promise<Told> {
  const { widthColumns = 100, hasColours = false, environment = {} } = options;
  const told = { out: "", err: "" };
  const exitCode = await runCommand(line.split(" ").filter(Boolean), {
    version: "1.2.3",
    makeServices: () => ({ libvirt: fake, host }),
    environment,
    signal: new AbortController().signal,
    terminal: {
      widthColumns,
      hasColours,
      out: (text) => void (told.out += text),
      err: (text) => void (told.err += text),
    },
  });
  return { exitCode, ...told };
}

const withoutUuids = (text: string) => text.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "a-uuid");

function expectGolden(name: string, text: string): void {
  const path = join(golden, `${name}.txt`);
  if (update) writeFileSync(path, withoutUuids(text));
  expect(withoutUuids(text)).toBe(readFileSync(path, "utf8"));
}

const parsed = ({ out }: Told) => JSON.parse(out) as Record<string, unknown>;

const kvmClosed =
  "QEMU's user (64055) may not open /dev/kvm (mode 0600, owner 0, group 0); `chgrp kvm /dev/kvm && chmod 660 /dev/kvm` usually mends that";

/** KVM closed to QEMU, a folder that it may not pass, a pool that is not started, one that nobody could judge. */
function sickStage(): Stage {
  const stage = createStage({ libvirt: { kvm: true }, observer: { facts: { kvm: { usable: "no", why: kvmClosed } } } });
  stage.fake.addPool({ name: "shut", path: "/srv/a place" });
  stage.host.setPool(
    "shut",
    poolFacts("/srv/a place", { impassable: "/srv/a place has mode 0700, and QEMU's user (64055) may not pass it" }),
  );
  stage.fake.addPool({ name: "off", path: "/pools/off", active: false });
  stage.host.setPool("off", poolFacts("/pools/off", { active: false, directIo: "unknown", why: "the pool is not active" }));
  stage.fake.addPool({ name: "odd", path: "/pools/odd" });
  stage.host.setPool(
    "odd",
    poolFacts("/pools/odd", { kind: "fuse", fileSystem: "fuse.odd", directIo: "unknown", why: "QEMU opened nothing" }),
  );
  return stage;
}

async function stageWithMachine(options?: StageOptions): Promise<Stage> {
  const stage = createStage(options);
  await stage.web.up(program());
  await stage.web.up(program({ cache: "writethrough" }));
  stage.fake.clearLog();
  return stage;
}

describe("texts", () => {
  test("no golden file is left over", () => {
    const names = ["doctor", "doctor-unreachable", "explain-foreign", "explain-pending", "plan-file", "plan-narrow", "plan-refused"];
    expect(readdirSync(golden).sort()).toEqual(names.map((name) => `${name}.txt`).sort());
  });

  test("doctor names what is wrong, each with its fix", async () => {
    const { out, exitCode } = await run(sickStage(), "doctor");
    expectGolden("doctor", out);
    expect(exitCode).toBe(1);
    expect(out).toContain("fix: sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm");
    expect(out).toContain("fix: sudo chmod o+x '/srv/a place'");
  });

  test("doctor on a host that does not answer", async () => {
    const stage = createStage();
    stage.fake.failNext(
      "identify",
      new HostConnectionError("test:///fake", "no socket.", { doing: "asking", what: "the host", wayOut: "Start it." }),
    );
    const { out, exitCode } = await run(stage, "doctor");
    expectGolden("doctor-unreachable", out);
    expect(exitCode).toBe(3);
  });

  test("plan of a pool, refused", async () => {
    const { out, exitCode } = await run(createStage(), "plan ram --cache none --io native");
    expectGolden("plan-refused", out);
    expect(exitCode).toBe(1);
  });

  test("plan of a file with a backing file", async () => {
    const stage = createStage();
    const own = { ...poolFacts("/pools/fast/a.qcow2"), format: "qcow2", pool: "fast" } as const;
    const base = {
      ...poolFacts("/pools/ram/base.qcow2", { kind: "ramfs", fileSystem: "ramfs", directIo: "no", why: "ramfs has none" }),
      format: "qcow2",
      pool: "ram",
    } as const;
    stage.host.setChain("/pools/fast/a.qcow2", [own, base]);
    const { out, exitCode } = await run(stage, "plan /pools/fast/a.qcow2");
    expectGolden("plan-file", out);
    expect(exitCode).toBe(0);
  });

  test("a narrow terminal: nothing is longer, nothing is lost", async () => {
    const wide = await run(createStage(), "plan fast", { widthColumns: 400 });
    const { out } = await run(createStage(), "plan fast", { widthColumns: 50 });
    expectGolden("plan-narrow", out);
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(50);
    const letters = (text: string) => Array.from(text.replaceAll(/\s/g, "")).sort().join("");
    expect(letters(out)).toBe(letters(wide.out));
  });

  test("explain of a machine of ours with a change that waits", async () => {
    const stage = await stageWithMachine();
    const { out, exitCode } = await run(stage, "explain web");
    expectGolden("explain-pending", out);
    expect(exitCode).toBe(0);
    expect(stage.fake.writes).toEqual([]);
  });

  test("explain of a machine that another hand made, on storage that it cannot start on", async () => {
    const stage = createStage();
    await stage.web.up(withCache("none"));
    await stage.edit((xml) => xml.replace(/<metadata>.*<\/metadata>/s, "").replaceAll(/<alias name=['"]ua-root['"]\/>/g, ""));
    stage.host.setPool("fast", poolFacts("/pools/fast", { kind: "ramfs", fileSystem: "ramfs", directIo: "no", why: "ramfs has none" }));
    const { out, exitCode } = await run(stage, "explain web");
    expectGolden("explain-foreign", out);
    expect(exitCode).toBe(1);
  });

  test("colours are on a terminal only, and say nothing by themselves", async () => {
    const plain = await run(sickStage(), "doctor");
    const coloured = await run(sickStage(), "doctor", { hasColours: true });
    expect(coloured.out).toContain("\u001b[31mfail\u001b[39m");
    // eslint-disable-next-line no-control-regex
    expect(coloured.out.replaceAll(/\u001b\[\d+m/g, "")).toBe(plain.out);
  });
});

describe("JSON", () => {
  test("doctor", async () => {
    const report = parsed(await run(sickStage(), "doctor --json"));
    expect(Object.keys(report)).toEqual(["uri", "findings"]);
    expect(report["findings"]).toEqual(
      expect.arrayContaining([
        {
          check: "kvm",
          status: "fail",
          finding: expect.stringContaining("may not open /dev/kvm") as unknown,
          fix: "sudo chgrp kvm /dev/kvm && sudo chmod 660 /dev/kvm",
        },
        {
          check: "pool",
          about: "shut",
          status: "fail",
          finding: expect.stringContaining("mode 0700") as unknown,
          fix: "sudo chmod o+x '/srv/a place'",
        },
        { check: "pool", about: "off", status: "warn", finding: "the pool is not started", fix: "virsh -c test:///fake pool-start off" },
      ]),
    );
  });

  test("plan", async () => {
    const report = parsed(await run(createStage(), "plan ram --json --cache none"));
    expect(report).toMatchObject({
      uri: "test:///fake",
      place: "ram",
      pool: "ram",
      format: "qcow2",
      asked: { cache: "none" },
      problems: [{ field: "cache" }],
      modes: [
        { cache: "none", allowed: false },
        { cache: "writeback", allowed: true },
        { cache: "writethrough", allowed: true },
        { cache: "directsync", allowed: false },
        { cache: "unsafe", allowed: true, warnings: [expect.stringContaining("flushes")] },
      ],
      storage: [{ kind: "ramfs", directIo: "no" }],
    });
    expect(report).not.toHaveProperty("plan");
  });

  test("explain: requested, effective and running are three values", async () => {
    const report = parsed(await run(await stageWithMachine(), "explain web --json"));
    expect(report).toMatchObject({
      name: "web",
      state: "running",
      saved: false,
      urn: expect.stringContaining("VirtualMachine::web") as unknown,
      disks: [
        {
          key: "root",
          target: "vda",
          path: "/pools/ram/web-root.qcow2",
          effective: { cache: "writethrough" },
          running: { cache: "writeback" },
          pending: ["disks.root.cache: writeback => writethrough"],
          problems: [],
          auto: { cache: "writeback" },
          migration: { safe: false },
        },
      ],
    });
  });
});

const hostError = new HostError(1, "oh", { doing: "Asking", what: "the host" });

describe("exit codes", () => {
  test.each([
    { because: "all is well", line: "doctor", exitCode: 0 },
    { because: "help is what was asked for", line: "--help", exitCode: 0 },
    { because: "help of one command", line: "plan --help", exitCode: 0 },
    { because: "the version too", line: "--version", exitCode: 0 },
    { because: "explain may look only", line: "explain web --no-probe", exitCode: 0 },
    { because: "there is no such pool", line: "plan nowhere", exitCode: 1 },
    { because: "there is no such file", line: "plan /nowhere/x.img", exitCode: 1 },
    { because: "there is no such VM", line: "explain nobody", exitCode: 1 },
    { because: "no command", line: "", exitCode: 2 },
    { because: "a command that there is not", line: "cure", exitCode: 2 },
    { because: "no pool", line: "plan", exitCode: 2 },
    { because: "one word too many", line: "doctor now", exitCode: 2 },
    { because: "a word that is no mode", line: "plan ram --cache fast", exitCode: 2 },
    { because: "no number", line: "doctor --timeout soon", exitCode: 2 },
    { because: "no URI", line: "doctor --uri here", exitCode: 2 },
    { because: "a wrong URI in the environment", line: "doctor", environment: { LIBVIRT_DEFAULT_URI: "here" }, exitCode: 2 },
  ])("$exitCode: $because", async ({ line, exitCode, environment = {} }) => {
    const told = await run(await stageWithMachine(), line, { environment });
    expect(told).toMatchObject({ exitCode });
    expect(exitCode === 0 ? told.err : told.out).toBe("");
    expect(exitCode === 0 ? told.out : told.err).not.toBe("");
  });

  test.each([
    { because: "no connection", error: new HostConnectionError("x", "gone.", { doing: "Asking", what: "x" }), exitCode: 3 },
    { because: "libvirt refuses", error: hostError, exitCode: 1 },
    { because: "Ctrl-C", error: new CancelledError({ doing: "Asking", what: "x" }), exitCode: 130 },
    { because: "a bug that knows itself", error: new BugError("No."), exitCode: 1 },
    { because: "a bug that does not", error: new TypeError("undefined is no function"), exitCode: 1, says: "please report it" },
  ])("$exitCode: $because, in words and in JSON, without a stack", async ({ error, exitCode, says = error.message }) => {
    for (const line of ["explain web", "explain web --json"]) {
      const stage = createStage();
      stage.fake.failNext("findDomain", error);
      const told = await run(stage, line);
      expect(told.exitCode).toBe(exitCode);
      expect(told.err).toContain(says);
      expect(told.err).not.toMatch(/^\s+at /m);
      if (line.endsWith("--json")) expect(parsed(told)).toEqual({ error: { message: expect.stringContaining(says) as unknown, exitCode } });
      else expect(told.out).toBe("");
    }
  });
});

test("--no-probe looks only, and otherwise a probe may be asked", async () => {
  const stage = createStage();
  await run(stage, "plan fast --no-probe");
  await run(stage, "plan fast");
  expect(stage.host.asked).toEqual(["observePool fast look", "observePool fast probe"]);
});
