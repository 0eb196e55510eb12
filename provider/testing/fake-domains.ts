// The domain verbs of the fake.
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions, DomainName, DomainRecord, DomainRef, Libvirt } from "../libvirt/port";
import {
  bytesPerKiB,
  devicesOf,
  disksOf,
  interfacesOf,
  liveXmlOf,
  macOf,
  normalised,
  openDisk,
  refuseLiveChange,
  targetOf,
  validateDefinition,
  validateDisk,
  validateInterface,
  withoutId,
} from "./fake-definition";
import { fakeSnapshotVerbs } from "./fake-snapshots";
import { domainOf, fakeError, fileChain, newUuid, runningDomainOf } from "./fake-state";
import type { FakeDomain, FakeFile, FakeState } from "./fake-state";
import { append, at, bytesOf, rootElement, setText, textAt, xmlText } from "./fake-xml";
import type { Element } from "./fake-xml";

const pollMs = 5;

export type DomainVerbs = Pick<
  Libvirt,
  | "listDomains"
  | "findDomain"
  | "defineDomain"
  | "startDomain"
  | "requestShutdown"
  | "destroyDomain"
  | "pauseDomain"
  | "resumeDomain"
  | "undefineDomain"
  | "setAutostart"
  | "setLiveDescription"
  | "setLiveLifecycleAction"
  | "setLiveMemory"
  | "setLiveVcpus"
  | "attachLiveDevice"
  | "detachLiveDevice"
  | "unplugLiveDevice"
  | "updateLiveDevice"
  | "domainInterfaceAddresses"
  | "waitForGuestNews"
  | "setLiveBlockIoTune"
  | "resizeLiveDisk"
  | "waitForState"
  | "saveDomain"
  | "savedXml"
  | "redefineSaved"
  | "dropSaved"
  | "listSnapshots"
  | "deleteSnapshot"
  | "createProbeDomain"
>;

const byRef = (state: FakeState, ref: DomainRef) =>
  "uuid" in ref ? state.domains.get(ref.uuid) : [...state.domains.values()].find(({ name }) => name === ref.name);

const recordOf = ({ name, uuid, id, state, persistent, autostart, inactiveXml, liveXml, savedXml }: FakeDomain): DomainRecord => ({
  name,
  uuid,
  id,
  state,
  persistent,
  autostart,
  inactiveXml,
  liveXml,
  hasManagedSave: savedXml !== undefined,
});

/** Ends a run; a transient domain is gone with it. */
export function stopFakeDomain(state: FakeState, domain: FakeDomain): void {
  domain.id = undefined;
  domain.liveXml = undefined;
  domain.state = "stopped";
  if (!domain.persistent) state.domains.delete(domain.uuid);
  state.events.emit("news");
}

function run(state: FakeState, domain: FakeDomain, xml: string, paused: boolean): void {
  disksOf(rootElement(xml)).forEach((disk) => openDisk(state, disk, "process exited while connecting to monitor: "));
  domain.id = state.nextId++;
  domain.liveXml = withChains(state, liveXmlOf(xml, domain.id));
  domain.state = paused ? "paused" : "running";
}

/** A running disk shows its backing files, nearest outermost. */
function withChains(state: FakeState, liveXml: string): string {
  const root = rootElement(liveXml);
  for (const disk of disksOf(root)) {
    const path = at(disk, "source")?.getAttribute("file") ?? at(disk, "source")?.getAttribute("dev");
    if (path === null || path === undefined) continue;
    const [, ...backing] = fileChain(state, path);
    backing.reduce((parent, file) => appendBacking(parent, file), disk);
  }
  return xmlText(root);
}

function appendBacking(parent: Element, { path, format }: FakeFile): Element {
  const store = setText(parent, "backingStore", "");
  store.setAttribute("type", "file");
  setText(store, "format", "").setAttribute("type", format);
  setText(store, "source", "").setAttribute("file", path);
  return store;
}

