// The wire, driven as the engine drives it: the bundled plugin as a child process, over real gRPC. Its one resource is scripted, its host untouchable.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { startLogEngine, type LogEngine } from "./testing/plugin-engine";
import {
  archive,
  asset,
  output,
  PluginFailure,
  resource,
  secret,
  startPlugin,
  unknownText,
  type PluginClient,
  type StartedPlugin,
} from "./testing/plugin-client";

const urn = "urn:pulumi:dev::demo::kvm:index:Scripted::web";
const providerUrn = "urn:pulumi:dev::demo::pulumi:providers:kvm::default";
const uri = "test:///default";
const password = "correct horse";
const buildTimeoutMs = 60_000;

let folder: string;
let bundle: string;
let engine: LogEngine;
let plugin: StartedPlugin;
let client: PluginClient;

const start = (args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) =>
  startPlugin([process.execPath, bundle, ...args], environment);

/** As the engine calls it: flags first, its own address last. */
const engineArguments = () => ["--logtostderr", "-v=9", "--tracing", "http://127.0.0.1:9411/api", engine.address];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kvm-wire-"));
  bundle = join(folder, "plugin.cjs");
  await build({
    entryPoints: [join(__dirname, "testing/plugin-fixture.ts")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    outfile: bundle,
    logLevel: "error",
  });
  engine = await startLogEngine();
  plugin = await start(engineArguments());
  client = plugin.client;
}, buildTimeoutMs);

afterAll(async () => {
  await plugin.stop("SIGKILL");
  engine.close();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  engine.messages.length = 0;
});

const configured = () => client.configure({ uri, timeout: "5" });

const failureOf = async (call: Promise<unknown>): Promise<PluginFailure> => {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PluginFailure)) throw new Error(`The call did not fail as a call of the plugin: ${String(error)}`);
  return error;
};

const create = (inputs: Record<string, unknown>, more: { preview?: boolean; timeoutSeconds?: number; signal?: AbortSignal } = {}) =>
  client.create({ urn, inputs, ...more });

/** Long past what any message takes: a test that waits longer has failed. */
const messageTimeoutMs = 3000;

const untilLogged = async (message: string) => {
  const deadline = Date.now() + messageTimeoutMs;
  while (!engine.messages.some((logged) => logged.message === message)) {
    if (Date.now() > deadline) throw new Error(`No message "${message}" in ${JSON.stringify(engine.messages)}.`);
    await sleep(5);
  }
};

describe("the process", () => {
  test("prints its port first and nothing else, answers, and ends when told to", async () => {
    const alone = await start(engineArguments());
    await alone.client.configure({ uri });
    await alone.client.create({ urn, inputs: { text: "a", script: "talk" } });
    expect(engine.messages).toHaveLength(3);
    expect(alone.printed()).toEqual({ stdout: [String(alone.port)], stderr: "" });
    await expect(alone.stop("SIGTERM")).resolves.toBe(0);
  });

  test("SIGINT lets a running create finish with what it has", async () => {
    const alone = await start(engineArguments());
    await alone.client.configure({ uri });
    const failure = failureOf(alone.client.create({ urn, inputs: { script: "finishWhenStopped" } }));
    await untilLogged("waiting");
    process.kill(alone.pid, "SIGINT");
    expect((await failure).initFailed?.id).toBe("id-partial");
    await expect(alone.stop("SIGCONT")).resolves.toBe(0);
  });

  test.each([
    { flag: "--version", prints: /^1\.2\.3$/ },
    { flag: "--help", prints: /PULUMI_DEBUG_PROVIDERS/ },
  ])("$flag prints and ends", async ({ flag, prints }) => {
    // The first line is no port then: the client is never used.
    const started = await start([flag]);
    await expect(started.stop("SIGCONT")).resolves.toBe(0);
    expect(started.printed().stdout.join("\n")).toMatch(prints);
  });

  test("without an engine, messages go to stderr", async () => {
    const alone = await start();
    await alone.client.configure({ uri });
    await alone.client.create({ urn, inputs: { script: "talk" } });
    expect(alone.printed().stderr).toContain("this is slow");
    await alone.stop("SIGKILL");
  });
});

