// Check, Diff, Create, Read, Update, Delete: each decodes its request, calls the resource's lifecycle, and encodes the answer.
import { status } from "@grpc/grpc-js";
import {
  CheckFailure,
  CheckRequest,
  CheckResponse,
  CreateResponse,
  ReadResponse,
  UpdateResponse,
  type CreateRequest,
  type DeleteRequest,
  type DiffRequest,
  type DiffResponse,
  type ReadRequest,
  type UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Problem } from "../errors";
import { unknown, type CheckRequest as ResourceCheckRequest, type ResourceDefinition, type Values } from "../resources/resource";
import { diffResponse, unknownDiff } from "./diff-response";
import { initFailedError, WireError } from "./failures";
import { callResource, nameOf, typeOf, type CallPlan, type ResourceRequest } from "./resource-call";
import type { Redact } from "./redact";
import { outgoingSecrets, withDeclaredSecrets, type Marked } from "./secrets";
import type { Session } from "./session";
import { decode, decodeOrRefuse, encode, type Decoded } from "./values";

/** `hangup` ends when the engine no longer waits for the answer. Failures are thrown. */
export type Verb<Request, Response> = (request: Request, session: Session, hangup: AbortSignal) => Response | Promise<Response>;

type Planned<Result> = Omit<CallPlan<Result>, "definition" | "urn" | "hangup">;

interface Opened {
  readonly definition: ResourceDefinition;
  /** Decodes a property bag, with what the contract declares secret. */
  readonly open: (struct: Struct | undefined) => Decoded;
}

/**
 * A verb of a resource. `plan` decodes the request into a call; `whenHostUnknown` answers at a preview in which the provider's own
 * configuration is not known yet.
 */
const resourceVerb =
  <Request extends ResourceRequest, Response>(
    plan: (request: Request, opened: Opened) => Planned<Response>,
    whenHostUnknown: (request: Request, opened: Opened) => Response,
  ): Verb<Request, Response> =>
  async (request, session, hangup) => {
    const definition = session.definitionOf(typeOf(request));
    const opened: Opened = { definition, open: (struct) => withDeclaredSecrets(definition, decodeOrRefuse(struct)) };
    const host = session.configured();
    if (host === "unknown") return whenHostUnknown(request, opened);
    return callResource(session, host, { ...plan(request, opened), definition, urn: request.getUrn(), hangup });
  };

const isEmpty = (values: Values) => Object.keys(values).length === 0;

const orUndefined = ({ values }: Marked) => (isEmpty(values) ? undefined : values);

export const checkFailures = (problems: readonly Problem[], redact: Redact): CheckFailure[] =>
  problems.map(({ path, reason }) => new CheckFailure().setProperty(path).setReason(redact(reason)));

const autoNameOf = (request: CheckRequest): ResourceCheckRequest["autoName"] => {
  const options = request.getAutonaming();
  if (options === undefined) return undefined;
  const { Mode } = CheckRequest.AutonamingOptions;
  if (options.getMode() === Mode.DISABLE) return "disabled";
  return { proposed: options.getProposedName(), mode: options.getMode() === Mode.ENFORCE ? "enforce" : "propose" };
};

export const check = resourceVerb<CheckRequest, CheckResponse>(
  (request, { definition, open }) => {
    const olds = open(request.getOlds());
    const decoded = decode(request.getNews());
    const news = withDeclaredSecrets(definition, decoded);
    return {
      doing: "check",
      marked: [olds, news],
      inputs: news,
      work: async ({ resource, call, redact }) => {
        // Values of a kind that no property takes have no plain form: the resource would judge something else.
        if (decoded.problems.length > 0) return new CheckResponse().setFailuresList(checkFailures(decoded.problems, redact));
        const { inputs, problems } = await resource.check(
          {
            olds: orUndefined(olds),
            news: news.values,
            resourceName: request.getName() || nameOf(request.getUrn()),
            autoName: autoNameOf(request),
            randomSeed: request.getRandomseed_asU8(),
          },
          call,
        );
        return new CheckResponse()
          .setInputs(encode(inputs, outgoingSecrets(definition, inputs, news)))
          .setFailuresList(checkFailures(problems, redact));
      },
    };
  },
  (request, { open }) => {
    const news = open(request.getNews());
    return new CheckResponse().setInputs(encode(news.values, news.secrets));
  },
);

/** What Diff and Update share. Engines that send no old inputs: the old state holds them too. */
const openChange = (request: DiffRequest | UpdateRequest, open: Opened["open"]) => {
  const oldState = open(request.getOlds());
  const oldInputs = request.hasOldInputs() ? open(request.getOldInputs()) : oldState;
  const news = open(request.getNews());
  return {
    marked: [oldState, oldInputs, news],
    inputs: news,
    change: {
      id: request.getId(),
      oldInputs: oldInputs.values,
      oldState: oldState.values,
      news: news.values,
      ignoreChanges: request.getIgnorechangesList(),
    },
  };
};

