// update: brings the network to what is asked, by a new definition over its UUID; entries change live, the rest at once where no running VM is on it.
import { RefusedError } from "../../errors";
import type { NetworkRecord } from "../../libvirt/port";
import { networkXml, type NetworkRequest } from "../../xml/network-xml";
import { parseNetwork } from "../../xml/parse-network";
import { sameXml } from "../../xml/same-xml";
import { propertyPath } from "../property-path";
import type { Call, DiffRequest, Stored, Values } from "../resource";
import { unknown } from "../resource";
import { defined } from "../values";
import type { CheckedInputs } from "./contract";
import { networkChanges, waitingChanges } from "./diff";
import { applyLive, liveChanges } from "./live-entries";
import type { CellChange } from "./network-fields";
import { networkLock } from "./network-lock";
import { isNetworkMode, rulesOf } from "./network-modes";
import { networkRequest } from "./network-request";
import { defineNetwork, startNetwork, stopNetwork } from "./network-steps";
import { stateOf, waitingCells } from "./state";
import { listed, networkUsers, refuseUsers } from "./users";
import { hostsOfVms, keepingHosts } from "./vm-hosts";

export async function update(
  { id, oldInputs, oldState, news, preview }: DiffRequest & { readonly preview: boolean },
  call: Call,
): Promise<Stored> {
  if (preview) return { state: await previewUpdate({ id, oldInputs, oldState, news }, call) };
  const inputs = news as unknown as CheckedInputs;
  return networkLock(call, inputs.name, async () => {
    await converge(inputs, await found(id, inputs.name, call), call);
    return { state: stateOf(inputs, await found(id, inputs.name, call)) };
  });
}

async function found(id: string, name: string, { services, signal }: Call): Promise<NetworkRecord> {
  const record = await services.libvirt.findNetworkByUuid(id, { signal });
  if (record !== undefined) return record;
  throw new RefusedError([
    { path: "name", reason: `is ${JSON.stringify(name)}, a network that the host has no longer: run pulumi refresh, then up.` },
  ]);
}

const pathsOf = (changes: readonly CellChange[]) => listed(changes.map(({ path }) => propertyPath(path)));

/** Says what will be when; refuses what will be refused. */
async function previewUpdate(
  { id, oldInputs, oldState, news }: Pick<DiffRequest, "id" | "oldInputs" | "oldState" | "news">,
  call: Call,
): Promise<Values> {
  const { name } = oldInputs as unknown as CheckedInputs;
  const record = await found(id, name, call);
  const mode = news["mode"];
  const hasOwnBridge = !isNetworkMode(mode) || rulesOf(mode).ownBridge;
  const waiting = waitingChanges(networkChanges(oldInputs, news), hasOwnBridge);
  const isStopping = news["active"] === false;
  const users = record.active && (isStopping || waiting.length > 0) ? await networkUsers(record, call) : [];
  if (isStopping) refuseUsers("active", "is false", name, users);
  else if (record.active && waiting.length > 0) announce(pathsOf(waiting), name, users, call);
  const { uuid, bridge } = oldState;
  const isOther = waiting.some(({ field }) => field === "bridge" || field === "mode");
  const nowBridge = isOther ? (news["bridge"] ?? (hasOwnBridge ? unknown : undefined)) : bridge;
  return {
    ...news,
    ...defined({ uuid, bridge: nowBridge }),
    pendingChanges: users.length > 0 ? unknown : waiting.length > 0 ? [] : (oldState["pendingChanges"] ?? []),
  };
}

function announce(paths: string, name: string, users: readonly string[], { log }: Call): void {
  if (users.length === 0) {
    log.info(`${paths}: takes effect at once, by a stop and a start of the network ${name}: no running VM is on it.`);
    return;
  }
  log.warn(
    `${paths}: takes effect at the next start of the network ${name}, as running VMs are on it, which a stop would cut off: ${listed(users)}. Until then it is in \`pendingChanges\`. Sooner: stop those VMs and run again with any change, or virsh net-destroy and net-start.`,
  );
}

async function converge(inputs: CheckedInputs, record: NetworkRecord, call: Call): Promise<void> {
  const { services, signal } = call;
  if (!inputs.active) refuseUsers("active", "is false", inputs.name, await networkUsers(record, call));
  const isOfVm = await hostsOfVms(record, inputs, call);
  const request = keepingHosts(networkRequest(inputs, record.uuid), parseNetwork(record.liveXml ?? record.xml), isOfVm);
  const xml = networkXml(request, record.xml);
  // One that lost its definition to other hands gets one again.
  if (!record.persistent || !sameXml(xml, record.xml)) await defineNetwork(inputs, xml, call);
  if (!inputs.active) await (record.active ? stopNetwork(inputs, call) : undefined);
  else if (record.liveXml === undefined) await startNetwork(inputs, call);
  else await convergeLive(inputs, request, { ...record, liveXml: record.liveXml }, call);
  if (record.autostart !== inputs.autostart) await services.libvirt.setNetworkAutostart(inputs.name, inputs.autostart, { signal });
}

/** A running network: a new start where something waits for one and nobody minds; else its entries, one by one. */
async function convergeLive(
  inputs: CheckedInputs,
  request: NetworkRequest,
  record: NetworkRecord & { readonly liveXml: string },
  call: Call,
): Promise<void> {
  const { ownBridge } = rulesOf(inputs.mode);
  // libvirt may have filled in what the definition did not say.
  const { xml } = await found(record.uuid, inputs.name, call);
  const waiting = waitingChanges(waitingCells(xml, record.liveXml), ownBridge);
  const users = waiting.length > 0 ? await networkUsers(record, call) : [];
  if (waiting.length > 0 && users.length === 0) {
    await stopNetwork(inputs, call);
    await startNetwork(inputs, call);
    return;
  }
  const live = parseNetwork(record.liveXml);
  const isOtherKind = waiting.some(({ field }) => field === "mode");
  if (!isOtherKind) await applyLive(inputs.name, liveChanges(live, request, ownBridge), call);
  if (waiting.length > 0) announce(pathsOf(waiting), inputs.name, users, call);
}