function define(state: FakeState, xml: string): DomainName {
  const root = rootElement(xml);
  validateDefinition(root);
  const name = textAt(root, "name") ?? "";
  const namesake = byRef(state, { name });
  const uuid = textAt(root, "uuid") ?? newUuid();
  const known = state.domains.get(uuid);
  if (namesake && namesake.uuid !== uuid)
    throw fakeError("operationFailed", `operation failed: domain '${name}' already exists with uuid ${namesake.uuid}`);
  if (known && known.name !== name)
    throw fakeError("operationFailed", `operation failed: domain '${known.name}' is already defined with uuid ${uuid}`);
  const inactiveXml = normalised(xml, uuid);
  if (known) Object.assign(known, { inactiveXml, persistent: true });
  else
    state.domains.set(uuid, {
      uuid,
      name,
      state: "stopped",
      persistent: true,
      autostart: false,
      inactiveXml,
      obeysShutdown: true,
      snapshots: [],
      guestOnUnplug: "lets go",
    });
  return { name, uuid };
}

/** Edits the running definition in place. */
function editLive(state: FakeState, uuid: string, edit: (root: Element) => void): void {
  const domain = runningDomainOf(state, uuid);
  const root = rootElement(domain.liveXml);
  edit(root);
  domain.liveXml = xmlText(root);
}

function savedOf(state: FakeState, uuid: string): FakeDomain & { savedXml: string } {
  const domain = domainOf(state, uuid);
  if (domain.savedXml === undefined)
    throw fakeError("operationInvalid", "Requested operation is not valid: domain does not have managed save image");
  return domain as FakeDomain & { savedXml: string };
}

/** libvirt changes the password of a running display, and nothing else. */
function changeDisplay(root: Element, device: Element): void {
  const running = devicesOf(root).find((each) => each.nodeName === "graphics" && each.getAttribute("type") === device.getAttribute("type"));
  if (!running) throw fakeError("deviceMissing", "device not found: cannot find existing graphics device to modify");
  const fixed = ["port", "autoport", "listen", "keymap"];
  if (fixed.some((name) => running.getAttribute(name) !== device.getAttribute(name)))
    throw fakeError("operationUnsupported", "Operation not supported: cannot change settings on graphics");
  running.setAttribute("passwd", device.getAttribute("passwd") ?? "");
}

/** Finds the live disk that a device's XML names. */
function liveDisk(root: Element, target: string): Element {
  const disk = disksOf(root).find((each) => targetOf(each) === target);
  if (!disk) throw fakeError("deviceMissing", `device not found: disk ${target} not found`);
  return disk;
}

async function waitFor(
  state: FakeState,
  uuid: string,
  wanted: "stopped" | "running",
  { timeoutMs, signal }: CallOptions & { timeoutMs: number },
) {
  const end = Date.now() + timeoutMs;
  const reached = () => (state.domains.get(uuid)?.state ?? "stopped") === wanted;
  while (!reached()) {
    if (Date.now() >= end) return false;
    await sleep(Math.min(pollMs, timeoutMs), undefined, signal ? { signal } : {});
  }
  return true;
}

