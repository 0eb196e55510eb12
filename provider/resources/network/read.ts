// read: the network as the host has it now, for refresh and import.
import { RefusedError } from "../../errors";
import type { NetworkRecord } from "../../libvirt/port";
import { parseNetwork } from "../../xml/parse-network";
import type { Call, Observed, Values } from "../resource";
import { isUuid } from "../uuid";
import { asValues } from "../values";
import type { CheckedInputs } from "./contract";
import { modeOf, networkModes } from "./network-modes";
import { driftedInputs, importedInputs } from "./observed-inputs";
import { stateOf } from "./state";
import { hostsOfVms, type IsOfVm } from "./vm-hosts";

export async function read(
  { id, oldInputs }: { readonly id: string; readonly oldInputs?: Values | undefined },
  call: Call,
): Promise<Observed | undefined> {
  const record = await find(id, oldInputs === undefined, call);
  if (record === undefined) return undefined;
  const olds = oldInputs as unknown as CheckedInputs | undefined;
  const isOfVm = await hostsOfVms(record, olds, call);
  const inputs = olds === undefined ? imported(id, record, isOfVm) : driftedInputs(olds, record, isOfVm);
  return { id: record.uuid, inputs: asValues(inputs), state: stateOf(inputs, record) };
}

/** An import may name the network; its UUID is tried first. */
async function find(id: string, byName: boolean, { services, signal }: Call): Promise<NetworkRecord | undefined> {
  const { libvirt } = services;
  const byUuid = isUuid(id) ? await libvirt.findNetworkByUuid(id, { signal }) : undefined;
  return byUuid ?? (byName ? libvirt.findNetwork(id, { signal }) : undefined);
}

const refusal = (id: string, reason: string) => new RefusedError([{ path: "id", reason: `is ${JSON.stringify(id)}, ${reason}` }]);

function imported(id: string, record: NetworkRecord, isOfVm: IsOfVm): CheckedInputs {
  if (!record.persistent) {
    throw refusal(
      id,
      "a transient network: it has no definition that could be kept. Define it first: virsh net-dumpxml, then virsh net-define.",
    );
  }
  const network = parseNetwork(record.xml);
  const mode = modeOf(network);
  if (mode !== undefined) return importedInputs(mode, record, isOfVm);
  const what = `with forward mode ${network.forward?.mode ?? "none"}${network.virtualPort === undefined ? "" : ` and virtual port ${network.virtualPort}`}`;
  throw refusal(id, `a network ${what} as this provider does not manage it; it does: ${networkModes.join(", ")}, with devices by name.`);
}
