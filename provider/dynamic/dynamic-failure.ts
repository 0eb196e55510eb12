// A failure of the wire in the forms that Pulumi's dynamic provider passes on to the engine.
import { initFailedError, InitFailedError, toFailure, type WireError } from "../rpc/failures";
import { nameOf } from "../rpc/resource-call";
import { bagOf, storedInputs, storedState, structOf, type Bag } from "./hidden-properties";
import type { Memo } from "./memo";

const asIs = (text: string) => text;

/** A created or read resource that is not as asked keeps what it needs for the next run, like one that is. */
const withHidden = ({ failure }: InitFailedError, memo: Memo, from: Bag): InitFailedError => {
  const [state, inputs] = [bagOf(failure.properties), bagOf(failure.inputs)];
  const kept = { ...memo, refreshBeforeUpdate: failure.refreshBeforeUpdate ?? false };
  const properties = storedState(state, inputs, kept, from);
  const error = initFailedError({ ...failure, properties: structOf(properties), inputs: structOf(storedInputs(inputs, memo, from)) }, asIs);
  // From create and update Pulumi takes these; from read the error with its details as it is.
  return Object.assign(error, { id: failure.id, properties, reasons: failure.reasons });
};

/** `from`: a bag of the request, which has the stub. */
export const dynamicFailure = (thrown: unknown, memo: Memo, from: Bag): WireError => {
  const { error } = toFailure(thrown, asIs);
  // Pulumi prints both of a failed check, diff, read or delete to the user's terminal, beside the error that the engine shows: no stack of ours there.
  const quiet = { toString: () => `kvm: ${nameOf(memo.urn)}`, stack: "failed, as the error says." };
  return Object.assign(error instanceof InitFailedError ? withHidden(error, memo, from) : error, quiet);
};