function lifecycleVerbs(state: FakeState, owner: object) {
  return {
    listDomains: async () => [...state.domains.values()].map(({ name, uuid }) => ({ name, uuid })),
    findDomain: async (ref) => {
      const domain = byRef(state, ref);
      return domain && recordOf(domain);
    },
    defineDomain: async (xml) => define(state, xml),
    startDomain: async (uuid, options) => {
      const domain = domainOf(state, uuid);
      if (domain.liveXml !== undefined) throw fakeError("operationInvalid", "Requested operation is not valid: domain is already running");
      run(state, domain, domain.savedXml ?? domain.inactiveXml, options?.paused === true);
      domain.savedXml = undefined;
    },
    requestShutdown: async (uuid, options) => {
      const domain = runningDomainOf(state, uuid);
      if (options?.by === "agent" && domain.addresses?.agent === undefined)
        throw fakeError("argumentUnsupported", "argument unsupported: QEMU guest agent is not configured");
      if (domain.obeysShutdown) setImmediate(() => stopFakeDomain(state, domain));
    },
    destroyDomain: async (uuid) => {
      const domain = state.domains.get(uuid);
      if (domain) stopFakeDomain(state, domain);
    },
    pauseDomain: async (uuid) => {
      runningDomainOf(state, uuid).state = "paused";
    },
    resumeDomain: async (uuid) => {
      runningDomainOf(state, uuid).state = "running";
    },
    undefineDomain: async (uuid) => {
      const domain = state.domains.get(uuid);
      if (!domain) return;
      Object.assign(domain, { persistent: false, autostart: false, savedXml: undefined });
      if (domain.liveXml === undefined) state.domains.delete(uuid);
    },
    setAutostart: async (uuid, autostart) => {
      const domain = domainOf(state, uuid);
      if (!domain.persistent)
        throw fakeError("operationInvalid", "Requested operation is not valid: cannot set autostart for transient domain");
      domain.autostart = autostart;
    },
    waitForState: (uuid, wanted, options) => waitFor(state, uuid, wanted, options),
    createProbeDomain: async (xml) => {
      const { uuid, name } = define(state, xml);
      const domain = domainOf(state, uuid);
      Object.assign(domain, { persistent: false, owner });
      try {
        run(state, domain, domain.inactiveXml, true);
      } catch (error) {
        state.domains.delete(uuid);
        throw error;
      }
      return { name, uuid };
    },
  } satisfies Partial<Libvirt>;
}

function liveVerbs(state: FakeState) {
  return {
    setLiveDescription: async (uuid, description) =>
      editLive(state, uuid, (root) => {
        if (description === "") at(root, "description")?.remove();
        else setText(root, "description", description);
      }),
    setLiveLifecycleAction: async (uuid, { event, action }) =>
      editLive(state, uuid, (root) => {
        setText(root, `on_${event}`, action);
        if (textAt(root, "on_poweroff") === "restart" && textAt(root, "on_reboot") === "destroy")
          throw fakeError(
            "configUnsupported",
            "unsupported configuration: qemu driver doesn't support 'onReboot' set to 'destroy and 'onPoweroff' set to 'reboot'",
          );
      }),
    setLiveMemory: async (uuid, memoryKiB) =>
      editLive(state, uuid, (root) => {
        if (memoryKiB > bytesOf(at(root, "memory"), "KiB") / bytesPerKiB) {
          throw fakeError("invalidArgument", "invalid argument: cannot set memory higher than max memory");
        }
        setText(root, "currentMemory", String(memoryKiB)).setAttribute("unit", "KiB");
      }),
    setLiveVcpus: async (uuid, count) =>
      editLive(state, uuid, (root) => {
        const vcpu = at(root, "vcpu");
        const max = Number(vcpu?.textContent);
        if (count > max)
          throw fakeError(
            "invalidArgument",
            `invalid argument: requested vcpus is greater than max allowable vcpus for the live domain: ${count} > ${max}`,
          );
        vcpu?.setAttribute("current", String(count));
      }),
    attachLiveDevice: async (uuid, deviceXml) =>
      editLive(state, uuid, (root) => {
        const device = rootElement(deviceXml);
        if (device.nodeName === "interface") validateInterface(device);
        if (device.nodeName === "disk") {
          validateDisk(device);
          if (disksOf(root).some((disk) => targetOf(disk) === targetOf(device))) {
            throw fakeError("xmlError", `XML error: target '${targetOf(device)}' duplicated for disk sources`);
          }
          openDisk(state, device, "unable to execute QEMU command 'blockdev-add': ");
        }
        append(at(root, "devices") ?? root, device);
      }),
    detachLiveDevice: async (uuid, deviceXml) => editLive(state, uuid, (root) => liveDisk(root, targetOf(rootElement(deviceXml))).remove()),
    unplugLiveDevice: async (uuid, alias) => {
      const { guestOnUnplug } = domainOf(state, uuid);
      if (guestOnUnplug !== "lets go") return guestOnUnplug === "refuses" ? "refused" : "waiting";
      editLive(state, uuid, (root) =>
        devicesOf(root)
          .find((device) => at(device, "alias")?.getAttribute("name") === alias)
          ?.remove(),
      );
      return "removed";
    },
    updateLiveDevice: async (uuid, deviceXml) =>
      editLive(state, uuid, (root) => {
        const device = rootElement(deviceXml);
        if (device.nodeName === "graphics") {
          changeDisplay(root, device);
          return;
        }
        const running = interfacesOf(root).find((each) => macOf(each) === macOf(device));
        if (!running) throw fakeError("deviceMissing", `device not found: no device matching MAC address ${macOf(device)} found`);
        validateInterface(device);
        refuseLiveChange(running, device);
        at(root, "devices")?.replaceChild(root.ownerDocument!.importNode(device, true), running);
      }),
    setLiveBlockIoTune: async (uuid, target, limits) =>
      editLive(state, uuid, (root) => {
        const disk = liveDisk(root, target);
        at(disk, "iotune")?.remove();
        const iotune = rootElement("<iotune/>");
        for (const [name, value] of Object.entries(limits)) if (value !== 0) setText(iotune, name, String(value));
        if (iotune.childNodes.length > 0) append(disk, iotune);
      }),
    resizeLiveDisk: async (uuid, target, capacityBytes) =>
      editLive(state, uuid, (root) => {
        const disk = disksOf(root).find((each) => targetOf(each) === target);
        if (!disk) throw fakeError("invalidArgument", `invalid argument: disk '${target}' was not found in the domain config`);
        const path = at(disk, "source")?.getAttribute("file") ?? "";
        const file = state.files.get(path);
        if (file) file.capacityBytes = capacityBytes;
      }),
  } satisfies Partial<Libvirt>;
}

