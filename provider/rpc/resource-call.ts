// The frame around every verb of a resource: which resource, what is secret, how long it may take, and how its failures are told.
import { CreatedButFailedError } from "../errors";
import type { Call, Resource, ResourceDefinition, Services, Values } from "../resources/resource";
import { resourceLog } from "./engine-log";
import { initFailedError, toFailure } from "./failures";
import { redactor, type Redact } from "./redact";
import { outgoingSecrets, secretStrings, type Marked } from "./secrets";
import type { Session } from "./session";
import { encode } from "./values";

/** The fields that every request about a resource has. */
export interface ResourceRequest {
  getUrn(): string;
  getType(): string;
}

export interface Frame {
  readonly resource: Resource;
  readonly call: Call;
  readonly redact: Redact;
}

export interface CallPlan<Result> {
  readonly definition: ResourceDefinition;
  readonly urn: string;
  /** For messages: "create". */
  readonly doing: string;
  /** Everything the request holds: the source of what must not be shown. */
  readonly marked: readonly Marked[];
  /** What the outputs are made from, for the secrets of a state that a failure leaves behind. */
  readonly inputs: Marked;
  readonly timeoutSeconds?: number | undefined;
  readonly hangup: AbortSignal;
  readonly work: (frame: Frame) => Promise<Result>;
}

const msASecond = 1000;

/** urn:pulumi:stack::project::parent$kvm:index:Type::name: the parts after the project are the qualified type and the name. */
const urnParts = (urn: string) => {
  const [, , qualifiedType = "", ...name] = urn.split("::");
  return { type: qualifiedType.split("$").at(-1) ?? "", name: name.join("::") };
};

/** Engines before 3.150 send no type: the URN holds it. */
export const typeOf = (request: ResourceRequest): string => request.getType() || urnParts(request.getUrn()).type;

export const nameOf = (urn: string): string => urnParts(urn).name;

const leftBehind = ({ definition, inputs }: CallPlan<unknown>, error: CreatedButFailedError, redact: Redact) => {
  const [state, asked] = [error.state as Values, error.inputs as Values];
  return initFailedError(
    {
      id: error.id,
      properties: encode(state, outgoingSecrets(definition, state, inputs)),
      inputs: encode(asked, outgoingSecrets(definition, asked, inputs)),
      reasons: error.reasons,
    },
    redact,
  );
};

/** Runs one verb of one resource: its failures come out as WireErrors without secrets, after its messages have reached the engine. */
export const callResource = async <Result>(
  session: Session,
  host: { readonly services: Services; readonly secrets: readonly string[] },
  plan: CallPlan<Result>,
): Promise<Result> => {
  const { definition, urn } = plan;
  const redact = redactor([...host.secrets, ...plan.marked.flatMap(secretStrings)]);
  const log = session.log();
  const limits = {
    context: { doing: plan.doing, what: nameOf(urn) },
    timeoutMs: (plan.timeoutSeconds ?? 0) * msASecond,
    hangup: plan.hangup,
  };
  try {
    return await session.running.run(limits, (signal) =>
      plan.work({
        resource: definition.lifecycle,
        call: { urn, signal, log: resourceLog(log, urn, redact), services: host.services },
        redact,
      }),
    );
  } catch (error) {
    if (error instanceof CreatedButFailedError) throw leftBehind(plan, error, redact);
    const failure = toFailure(error, redact);
    if (failure.bug !== undefined) log.write({ severity: "debug", message: failure.bug, urn });
    throw failure.error;
  } finally {
    await log.flush();
  }
};
