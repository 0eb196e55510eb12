// The methods of one dynamic resource: plain property bags in and out, answered by the plugin's own verbs (rpc) in this process.
import { randomBytes } from "node:crypto";
import {
  CheckRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import type { dynamic } from "@pulumi/pulumi";
import { isSame } from "../rpc/plain-values";
import * as verbs from "../rpc/resource-verbs";
import type { Session } from "../rpc/session";
import { unknownSentinel } from "../rpc/values";
import { dynamicFailure } from "./dynamic-failure";
import { bagOf, inputsIn, memoOf, storedInputs, storedState, structOf, valuesOf, withMemo, type Bag } from "./hidden-properties";
import { neverHangsUp, type Hosts } from "./hosts";
import type { Memo } from "./memo";

export type ResourceProvider = Required<dynamic.ResourceProvider<Bag, Bag>>;

/** Enough for any name's suffix: Pulumi gives a dynamic provider no seed of its own. */
const seedBytes = 32;

/** What a method works with: the resource's memo, the session of its host, and how a verb of the wire is called. */
interface Work {
  readonly memo: Memo;
  readonly session: Session;
  readonly uri: string;
  readonly call: <Request, Response>(verb: verbs.Verb<Request, Response>, request: Request) => Promise<Response>;
}

/** A request about this resource: every message of the wire names it so. */
interface Named<Request> {
  setUrn(urn: string): Request;
  setType(type: string): Request;
}

const isGone = { id: "" };

/** What a state keeps of the answer besides its properties. */
const keptOf = (memo: Memo, answer: { getRefreshBeforeUpdate(): boolean }): Memo => ({
  ...memo,
  refreshBeforeUpdate: answer.getRefreshBeforeUpdate(),
});

export const createResourceProvider = (token: string, hosts: Hosts): ResourceProvider => {
  const named = <Request extends Named<Request>>(request: Request, { urn }: Memo): Request => request.setUrn(urn).setType(token);

  /** `bag` has the memo and the stub; a resource stays with the host that it says. Failures come out in Pulumi's forms. */
  const withHost = async <Result>(bag: Bag, work: (work: Work) => Promise<Result>): Promise<Result> => {
    const memo = memoOf(bag);
    try {
      const uri = memo.uri ?? hosts.defaultUri();
      const session = await hosts.sessionFor(uri);
      return await work({ memo: { ...memo, uri }, uri, session, call: async (verb, request) => verb(request, session, neverHangsUp()) });
    } catch (error) {
      throw dynamicFailure(error, memo, bag);
    }
  };

  /**
   * The engine takes a dynamic resource's inputs for its outputs at preview. What a creation would give is therefore added to them,
   * at preview only, so that it is known to the program and to other resources.
   */
  const foreseen = async (inputs: Bag, { memo, call }: Work): Promise<Bag> => {
    const created = await call(verbs.create, named(new CreateRequest(), memo).setProperties(structOf(inputs)).setPreview(true));
    const known = Object.entries(bagOf(created.getProperties())).filter(([, value]) => value !== unknownSentinel);
    return { ...Object.fromEntries(known), ...inputs };
  };

  const check: ResourceProvider["check"] = (olds, news) =>
    // The host is the configuration's, not that of an earlier state: diff sees that it is another.
    withHost(withMemo(news, { urn: memoOf(news).urn, preview: memoOf(news).preview }), async (work) => {
      const { memo, call } = work;
      const request = named(new CheckRequest(), memo).setOlds(structOf(olds)).setNews(structOf(news)).setRandomseed(randomBytes(seedBytes));
      const response = await call(verbs.check, request);
      const failures = response.getFailuresList().map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
      if (failures.length > 0) return { failures };
      const inputs = bagOf(response.getInputs());
      const isNew = olds["__provider"] === undefined;
      return { inputs: withMemo(memo.preview && isNew ? await foreseen(inputs, work) : inputs, memo) };
    });

  const read: ResourceProvider["read"] = (id, props = {}) =>
    withHost(props, async ({ memo, call }) => {
      const request = named(new ReadRequest(), memo).setId(id).setProperties(structOf(props));
      const response = await call(verbs.read, request.setInputs(structOf(inputsIn(props) ?? {})));
      if (response.getId() === "") return isGone;
      const [state, inputs] = [bagOf(response.getProperties()), bagOf(response.getInputs())];
      const kept = storedState(state, inputs, keptOf(memo, response), props);
      return { id: response.getId(), props: kept, inputs: storedInputs(inputs, memo, props) };
    });

  const changeOf = <Request extends DiffRequest | UpdateRequest>(request: Request, id: string, olds: Bag, news: Bag): Request => {
    request
      .setId(id)
      .setOlds(structOf(olds))
      .setNews(structOf(news))
      .setOldInputs(structOf(inputsIn(olds) ?? olds));
    return request;
  };

  const updateRequest = (id: string, olds: Bag, news: Bag, memo: Memo) => named(changeOf(new UpdateRequest(), id, olds, news), memo);

  /** The engine cannot be asked to refresh a dynamic resource before each update: diff does it. A state that is not the host's any more is a change. */
  const isStale = async (id: string, olds: Bag): Promise<boolean> => {
    if (memoOf(olds).refreshBeforeUpdate !== true) return false;
    const now = await read(id, olds);
    return now.props !== undefined && !isSame(valuesOf(now.props), valuesOf(olds));
  };

  const diff: ResourceProvider["diff"] = (id, olds, news) =>
    withHost(news, async ({ memo, uri, session, call }) => {
      const say = (message: string) => session.log().write({ severity: "info", message, urn: memo.urn });
      const before = memoOf(olds).uri ?? uri;
      if (before !== uri) {
        say(`kvm:uri: the resource is on ${before} and shall be on ${uri}: it is made there anew.`);
        return { changes: true, replaces: ["kvm:uri"] };
      }
      const response = await call(verbs.diff, named(changeOf(new DiffRequest(), id, olds, news), memo));
      const changes = response.getChanges() === DiffResponse.DiffChanges.DIFF_SOME;
      const replaces = response.getReplacesList();
      // No update is previewed for a dynamic resource; what one would say or refuse is said here.
      if (memo.preview && changes && replaces.length === 0) {
        await call(verbs.update, updateRequest(id, olds, news, memo).setPreview(true));
      }
      const stale = !changes && (await isStale(id, olds));
      if (stale) say("The host is not as it was at the last update: its facts are read anew.");
      await session.log().flush();
      return { changes: changes || stale, replaces, deleteBeforeReplace: response.getDeletebeforereplace() };
    });

  return {
    configure: ({ config }) => {
      const settings = { uri: config.get("kvm:uri"), timeout: config.get("kvm:timeout") };
      hosts.use(Object.fromEntries(Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))));
      return Promise.resolve();
    },
    check,
    diff,
    read,
    create: (inputs) =>
      withHost(inputs, async ({ memo, call }) => {
        const response = await call(verbs.create, named(new CreateRequest(), memo).setProperties(structOf(inputs)));
        return { id: response.getId(), outs: storedState(bagOf(response.getProperties()), inputs, keptOf(memo, response), inputs) };
      }),
    update: (id, olds, news) =>
      withHost(news, async ({ memo, call }) => {
        const response = await call(verbs.update, updateRequest(id, olds, news, memo));
        return { outs: storedState(bagOf(response.getProperties()), news, keptOf(memo, response), news) };
      }),
    delete: (id, props) =>
      withHost(props, async ({ memo, call }) => {
        const request = named(new DeleteRequest(), memo).setId(id).setProperties(structOf(props));
        await call(verbs.remove, request.setOldInputs(structOf(inputsIn(props) ?? props)));
      }),
  };
};