describe("the provider itself", () => {
  test("Handshake says what the provider can", async () => {
    expect(await client.handshake()).toMatchObject({
      acceptSecrets: true,
      acceptResources: true,
      acceptOutputs: true,
      supportsAutonamingConfiguration: true,
    });
  });

  test("GetPluginInfo and GetSchema", async () => {
    expect(await client.version()).toBe("1.2.3");
    expect(JSON.parse(await client.schema())).toEqual({ name: "kvm" });
    expect((await failureOf(client.schema(7))).code).toBe("INVALID_ARGUMENT");
  });

  test("a plugin built without its schema says so instead of having none", async () => {
    const bare = await start([], { FIXTURE_SCHEMA: "{}" });
    expect((await failureOf(bare.client.schema())).details).toContain("without its schema");
    await bare.stop("SIGKILL");
  });

  test("Attach and Handshake give the log another engine", async () => {
    const other = await startLogEngine();
    await client.attach(other.address);
    await configured();
    await create({ script: "talk" });
    expect(other.messages.length).toBeGreaterThan(0);
    expect(engine.messages).toEqual([]);
    await client.handshake(engine.address);
    await create({ script: "talk" });
    expect(engine.messages.length).toBeGreaterThan(0);
    other.close();
  });

  test("a verb that the provider does not have is UNIMPLEMENTED", async () => {
    expect((await failureOf(client.getMapping("terraform"))).code).toBe("UNIMPLEMENTED");
  });

  test("Invoke names the function it does not have, and refuses unknowns", async () => {
    expect((await failureOf(client.invoke("kvm:index:getPool", { name: "a" }))).details).toContain("kvm:index:getPool");
    const refused = await failureOf(client.invoke("kvm:index:getPool", { a: { b: unknownText } }));
    expect(refused.details).toContain("a.b");
    expect(refused.code).toBe("INVALID_ARGUMENT");
  });

  test("a function answers, or refuses by the argument that is wrong; an argument's secret stays one in the answer", async () => {
    await configured();
    expect(await client.invoke("kvm:index:getEcho", { text: "hello" })).toMatchObject({ values: { text: "hello" }, failures: [] });
    expect((await client.invoke("kvm:index:getEcho", { text: secret("hidden") })).values?.["text"]).toMatchObject({ value: "hidden" });
    expect(await client.invoke("kvm:index:getEcho", { text: "refuse" })).toMatchObject({
      failures: [{ path: "text", reason: "is refused." }],
    });
  });

  test("an unknown type and an unconfigured provider are said clearly", async () => {
    const alien = urn.replace("Scripted", "Alien");
    await configured();
    const failure = await failureOf(client.create({ urn: alien, inputs: {} }));
    expect(failure.details).toContain("kvm:index:Alien");
    expect(failure.details).toContain("kvm:index:Scripted");
    const fresh = await start([engine.address]);
    expect((await failureOf(fresh.client.create({ urn, inputs: {} }))).details).toContain("before it was configured");
    await fresh.stop("SIGKILL");
  });
});