function saveVerbs(state: FakeState) {
  return {
    saveDomain: async (uuid) => {
      const domain = runningDomainOf(state, uuid);
      if (!domain.persistent)
        throw fakeError("operationInvalid", "Requested operation is not valid: cannot do managed save for transient domain");
      domain.savedXml = withoutId(domain.liveXml);
      stopFakeDomain(state, domain);
    },
    savedXml: async (uuid) => savedOf(state, uuid).savedXml,
    redefineSaved: async (uuid, xml) => {
      const domain = savedOf(state, uuid);
      validateDefinition(rootElement(xml));
      domain.savedXml = normalised(xml, uuid);
    },
    dropSaved: async (uuid) => {
      domainOf(state, uuid).savedXml = undefined;
    },
  } satisfies Partial<Libvirt>;
}

/** "192.0.2.1/24" as libvirt tells it. */
function shownAddress(text: string) {
  const [address = "", prefix] = text.split("/");
  return prefix === undefined ? { address } : { address, prefix: Number(prefix) };
}

function addressVerbs(state: FakeState) {
  return {
    domainInterfaceAddresses: async (uuid, source) => {
      const { addresses, liveXml } = domainOf(state, uuid);
      const told = liveXml === undefined ? undefined : (addresses?.[source] ?? (source === "agent" ? undefined : {}));
      return told && Object.entries(told).map(([mac, texts]) => ({ name: "eth0", mac, addresses: texts.map(shownAddress) }));
    },
    waitForGuestNews: (_uuid, { timeoutMs, signal }) =>
      new Promise((resolve, reject) => {
        const done = () => {
          clearTimeout(timer);
          state.events.off("news", done);
          if (signal?.aborted) reject(new Error("aborted"));
          else resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        state.events.once("news", done);
        signal?.addEventListener("abort", done, { once: true });
      }),
  } satisfies Partial<Libvirt>;
}

/** `owner` stands for the connection. */
export function fakeDomainVerbs(state: FakeState, owner: object): DomainVerbs {
  return { ...lifecycleVerbs(state, owner), ...liveVerbs(state), ...addressVerbs(state), ...saveVerbs(state), ...fakeSnapshotVerbs(state) };
}
