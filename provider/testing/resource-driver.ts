// Plays Pulumi's engine for one resource: the order of verbs, what is kept between them, and what goes over the wire as JSON.
import { setMaxListeners } from "node:events";
import { CreatedButFailedError, RefusedError } from "../errors";
import type { Problem } from "../errors";
import type { HostObserver } from "../host/observer";
import type { ImageSources } from "../images/image-source";
import type { Libvirt } from "../libvirt/port";
import type { Call, CheckRequest, DiffResult, ResourceDefinition, Values } from "../resources/resource";
import { unknown } from "../resources/resource";
import { createFakeImages } from "./fake-images";

export interface LogLine {
  readonly level: "info" | "warn" | "status";
  readonly message: string;
}

/** What the engine's checkpoint holds of a resource. */
export interface StoredResource {
  readonly id: string;
  readonly inputs: Values;
  readonly state: Values;
  /** Not empty: "initialization failed", so that the next `up` updates whatever the diff says. */
  readonly initErrors: readonly string[];
}

export interface Step {
  readonly did: "same" | "create" | "update" | "replace" | "refresh" | "import" | "gone" | "delete" | "refused" | "failed";
  /** Paths of the detailed diff. */
  readonly changes: readonly string[];
  /** Check's failures, or those of a RefusedError. */
  readonly problems: readonly Problem[];
  readonly error?: Error;
  /** What the preview or the verb gave. */
  readonly state?: Values;
  readonly initErrors: readonly string[];
  readonly log: readonly LogLine[];
}

export interface DriverOptions {
  readonly definition: ResourceDefinition;
  readonly libvirt: Libvirt;
  readonly host: HostObserver;
  /** No source has an image when absent. */
  readonly images?: ImageSources;
  /** The resource's name in the program; "web" when absent. */
  readonly name?: string;
  readonly autoName?: CheckRequest["autoName"];
}

export interface UpOptions {
  /** Go on without a preview, as `pulumi up --skip-preview` does. */
  readonly skipPreview?: boolean;
  /** Update though the diff is empty. */
  readonly force?: boolean;
  /** Replace though the diff does not ask for it, as `--replace` and `replaceOnChanges` do. */
  readonly replace?: boolean;
  readonly signal?: AbortSignal;
}

const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const toWire = (_key: string, value: unknown): unknown => {
  if (value === unknown) return unknownSentinel;
  if (typeof value === "symbol" || typeof value === "function" || typeof value === "bigint") throw new Error(`${typeof value} on the wire`);
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`the number ${value} on the wire`);
  return value;
};

const fromWire = (_key: string, value: unknown): unknown => (value === unknownSentinel ? unknown : value);

/** What comes out at the other end of the wire. */
export const overTheWire = (values: Values): Values => JSON.parse(JSON.stringify(values, toWire), fromWire) as Values;

/** As `overTheWire`, for what goes into the checkpoint: an unknown there would be an engine's "unknown value in state". */
function stored(values: Values): Values {
  const text = JSON.stringify(values, toWire);
  if (text.includes(unknownSentinel)) throw new Error(`an unknown value would go into the state: ${text}`);
  return JSON.parse(text) as Values;
}

const pathsOf = ({ changes }: DiffResult) => changes.map(({ path }) => path);