describe("the configuration", () => {
  const checked = (news: Record<string, unknown>) => client.checkConfig({ urn: providerUrn, news });

  test.each([
    { because: "nothing is needed", news: {}, failures: [] },
    { because: "stack configuration holds texts", news: { uri: "qemu:///session", timeout: "2.5" }, failures: [] },
    { because: "the engine adds its own keys", news: { version: "0.1.0", pluginDownloadURL: "https://x", __internal: {} }, failures: [] },
    { because: "what is unknown cannot be judged yet", news: { uri: unknownText, timeout: unknownText }, failures: [] },
    { because: "a host name is no URI", news: { uri: "server1" }, failures: ["uri"] },
    { because: "no time at all is no time-out", news: { timeout: 0 }, failures: ["timeout"] },
    { because: "a text that is no number", news: { timeout: "soon" }, failures: ["timeout"] },
    { because: "a mistyped key would do nothing", news: { url: "qemu:///system" }, failures: ["url"] },
    { because: "all problems at once", news: { uri: 3, timeout: -1, x: 1 }, failures: ["timeout", "uri", "x"] },
    { because: "no setting is a file", news: { uri: asset("x") }, failures: ["uri"] },
  ])("CheckConfig: $because", async ({ news, failures }) => {
    expect((await checked(news)).failures.map(({ path }) => path).sort()).toEqual(failures);
  });

  test("CheckConfig writes the host down, so that another default another day is another host", async () => {
    const elsewhere = await start([], { LIBVIRT_DEFAULT_URI: "qemu+ssh://other/system" });
    expect((await elsewhere.client.checkConfig({ urn: providerUrn, news: {} })).inputs).toEqual({ uri: "qemu+ssh://other/system" });
    await elsewhere.stop("SIGKILL");
    const bare = await start([], { LIBVIRT_DEFAULT_URI: "" });
    expect((await bare.client.checkConfig({ urn: providerUrn, news: {} })).inputs).toEqual({ uri: "qemu:///system" });
    await bare.stop("SIGKILL");
  });

  const compare = (olds: Record<string, unknown>, news: Record<string, unknown>) =>
    client.diffConfig({ urn: providerUrn, id: "p", oldInputs: olds, olds, news });

  test.each([
    { because: "nothing changed", olds: { uri }, news: { uri }, changes: "none", replaces: [] },
    {
      because: "another host holds none of the resources",
      olds: { uri },
      news: { uri: "qemu:///session" },
      changes: "some",
      replaces: ["uri"],
    },
    { because: "a time-out moves nothing", olds: { uri, timeout: 30 }, news: { uri, timeout: "60" }, changes: "some", replaces: [] },
    { because: "the default written down is the same", olds: { uri }, news: { uri, timeout: 30 }, changes: "none", replaces: [] },
    { because: "a host not known yet may be the same", olds: { uri }, news: { uri: unknownText }, changes: "some", replaces: [] },
  ])("DiffConfig: $because", async ({ olds, news, changes, replaces }) => {
    expect(await compare(olds, news)).toMatchObject({ changes, replaces });
  });

  test("Configure takes settings as texts, numbers and secrets, and hands them to the resources", async () => {
    expect(await client.configure({ uri: secret(uri), timeout: "2" })).toMatchObject({ acceptsecrets: true, supportspreview: true });
    expect((await create({ text: "a" })).properties).toMatchObject({ timeoutMs: 2000 });
  });

  test("a secret setting shows in no message", async () => {
    await client.configure({ uri: secret(`test:///${encodeURIComponent("hunter2")}`) });
    expect((await failureOf(create({ script: "noHost" }))).details).toBe("look up web: no answer from [secret]: connection refused");
  });

  test("Configure refuses bad settings with their names", async () => {
    expect((await failureOf(client.configure({ uri: "server1" }))).details).toContain("kvm:uri");
  });

  test("while the host is not known, a preview goes on and nothing else does", async () => {
    await client.configure({ uri: unknownText });
    const inputs = { text: "a", password: secret(password) };
    expect((await client.check({ urn, news: inputs })).inputs).toEqual(inputs);
    expect((await create(inputs, { preview: true })).properties).toEqual({
      ...inputs,
      made: unknownText,
      digest: secret(unknownText),
      key: secret(unknownText),
    });
    const change = { urn, id: "id-1", olds: inputs, news: inputs };
    expect((await client.diff(change)).changes).toBe("unknown");
    expect((await client.update({ ...change, preview: true })).properties).toMatchObject({ made: unknownText });
    for (const real of [
      create(inputs),
      client.update(change),
      client.read({ urn, id: "id-1" }),
      client.delete({ urn, id: "id-1", properties: {} }),
    ]) {
      expect((await failureOf(real)).details).toContain("is not known");
    }
  });
});

