// What a dynamic resource keeps about itself beside its inputs and state, in properties that the engine shows to nobody: facts on their way through the engine.
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Values } from "../resources/resource";
import { decode, encode } from "../rpc/values";
import { memoKey, type Memo } from "./memo";

/** Property values in the plain form that Pulumi's dynamic provider hands over: secrets and unknowns as the wire writes them. */
export type Bag = Readonly<Record<string, unknown>>;

export const structOf = (bag: Bag): Struct => Struct.fromJavaScript(bag as Parameters<typeof Struct.fromJavaScript>[0]);

export const bagOf = (struct: Struct | undefined): Bag => struct?.toJavaScript() ?? {};

/** The values themselves, without the hidden properties: their names begin with the prefix that the wire strips. */
export const valuesOf = (bag: Bag): Values => decode(structOf(bag)).values;

/** The inputs that a state was made from: Pulumi gives a dynamic provider the old state only. */
const inputsKey = "__inputs";
/** The serialised stub; Pulumi's own. */
const stubKey = "__provider";

export const memoOf = (bag: Bag): Memo => ({ urn: "", preview: false, ...(bag[memoKey] as Partial<Memo> | undefined) });

/** The old inputs of a stored state. */
export const inputsIn = (state: Bag): Bag | undefined => state[inputsKey] as Bag | undefined;

export const withMemo = (bag: Bag, memo: Memo): Bag => ({ ...bag, [memoKey]: memo });

/**
 * A state as it is stored. The inputs are one secret: what the program marked in them comes to a dynamic provider without its mark.
 * `from`: a bag of the request, which has the stub.
 */
export const storedState = (state: Bag, inputs: Bag, memo: Memo, from: Bag): Bag => ({
  ...state,
  ...bagOf(encode({ [inputsKey]: valuesOf(inputs) }, [[inputsKey]])),
  [memoKey]: memo,
  [stubKey]: from[stubKey],
});

/** Inputs as a read gives them back. */
export const storedInputs = (inputs: Bag, memo: Memo, from: Bag): Bag => ({ ...inputs, [memoKey]: memo, [stubKey]: from[stubKey] });