export function createResourceDriver({ definition, libvirt, host, images = createFakeImages(), name = "web", autoName }: DriverOptions) {
  const { lifecycle } = definition;
  const urn = `urn:pulumi:test::project::${definition.token}::${name}`;
  const log: LogLine[] = [];
  let resource: StoredResource | undefined;
  let seed = 0;
  let from = 0;

  const say = (level: LogLine["level"]) => (message: string) => void log.push({ level, message });
  const neverAborted = () => {
    const { signal } = new AbortController();
    // As for the plugin's own verbs.
    setMaxListeners(0, signal);
    return signal;
  };
  const callOf = (signal = neverAborted()): Call => ({
    urn,
    signal,
    log: { info: say("info"), warn: say("warn"), status: say("status") },
    services: { config: { uri: libvirt.uri, timeoutMs: 1000 }, libvirt, host, images },
  });
  const step = (did: Step["did"], rest: Partial<Step> = {}): Step => ({
    did,
    changes: [],
    problems: [],
    initErrors: resource?.initErrors ?? [],
    log: log.slice(from),
    ...rest,
  });

  const check = async (program: Values, olds: Values | undefined, signal: AbortSignal | undefined) => {
    const randomSeed = Uint8Array.from([seed]);
    const request = { news: overTheWire(program), olds: olds && overTheWire(olds), resourceName: name, autoName, randomSeed };
    const { inputs, problems } = await lifecycle.check(request, callOf(signal));
    return { inputs: overTheWire(inputs), problems };
  };

  /** Runs a verb; an init failure is kept as the engine keeps it, any other error leaves the checkpoint as it was. */
  const attempt = async (did: "create" | "update", changes: readonly string[], inputs: Values, work: () => Promise<StoredResource>) => {
    try {
      resource = await work();
      return step(did, { changes, state: resource.state });
    } catch (error) {
      if (error instanceof CreatedButFailedError) {
        const { id, state, reasons } = error;
        resource = { id, inputs, state: stored(state as Values), initErrors: reasons };
        expectSameInputs(error.inputs as Values, inputs);
        return step(did, { changes, error, state: resource.state });
      }
      return failed(error, changes);
    }
  };
  const failed = (error: unknown, changes: readonly string[] = []): Step => {
    if (!(error instanceof Error)) throw new Error(`not an error was thrown: ${String(error)}`);
    if (error instanceof RefusedError) return step("refused", { changes, problems: error.problems, error });
    return step("failed", { changes, error });
  };

  const create = (inputs: Values, changes: readonly string[], signal: AbortSignal | undefined) =>
    attempt("create", changes, inputs, async () => {
      const { id, state } = await lifecycle.create({ inputs, preview: false }, callOf(signal));
      if (id === "") throw new Error("create gave no id");
      return { id, inputs, state: stored(state), initErrors: [] };
    });

  const requestOf = (old: StoredResource, news: Values) => ({
    id: old.id,
    oldInputs: old.inputs,
    oldState: old.state,
    news,
    ignoreChanges: [],
  });

  /** Check and Diff, as before every step. */
  const plan = async (program: Values, options: UpOptions) => {
    const { inputs, problems } = await check(program, resource?.inputs, options.signal);
    if (problems.length > 0 || resource === undefined) return { inputs, problems, did: "create", changes: [], deleteFirst: false } as const;
    const diff = await lifecycle.diff(requestOf(resource, inputs), callOf(options.signal));
    const replace = options.replace === true || diff.changes.some((change) => change.replace === true);
    const update = diff.changes.length > 0 || options.force === true || resource.initErrors.length > 0;
    return {
      inputs,
      problems,
      did: replace ? "replace" : update ? "update" : "same",
      changes: pathsOf(diff),
      deleteFirst: diff.deleteBeforeReplace === true,
    } as const;
  };

  const previewStep = async (program: Values, options: UpOptions): Promise<Step> => {
    try {
      const { inputs, problems, did, changes } = await plan(program, options);
      if (problems.length > 0) return step("refused", { problems });
      if (did === "same") return step("same");
      if (resource === undefined || did !== "update") {
        const { id, state } = await lifecycle.create({ inputs, preview: true }, callOf(options.signal));
        if (id !== "") throw new Error("a preview gave an id");
        return step(did, { changes, state: overTheWire(state) });
      }
      const { state } = await lifecycle.update({ ...requestOf(resource, inputs), preview: true }, callOf(options.signal));
      return step("update", { changes, state: overTheWire(state) });
    } catch (error) {
      return failed(error);
    }
  };

  const replace = async (program: Values, changes: readonly string[], deleteFirst: boolean, options: UpOptions): Promise<Step> => {
    const old = resource;
    if (old === undefined) throw new Error("nothing to replace");
    seed += 1;
    // The defaults of the old resource are not carried over.
    const { inputs, problems } = await check(program, undefined, options.signal);
    if (problems.length > 0) return step("refused", { problems });
    const remove = () => lifecycle.remove({ id: old.id, oldInputs: old.inputs, oldState: old.state }, callOf(options.signal));
    if (deleteFirst) {
      await remove();
      resource = undefined;
    }
    const created = await create(inputs, changes, options.signal);
    if (created.did !== "create") return created;
    if (!deleteFirst) await remove();
    return { ...created, did: "replace" };
  };

  const applyStep = async (program: Values, options: UpOptions): Promise<Step> => {
    const { inputs, problems, did, changes, deleteFirst } = await plan(program, options);
    if (problems.length > 0) return step("refused", { problems });
    if (resource === undefined) return create(inputs, changes, options.signal);
    if (did === "same") {
      resource = { ...resource, inputs: stored(inputs) };
      return step("same");
    }
    if (did === "replace") return replace(program, changes, deleteFirst, options);
    const old = resource;
    return attempt("update", changes, inputs, async () => {
      const { state } = await lifecycle.update({ ...requestOf(old, inputs), preview: false }, callOf(options.signal));
      return { id: old.id, inputs, state: stored(state), initErrors: [] };
    });
  };

  const begin = () => {
    from = log.length;
  };

  return {
    urn,
    /** What the checkpoint holds; undefined: no such resource. */
    get resource() {
      return resource;
    },
    /** The stored resource, which must be there. */
    get now(): StoredResource {
      if (resource === undefined) throw new Error("the checkpoint holds no resource");
      return resource;
    },
    log: log as readonly LogLine[],
    preview: async (program: Values, options: UpOptions = {}): Promise<Step> => {
      begin();
      if (resource === undefined) seed += 1;
      return previewStep(program, options);
    },
    up: async (program: Values, options: UpOptions = {}): Promise<Step> => {
      begin();
      if (resource === undefined) seed += 1;
      if (options.skipPreview !== true) {
        const previewed = await previewStep(program, options);
        if (previewed.did === "refused" || previewed.did === "failed") return previewed;
      }
      try {
        return await applyStep(program, options);
      } catch (error) {
        return failed(error);
      }
    },
    refresh: async (): Promise<Step> => {
      begin();
      if (resource === undefined) return step("refresh");
      const { id, inputs, state } = resource;
      try {
        const observed = await lifecycle.read({ id, oldInputs: inputs, oldState: state }, callOf());
        if (observed === undefined) {
          resource = undefined;
          return step("gone");
        }
        resource = {
          id: observed.id,
          inputs: stored(observed.inputs),
          state: stored(observed.state),
          initErrors: observed.initErrors ?? [],
        };
        return step("refresh", { state: resource.state });
      } catch (error) {
        return failed(error);
      }
    },
    /** Import by id; without a program the inputs that Read returns are the program. `changes` and `problems` must be empty for both. */
    import: async (id: string, program?: Values): Promise<Step> => {
      begin();
      try {
        const observed = await lifecycle.read({ id }, callOf());
        if (observed === undefined) return step("gone");
        const old = { id: observed.id, inputs: stored(observed.inputs), state: stored(observed.state), initErrors: [] };
        const { inputs, problems } = await check(program ?? old.inputs, old.inputs, undefined);
        if (problems.length > 0) return step("refused", { problems });
        const changes = pathsOf(await lifecycle.diff(requestOf(old, inputs), callOf()));
        resource = { ...old, inputs: stored(inputs) };
        return step("import", { changes, state: old.state });
      } catch (error) {
        return failed(error);
      }
    },
    destroy: async (): Promise<Step> => {
      begin();
      if (resource === undefined) return step("delete");
      try {
        await lifecycle.remove({ id: resource.id, oldInputs: resource.inputs, oldState: resource.state }, callOf());
        resource = undefined;
        return step("delete");
      } catch (error) {
        return failed(error);
      }
    },
  };
}

export type ResourceDriver = ReturnType<typeof createResourceDriver>;

/** The inputs in an init failure replace those in the checkpoint: they must be the same. */
function expectSameInputs(left: Values, right: Values): void {
  const sorted = (values: Values) =>
    JSON.stringify(
      Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1)),
      toWire,
    );
  if (sorted(left) !== sorted(right)) throw new Error("an init failure carried other inputs than it was called with");
}