describe("a resource", () => {
  beforeEach(configured);

  test("Check passes values of every kind and marks what is secret", async () => {
    const news = {
      text: output({ value: "a", dependencies: [urn] }),
      list: [1, "two", null, { three: true }, []],
      later: output({}),
      soon: unknownText,
      password: output({ value: password, secret: true }),
      host: resource("urn:pulumi:dev::demo::kvm:index:HostDefaults::host", "host-1"),
      part: resource("urn:pulumi:dev::demo::my:index:Component::part"),
      nested: { db: { token: "t0k3n", user: "me" } },
      __defaults: ["text"],
    };
    const { inputs, failures } = await client.check({ urn, news });
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      text: "a",
      list: [1, "two", null, { three: true }, []],
      later: unknownText,
      soon: unknownText,
      password: secret(password),
      host: "host-1",
      part: "urn:pulumi:dev::demo::my:index:Component::part",
      nested: { db: { token: secret("t0k3n"), user: "me" } },
    });
  });

  test("Check gives all problems, with paths and without secrets", async () => {
    const { failures } = await client.check({ urn, news: { script: "checkRefuses", password: secret(password) } });
    expect(failures).toEqual([
      { path: "text", reason: "is wrong." },
      { path: "nested.password", reason: "[secret] is too short." },
    ]);
  });

  test("Check refuses assets and archives by path", async () => {
    const { failures } = await client.check({ urn, news: { disks: { root: { image: asset("x") } }, files: [archive("/x")] } });
    expect(failures.map(({ path }) => path)).toEqual(["disks.root.image", "files[0]"]);
    expect((await failureOf(create({ image: asset("x") }))).details).toContain("image: An asset is not supported");
  });

  test.each([
    { autoName: undefined, seen: "none" },
    { autoName: { proposed: "web-1", mode: "propose" }, seen: '{"proposed":"web-1","mode":"propose"}' },
    { autoName: { proposed: "web-1", mode: "enforce" }, seen: '{"proposed":"web-1","mode":"enforce"}' },
    { autoName: { proposed: "", mode: "disable" }, seen: '"disabled"' },
  ] as const)("Check tells how to name: $seen", async ({ autoName, seen }) => {
    const { inputs } = await client.check({ urn, olds: {}, news: { script: "tell" }, ...(autoName === undefined ? {} : { autoName }) });
    expect(inputs?.["seen"]).toEqual({ isNew: true, resourceName: "web", autoName: seen, seed: 32 });
  });

  test("Diff maps every kind of change", async () => {
    const oldInputs = { text: "a", name: "one", gone: 1, disk: "1GiB", same: 1 };
    const news = { text: "b", name: "two", fresh: 1, disk: "2GiB", same: 1 };
    expect(await client.diff({ urn, id: "stable", oldInputs, olds: oldInputs, news })).toEqual({
      changes: "some",
      diffs: ["disks", "gone", "name", "text", "fresh"],
      replaces: ["name"],
      stables: ["made"],
      deleteBeforeReplace: true,
      detailed: {
        text: { kind: "update", inputDiff: true },
        name: { kind: "update-replace", inputDiff: true },
        gone: { kind: "delete", inputDiff: true },
        fresh: { kind: "add", inputDiff: true },
        "disks.root.size": { kind: "update", inputDiff: true },
      },
    });
  });

  test.each([
    { because: "nothing changed", news: { text: "a" }, ignoreChanges: [], changes: "none", diffs: [] },
    { because: "the property itself", news: { text: "b" }, ignoreChanges: ["text"], changes: "none", diffs: [] },
    { because: "what holds it", news: { text: "a", disk: "1" }, ignoreChanges: ["disks"], changes: "none", diffs: [] },
    { because: "by a wildcard", news: { text: "a", disk: "1" }, ignoreChanges: ["disks.*.size"], changes: "none", diffs: [] },
    { because: "in quotes", news: { text: "a", disk: "1" }, ignoreChanges: ['disks["root"].size'], changes: "none", diffs: [] },
    { because: "another one is not", news: { text: "b" }, ignoreChanges: ["tex", "text.x"], changes: "some", diffs: ["text"] },
  ])("Diff and ignoreChanges: $because", async ({ news, ignoreChanges, changes, diffs }) => {
    const olds = { text: "a" };
    expect(await client.diff({ urn, id: "i", oldInputs: olds, olds, news, ignoreChanges })).toMatchObject({
      changes,
      diffs,
      // Said whenever it is so: the engine may replace for reasons of its own (--replace, replaceOnChanges).
      deleteBeforeReplace: true,
    });
  });

  test("Create answers with state, id and secrets: carried, derived and declared", async () => {
    const inputs = { text: "a", password: secret(password), list: [secret("one"), "two"], nested: { db: { token: "t0k3n" } } };
    expect(await create(inputs)).toEqual({
      id: "id-1",
      refreshBeforeUpdate: true,
      properties: {
        text: "a",
        password: secret(password),
        list: [secret("one"), "two"],
        nested: { db: { token: secret("t0k3n") } },
        made: "made of a",
        digest: secret(`digest of ${password}`),
        key: secret("a key of the host's own"),
        uri,
        timeoutMs: 5000,
      },
    });
  });

  test("a preview of create has no id and leaves the rest unknown", async () => {
    expect(await create({ text: "a" }, { preview: true })).toMatchObject({ id: "", properties: { text: "a", made: unknownText } });
  });

  test("Read answers state and inputs, and gone with no id", async () => {
    const inputs = { text: "a", password: secret(password) };
    const seen = await client.read({ urn, id: "id-1", inputs, properties: { ...inputs, old: 1 } });
    expect(seen).toMatchObject({ id: "id-1", inputs, refreshBeforeUpdate: true });
    expect(seen.properties).toMatchObject({ password: secret(password), digest: secret(`digest of ${password}`), isImport: false });
    expect(await client.read({ urn, id: "gone", inputs })).toMatchObject({ id: "", properties: undefined });
    expect(await client.read({ urn, id: "web" })).toMatchObject({ inputs: { text: "imported" }, properties: { isImport: true } });
  });

  test("Read of what is there but not as asked is an initialization failure", async () => {
    const { initFailed } = await failureOf(client.read({ urn, id: "ill", inputs: { text: "a" } }));
    expect(initFailed).toMatchObject({ id: "ill", inputs: { text: "a" }, reasons: ["It is not started."], refreshBeforeUpdate: true });
    expect(initFailed?.properties).toMatchObject({ made: "made of a" });
  });

  test("Update and its preview", async () => {
    const change = { urn, id: "id-1", oldInputs: { text: "a" }, olds: { text: "a", made: "m" }, news: { text: secret("bbb") } };
    expect(await client.update(change)).toMatchObject({ properties: { text: secret("bbb"), made: "m" }, refreshBeforeUpdate: true });
    expect(await client.update({ ...change, preview: true })).toMatchObject({ properties: { made: unknownText } });
  });

  test("Delete", async () => {
    await expect(client.delete({ urn, id: "id-1", inputs: {}, properties: {} })).resolves.toBeUndefined();
    const failure = await failureOf(
      client.delete({ urn, id: "id-1", inputs: { script: "hostError", password: secret(password) }, properties: {} }),
    );
    expect(failure.details).toBe("start web: libvirt says: cannot open [secret] (code 38).");
  });

  test("a state larger than gRPC's usual limits goes through", async () => {
    const large = "y".repeat(5_000_000);
    expect((await create({ large })).properties?.["large"]).toHaveLength(large.length);
  }, 30_000);
});

