// A plugin with one scripted resource and no host: what the wire suite drives, built and started like the real one.
import { z } from "zod";
import { CreatedButFailedError, HostConnectionError, HostError, ImageError, RefusedError } from "../errors";
import {
  unknown,
  type Call,
  type FunctionDefinition,
  type Resource,
  type ResourceDefinition,
  type Services,
  type Value,
  type Values,
} from "../resources/resource";
import { runPlugin } from "../rpc/run-plugin";

const textOf = (value: Value | undefined) => (typeof value === "string" ? value : "");

/** A service that fails on any use: the wire itself must never touch the host. */
const untouchable = (name: string) =>
  new Proxy({} as never, {
    get: (_target, verb) => {
      if (name === "libvirt" && verb === "close") return () => Promise.resolve();
      throw new Error(`The wire used ${name}.${String(verb)}.`);
    },
  });

const untilAborted = ({ signal }: Call) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });

const stateOf = (inputs: Values, call: Call): Values => ({
  ...inputs,
  made: `made of ${textOf(inputs["text"])}`,
  digest: `digest of ${textOf(inputs["password"])}`,
  key: "a key of the host's own",
  uri: call.services.config.uri,
  timeoutMs: call.services.config.timeoutMs,
});

/** What a verb does, by the input `script`, before it answers as usual. */
const scripts: Readonly<Record<string, (inputs: Values, call: Call) => Promise<void> | void>> = {
  refuse: () => {
    throw new RefusedError([
      { path: "disks.root.cache", reason: "none is not possible here." },
      { path: "disks.data.io", reason: "native needs cache none." },
    ]);
  },
  hostError: (inputs) => {
    throw new HostError(38, `cannot open ${textOf(inputs["password"])}`, { doing: "start", what: "web" });
  },
  noImage: () => {
    throw new ImageError("it is not there.", { doing: "downloading", what: "a.qcow2", wayOut: "Correct the URL." });
  },
  noHost: (_inputs, call) => {
    throw new HostConnectionError(call.services.config.uri, "connection refused", { doing: "look up", what: "web" });
  },
  bug: (inputs) => {
    throw new TypeError(`cannot read ${textOf(inputs["password"])}`);
  },
  initFailed: (inputs, call) => {
    throw new CreatedButFailedError("id-1", { ...stateOf(inputs, call), absent: undefined }, inputs, [
      `The VM does not start: ${textOf(inputs["password"])}.`,
      "Mend it.",
    ]);
  },
  finishWhenStopped: async (inputs, call) => {
    call.log.status("waiting");
    await untilAborted(call);
    call.log.status("stopped");
    throw new CreatedButFailedError("id-partial", { ...inputs, made: "half" }, inputs, ["stopped half-way"]);
  },
  throwWhenStopped: async (_inputs, call) => {
    await untilAborted(call);
    call.signal.throwIfAborted();
  },
  deaf: () => new Promise<void>((resolve) => setTimeout(resolve, 600_000).unref()),
  talk: (inputs, call) => {
    call.log.info(`using ${textOf(inputs["password"])}`);
    call.log.warn("this is slow");
    call.log.status("copying 10 %");
  },
  touchHost: async (_inputs, call) => {
    await call.services.libvirt.listDomains();
  },
  unsendable: () => undefined,
};

const play = async (inputs: Values, call: Call) => {
  await scripts[textOf(inputs["script"])]?.(inputs, call);
};

const lifecycle: Resource = {
  check: async ({ olds, news, resourceName, autoName, randomSeed }, call) => {
    if (news["script"] === "checkRefuses") {
      return {
        inputs: news,
        problems: [
          { path: "text", reason: "is wrong." },
          { path: "nested.password", reason: `${textOf(news["password"])} is too short.` },
        ],
      };
    }
    if (news["script"] === "talk") call.log.warn(`checking ${textOf(news["password"])}`);
    const seen = {
      isNew: olds === undefined,
      resourceName,
      autoName: autoName === undefined ? "none" : JSON.stringify(autoName),
      seed: randomSeed.length,
    };
    return { inputs: { ...news, ...(news["script"] === "tell" ? { seen } : {}), extra: undefined as never }, problems: [] };
  },
  diff: async ({ oldInputs, news, id }) => {
    const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(news)])].filter((name) => oldInputs[name] !== news[name]);
    const scalar = names.filter((name) => typeof (news[name] ?? oldInputs[name]) !== "object");
    return {
      changes: scalar.map((name) => ({
        path: name === "disk" ? "disks.root.size" : name,
        kind: !(name in oldInputs) ? "add" : name in news ? "update" : "delete",
        replace: name === "name",
        inputDiff: name !== "made",
      })),
      stables: id === "stable" ? ["made"] : undefined,
      deleteBeforeReplace: true,
    };
  },
  create: async ({ inputs, preview }, call) => {
    await play(inputs, call);
    const state = stateOf(inputs, call);
    if (preview) return { id: "", state: { ...state, made: unknown } };
    if (inputs["script"] === "unsendable") return { id: "id-1", state: { ...state, size: Number.NaN } };
    return { id: "id-1", state, refreshBeforeUpdate: true };
  },
  read: async ({ id, oldInputs, oldState }, call) => {
    if (id === "gone") return undefined;
    const inputs = oldInputs ?? { text: "imported" };
    await play(inputs, call);
    const state = { ...stateOf(inputs, call), isImport: oldInputs === undefined && oldState === undefined };
    return { id, state, inputs, refreshBeforeUpdate: true, initErrors: id === "ill" ? ["It is not started."] : undefined };
  },
  update: async ({ news, oldState, preview }, call) => {
    await play(news, call);
    return { state: { ...stateOf(news, call), made: preview ? unknown : (oldState["made"] ?? null) }, refreshBeforeUpdate: true };
  },
  remove: async ({ oldInputs }, call) => play(oldInputs, call),
};

const scripted: ResourceDefinition = {
  token: "kvm:index:Scripted",
  description: "Does what its inputs say.",
  inputs: z.object({
    text: z.string().optional(),
    password: z.string().optional(),
    nested: z.record(z.string(), z.object({ token: z.string().optional().meta({ secret: true }) })).optional(),
  }),
  outputs: z.object({ made: z.string(), digest: z.string(), key: z.string().meta({ secret: true }) }),
  derivedFrom: { digest: ["password"] },
  lifecycle,
};

/** A function that says what it was asked, and refuses what it is told to. */
const getEcho: FunctionDefinition = {
  token: "kvm:index:getEcho",
  description: "What it was asked.",
  inputs: z.strictObject({ text: z.string() }),
  outputs: z.strictObject({ text: z.string() }),
  run: (args) => {
    if (args["text"] === "refuse") return Promise.reject(new RefusedError([{ path: "text", reason: "is refused." }]));
    return Promise.resolve({ text: args["text"] ?? "" });
  },
};

void runPlugin(
  {
    version: "1.2.3",
    loadSchema: () => process.env["FIXTURE_SCHEMA"] ?? JSON.stringify({ name: "kvm" }),
    loadRegistry: () => ({ [scripted.token]: scripted }),
    loadFunctions: () => ({ [getEcho.token]: getEcho }),
    makeServices: (config): Services => ({
      config,
      libvirt: untouchable("libvirt"),
      host: untouchable("host"),
      images: untouchable("images"),
    }),
    cancelGraceMs: 300,
  },
  process.argv.slice(2),
);