export const diff = resourceVerb<DiffRequest, DiffResponse>((request, { open }) => {
  const { marked, inputs, change } = openChange(request, open);
  return {
    doing: "compare",
    marked,
    inputs,
    work: async ({ resource, call }) => diffResponse(await resource.diff(change, call), change.ignoreChanges),
  };
}, unknownDiff);

/** All that can be said of a resource on a host that is not known: its inputs, and that it will have outputs. */
const previewState = ({ outputs }: ResourceDefinition, inputs: Values): Values => ({
  ...Object.fromEntries(Object.keys(outputs.shape).map((name) => [name, unknown])),
  ...inputs,
});

const refuseWithoutHost = (doing: string) =>
  new WireError(
    status.FAILED_PRECONDITION,
    `Cannot ${doing} while the provider's configuration (kvm:uri, kvm:timeout) is not known: it depends on a resource that does not exist yet.`,
  );

const previewWithoutHost = (doing: string, isPreview: boolean, struct: Struct | undefined, { definition, open }: Opened): Struct => {
  if (!isPreview) throw refuseWithoutHost(doing);
  const inputs = open(struct);
  const state = previewState(definition, inputs.values);
  return encode(state, outgoingSecrets(definition, state, inputs));
};

export const create = resourceVerb<CreateRequest, CreateResponse>(
  (request, { definition, open }) => {
    const inputs = open(request.getProperties());
    return {
      doing: "create",
      marked: [inputs],
      inputs,
      timeoutSeconds: request.getTimeout(),
      work: async ({ resource, call }) => {
        const { id, state, refreshBeforeUpdate } = await resource.create({ inputs: inputs.values, preview: request.getPreview() }, call);
        return new CreateResponse()
          .setId(id)
          .setProperties(encode(state, outgoingSecrets(definition, state, inputs)))
          .setRefreshBeforeUpdate(refreshBeforeUpdate ?? false);
      },
    };
  },
  (request, opened) =>
    new CreateResponse().setProperties(previewWithoutHost("create", request.getPreview(), request.getProperties(), opened)),
);

export const update = resourceVerb<UpdateRequest, UpdateResponse>(
  (request, { definition, open }) => {
    const { marked, inputs, change } = openChange(request, open);
    return {
      doing: "update",
      marked,
      inputs,
      timeoutSeconds: request.getTimeout(),
      work: async ({ resource, call }) => {
        const { state, refreshBeforeUpdate } = await resource.update({ ...change, preview: request.getPreview() }, call);
        return new UpdateResponse()
          .setProperties(encode(state, outgoingSecrets(definition, state, inputs)))
          .setRefreshBeforeUpdate(refreshBeforeUpdate ?? false);
      },
    };
  },
  (request, opened) => new UpdateResponse().setProperties(previewWithoutHost("update", request.getPreview(), request.getNews(), opened)),
);

export const read = resourceVerb<ReadRequest, ReadResponse>(
  (request, { definition, open }) => {
    const oldInputs = open(request.getInputs());
    const oldState = open(request.getProperties());
    return {
      doing: "read",
      marked: [oldInputs, oldState],
      inputs: oldInputs,
      timeoutSeconds: request.getTimeout(),
      work: async ({ resource, call, redact }) => {
        const observed = await resource.read(
          { id: request.getId(), oldInputs: orUndefined(oldInputs), oldState: orUndefined(oldState) },
          call,
        );
        if (observed === undefined) return new ReadResponse();
        const { id, state, inputs, refreshBeforeUpdate, initErrors = [] } = observed;
        const seen = {
          id,
          properties: encode(state, outgoingSecrets(definition, state, oldInputs, oldState)),
          inputs: encode(inputs, outgoingSecrets(definition, inputs, oldInputs)),
          refreshBeforeUpdate,
        };
        if (initErrors.length > 0) throw initFailedError({ ...seen, reasons: initErrors }, redact);
        return new ReadResponse()
          .setId(id)
          .setProperties(seen.properties)
          .setInputs(seen.inputs)
          .setRefreshBeforeUpdate(refreshBeforeUpdate ?? false);
      },
    };
  },
  () => {
    throw refuseWithoutHost("read");
  },
);

export const remove = resourceVerb<DeleteRequest, Empty>(
  (request, { open }) => {
    const oldState = open(request.getProperties());
    const oldInputs = request.hasOldInputs() ? open(request.getOldInputs()) : oldState;
    return {
      doing: "delete",
      marked: [oldInputs, oldState],
      inputs: oldInputs,
      timeoutSeconds: request.getTimeout(),
      work: async ({ resource, call }) => {
        await resource.remove({ id: request.getId(), oldInputs: oldInputs.values, oldState: oldState.values }, call);
        return new Empty();
      },
    };
  },
  () => {
    throw refuseWithoutHost("delete");
  },
);