describe("failures", () => {
  beforeEach(configured);
  const inputs = { text: "a", password: secret(password) };

  test.each([
    {
      script: "refuse",
      code: "INVALID_ARGUMENT",
      says: "disks.root.cache: none is not possible here.\ndisks.data.io: native needs cache none.",
    },
    { script: "hostError", code: "FAILED_PRECONDITION", says: "start web: libvirt says: cannot open [secret] (code 38)." },
    { script: "noImage", code: "FAILED_PRECONDITION", says: "downloading a.qcow2: it is not there. Correct the URL." },
    { script: "noHost", code: "UNAVAILABLE", says: `look up web: no answer from ${uri}: connection refused` },
    { script: "bug", code: "INTERNAL", says: "cannot read [secret]. This is a bug in the kvm provider: please report it." },
    {
      script: "touchHost",
      code: "INTERNAL",
      says: "The wire used libvirt.listDomains.. This is a bug in the kvm provider: please report it.",
    },
    {
      script: "unsendable",
      code: "INTERNAL",
      says: "The property size cannot be sent to the engine: it is the number NaN. This is a bug in the kvm provider: please report it.",
    },
  ])("$script: $code", async ({ script, code, says }) => {
    expect(await failureOf(create({ ...inputs, script }))).toMatchObject({ code, details: says, initFailed: undefined });
  });

  test("a bug's stack is in the log at debug, without secrets", async () => {
    await failureOf(create({ ...inputs, script: "bug" }));
    const [logged] = engine.messages;
    expect(logged).toMatchObject({ severity: "debug", urn });
    expect(logged?.message).toContain("plugin.cjs");
    expect(logged?.message).not.toContain(password);
  });

  test("created but failed: the engine gets id, state, inputs and reasons", async () => {
    const { initFailed, details } = await failureOf(create({ ...inputs, script: "initFailed" }));
    expect(initFailed).toMatchObject({
      id: "id-1",
      inputs: { ...inputs, script: "initFailed" },
      properties: {
        password: secret(password),
        digest: secret(`digest of ${password}`),
        made: "made of a",
        key: secret("a key of the host's own"),
      },
      reasons: ["The VM does not start: [secret].", "Mend it."],
    });
    expect(details).not.toContain(password);
  });

  test("messages reach the user under the resource, in order, without secrets, before the answer", async () => {
    await create({ ...inputs, script: "talk" }, { preview: true });
    expect(engine.messages).toEqual([
      { severity: "info", message: "using [secret]", urn, ephemeral: false },
      { severity: "warning", message: "this is slow", urn, ephemeral: false },
      { severity: "info", message: "copying 10 %", urn, ephemeral: true },
    ]);
    await client.check({ urn, news: { ...inputs, script: "talk" } });
    expect(engine.messages.at(-1)).toMatchObject({ severity: "warning", message: "checking [secret]" });
  });

  test("an engine that has gone does not hold an answer up", async () => {
    const deaf = await start(["127.0.0.1:1"]);
    await deaf.client.configure({ uri });
    expect((await deaf.client.create({ urn, inputs: { script: "talk" } })).id).toBe("id-1");
    expect(deaf.printed().stderr).toContain("this is slow");
    await deaf.stop("SIGKILL");
  });
});

