/** 20,000 damaged replies: each call ends, in time, in a result or in an error of this package; nothing crashes or hangs. */
import fc from "fast-check";
import { connect } from "./connection";
import { LibvirtConnectionError, LibvirtError, LibvirtTimeoutError } from "./errors";
import type { ProcedureName } from "./procedures";
import { errorBytes, replyBytes, serve, streamPair } from "./testing/fake-daemon";
import type { FakeCall } from "./testing/fake-daemon";
import { array, encodeValue, i32, string, struct, u32 } from "./xdr";
import { domain, domainStatsRecord } from "./wire-types";

const totalReplies = 20_000;
const atOnce = 100;
const seed = 20_260_101;
/** The damage may hide the reply (a longer length, another type); then only the time limit ends the call. */
const timeoutMs = 40;

type Mutation =
  | { readonly kind: "flip"; readonly at: number; readonly bit: number }
  | { readonly kind: "set"; readonly at: number; readonly value: number }
  | { readonly kind: "word"; readonly at: number; readonly value: number }
  | { readonly kind: "cut"; readonly at: number }
  | { readonly kind: "insert"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "repeat"; readonly at: number };

// Positions are fractions of the reply, weighted towards its header, where damage does most.
const anAt = fc.oneof(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.double({ min: 0, max: 0.2, noNaN: true }));
const aMutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: anAt, bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant("set" as const), at: anAt, value: fc.nat({ max: 255 }) }),
  fc.record({ kind: fc.constant("word" as const), at: anAt, value: fc.constantFrom(0, 1, 2, 28, 0x7fff_ffff, 0xffff_ffff, 0x0200_0004) }),
  fc.record({ kind: fc.constant("cut" as const), at: anAt }),
  fc.record({ kind: fc.constant("insert" as const), at: anAt, bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  fc.record({ kind: fc.constant("repeat" as const), at: anAt }),
);
const aDamage = fc.record({
  mutations: fc.array(aMutation, { minLength: 1, maxLength: 3 }),
  kind: fc.constantFrom("domain" as const, "stats" as const, "xml" as const, "error" as const),
  hangUp: fc.boolean(),
});

function damage(bytes: Buffer, mutation: Mutation): Buffer {
  const at = Math.floor(mutation.at * bytes.length);
  const copy = Buffer.from(bytes);
  switch (mutation.kind) {
    case "flip":
      copy[at] = (copy[at] ?? 0) ^ (1 << mutation.bit);
      return copy;
    case "set":
      copy[at] = mutation.value;
      return copy;
    case "word":
      if (at + 4 <= copy.length) copy.writeUInt32BE(mutation.value, at - (at % 4));
      return copy;
    case "cut":
      return copy.subarray(0, at);
    case "insert":
      return Buffer.concat([copy.subarray(0, at), mutation.bytes, copy.subarray(at)]);
    case "repeat":
      return Buffer.concat([copy, copy.subarray(at)]);
  }
}

const dom = { name: "vm", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 3 };
const params = [
  { field: "state.state", type: "int" as const, value: 1 },
  { field: "cpu.time", type: "ullong" as const, value: 123_456_789n },
  { field: "block.0.name", type: "string" as const, value: "vda" },
];
const kinds = {
  domain: {
    name: "connectListAllDomains",
    args: { needResults: true, flags: 0 },
    payload: encodeValue(struct({ domains: array(domain, 10), ret: u32 }), { domains: [dom, dom], ret: 2 }),
  },
  stats: {
    name: "connectGetAllDomainStats",
    args: { doms: [], stats: 0, flags: 0 },
    payload: encodeValue(struct({ retStats: array(domainStatsRecord, 10) }), { retStats: [{ dom, params }] }),
  },
  xml: { name: "domainGetXmlDesc", args: { dom, flags: 0 }, payload: encodeValue(struct({ xml: string }), { xml: "<domain/>" }) },
  error: { name: "domainGetState", args: { dom, flags: 0 }, payload: encodeValue(struct({ a: i32, b: i32 }), { a: 1, b: 2 }) },
} as const satisfies Record<string, { name: ProcedureName; args: object; payload: Buffer }>;

/** Connects over an in-memory stream, makes one call, and answers it with damaged bytes. */
async function callWithDamage({
  mutations,
  kind,
  hangUp,
}: {
  mutations: Mutation[];
  kind: keyof typeof kinds;
  hangUp: boolean;
}): Promise<string> {
  const { name, args, payload } = kinds[kind];
  const onCall = ({ name: called, message, client }: FakeCall) => {
    if (called !== name) return false;
    const good = kind === "error" ? errorBytes(message, { code: 42, message: "Domain not found" }) : replyBytes(message, payload);
    client.sendRaw(mutations.reduce(damage, good));
    if (hangUp) setImmediate(() => client.stream.destroy());
    return true;
  };
  const openStream = () => {
    const [ours, daemons] = streamPair();
    serve(daemons, { onCall });
    return Promise.resolve(ours);
  };
  const conn = await connect({ uri: "test:///default", openStream, keepAlive: false, timeoutMs: 5_000 });
  try {
    await conn.call(name, args, { timeoutMs });
    return "result";
  } catch (error) {
    if (error instanceof LibvirtError) return "libvirt error";
    if (error instanceof LibvirtConnectionError) return error.reason;
    if (error instanceof LibvirtTimeoutError) return "timed out";
    throw error;
  } finally {
    void conn.close();
  }
}

test(`${totalReplies} damaged replies end in time and in order`, async () => {
  const damages = fc.sample(aDamage, { numRuns: totalReplies, seed });
  const outcomes = new Map<string, number>();
  let next = 0;
  const worker = async () => {
    for (let item = damages[next++]; item !== undefined; item = damages[next++]) {
      const outcome = await callWithDamage(item);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(totalReplies);
  // Every kind of end was really reached, so the damage was of every kind too.
  expect([...outcomes.keys()].sort()).toEqual(["closed", "libvirt error", "protocol", "result", "timed out"]);
}, 120_000);
