/** A procedure's arguments → bytes, and a reply's bytes → its result, by the table. */
import { LibvirtArgumentError, LibvirtConnectionError } from "./errors";
import { maxPayloadBytes } from "./frames";
import { procedures } from "./procedures";
import type { ArgsOf, ProcedureName, ResultOf } from "./procedures";
import { decodeValue, encodeValue, struct, XdrError } from "./xdr";
import type { Codec } from "./xdr";

interface Marshaller {
  readonly args: Codec<unknown>;
  readonly results: Codec<unknown>;
}

const marshallers = Object.fromEntries(
  Object.entries(procedures).map(([name, { args, results }]) => [name, { args: struct(args), results: struct(results) }]),
) as Readonly<Record<ProcedureName, Marshaller>>;

/** Throws LibvirtArgumentError, naming the field, for what libvirt would not take. */
export function encodeArgs<P extends ProcedureName>(name: P, args: ArgsOf<P>): Buffer {
  try {
    const payload = encodeValue(marshallers[name].args, args);
    if (payload.length > maxPayloadBytes)
      throw new XdrError(`the arguments have ${payload.length} bytes, and libvirt takes at most ${maxPayloadBytes}`);
    return payload;
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    throw new LibvirtArgumentError(name, error.message, error);
  }
}

/** Throws LibvirtConnectionError with reason "protocol" for bytes that are no such result. */
export function decodeResult<P extends ProcedureName>(name: P, payload: Buffer): ResultOf<P> {
  try {
    return decodeValue(marshallers[name].results, payload) as ResultOf<P>;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new LibvirtConnectionError("protocol", `${name}: the reply could not be read: ${problem}`, { cause, requestSent: true });
  }
}