describe("stopping", () => {
  beforeEach(configured);

  test("Cancel in mid-create: what is there comes back as a partial state", async () => {
    const failure = failureOf(create({ text: "a", script: "finishWhenStopped" }));
    await untilLogged("waiting");
    await client.cancel();
    expect((await failure).initFailed).toMatchObject({ id: "id-partial", properties: { made: "half" }, reasons: ["stopped half-way"] });
  });

  test("Cancel stops every running verb, and none that comes after", async () => {
    const stopped = ["throwWhenStopped", "deaf"].map((script) => failureOf(create({ script })));
    await sleep(100);
    await client.cancel();
    for (const failure of stopped)
      expect(await failure).toMatchObject({ code: "CANCELLED", message: expect.stringContaining("create web: stopped") as string });
    expect((await create({ text: "a" })).id).toBe("id-1");
  });

  test.each(["throwWhenStopped", "deaf"])("the time limit ends a create that is %s", async (script) => {
    const failure = await failureOf(create({ script }, { timeoutSeconds: 0.2 }));
    expect(failure.code).toBe("CANCELLED");
    expect(failure.details).toContain("The limit was 0.2 s");
    expect(failure.details).toContain("customTimeouts");
  });

  test("the time limits of update and delete count too; 0 is none", async () => {
    const change = { urn, id: "id-1", olds: {}, news: { script: "throwWhenStopped" } };
    expect((await failureOf(client.update({ ...change, timeoutSeconds: 0.1 }))).code).toBe("CANCELLED");
    const removal = { urn, id: "id-1", inputs: { script: "throwWhenStopped" }, properties: {}, timeoutSeconds: 0.1 };
    expect((await failureOf(client.delete(removal))).code).toBe("CANCELLED");
    const unlimited = failureOf(create({ script: "throwWhenStopped" }, { timeoutSeconds: 0 }));
    const first = await Promise.race([unlimited.then(() => "ended"), sleep(500).then(() => "still running")]);
    expect(first).toBe("still running");
    await client.cancel();
    await unlimited;
  });

  test("an engine that hangs up stops its verb", async () => {
    const alone = await start(engineArguments());
    await alone.client.configure({ uri });
    const hangup = new AbortController();
    const failure = failureOf(alone.client.create({ urn, inputs: { script: "finishWhenStopped" }, signal: hangup.signal }));
    await untilLogged("waiting");
    hangup.abort();
    expect((await failure).code).toBe("CANCELLED");
    await untilLogged("stopped");
    await expect(alone.stop("SIGTERM")).resolves.toBe(0);
  });
});
