// The port's verbs about what a running domain can be changed in. They touch the run alone; the definition is changed by defining it.
import { domainAffectFlags, domainBlockResizeFlags, domainLifecycleActions, domainLifecycles, domainMetadataTypes } from "node-libvirt";
import type { HostConnection } from "./connection";
import { aboutDomain, domainRef } from "./domain-ref";
import type { Libvirt, LifecycleAction } from "./port";
import { unplugDevice } from "./unplug-device";

type LiveVerb =
  | "setLiveDescription"
  | "setLiveLifecycleAction"
  | "setLiveMemory"
  | "setLiveVcpus"
  | "attachLiveDevice"
  | "detachLiveDevice"
  | "unplugLiveDevice"
  | "updateLiveDevice"
  | "setLiveBlockIoTune"
  | "resizeLiveDisk";

const flags = domainAffectFlags.LIVE;

const lifecycles = {
  poweroff: domainLifecycles.POWEROFF,
  reboot: domainLifecycles.REBOOT,
  crash: domainLifecycles.CRASH,
} as const satisfies Record<LifecycleAction["event"], number>;

const lifecycleActions = {
  destroy: domainLifecycleActions.DESTROY,
  restart: domainLifecycleActions.RESTART,
  preserve: domainLifecycleActions.PRESERVE,
  "coredump-destroy": domainLifecycleActions.COREDUMP_DESTROY,
  "coredump-restart": domainLifecycleActions.COREDUMP_RESTART,
} as const satisfies Record<LifecycleAction["action"], number>;

export function liveDomainVerbs(host: HostConnection): Pick<Libvirt, LiveVerb> {
  return {
    setLiveDescription: async (uuid, description, options) => {
      await host.call("domainSetMetadata", {
        ...aboutDomain("Setting the description of", uuid, options),
        // No text at all removes the element.
        args: { dom: domainRef(uuid), type: domainMetadataTypes.DESCRIPTION, metadata: description === "" ? null : description, flags },
      });
    },
    setLiveLifecycleAction: async (uuid, { event, action }, options) => {
      await host.call("domainSetLifecycleAction", {
        ...aboutDomain(`Setting what happens on ${event} of`, uuid, options),
        args: { dom: domainRef(uuid), type: lifecycles[event], action: lifecycleActions[action], flags },
      });
    },
    setLiveMemory: async (uuid, memoryKiB, options) => {
      await host.call("domainSetMemoryFlags", {
        ...aboutDomain("Setting the memory of", uuid, options),
        args: { dom: domainRef(uuid), memory: BigInt(memoryKiB), flags },
      });
    },
    setLiveVcpus: async (uuid, count, options) => {
      await host.call("domainSetVcpusFlags", {
        ...aboutDomain("Setting the number of vCPUs of", uuid, options),
        args: { dom: domainRef(uuid), nvcpus: count, flags },
      });
    },
    attachLiveDevice: async (uuid, xml, options) => {
      await host.callSlowly("domainAttachDeviceFlags", {
        ...aboutDomain("Attaching a device to", uuid, options),
        args: { dom: domainRef(uuid), xml, flags },
      });
    },
    detachLiveDevice: async (uuid, xml, options) => {
      await host.callSlowly("domainDetachDeviceFlags", {
        ...aboutDomain("Detaching a device from", uuid, options),
        args: { dom: domainRef(uuid), xml, flags },
      });
    },
    updateLiveDevice: async (uuid, xml, options) => {
      await host.callSlowly("domainUpdateDeviceFlags", {
        ...aboutDomain("Changing a device of", uuid, options),
        args: { dom: domainRef(uuid), xml, flags },
      });
    },
    unplugLiveDevice: (uuid, alias, options) => unplugDevice(host, uuid, alias, options),
    setLiveBlockIoTune: async (uuid, target, limits, options) => {
      const params = Object.entries(limits).map(([field, value]) => ({ field, type: "ullong" as const, value: BigInt(value) }));
      await host.call("domainSetBlockIoTune", {
        ...aboutDomain(`Limiting the disk ${target} of`, uuid, options),
        args: { dom: domainRef(uuid), disk: target, params, flags },
      });
    },
    resizeLiveDisk: async (uuid, target, capacityBytes, options) => {
      await host.callSlowly("domainBlockResize", {
        ...aboutDomain(`Growing the disk ${target} of`, uuid, options),
        args: { dom: domainRef(uuid), disk: target, size: BigInt(capacityBytes), flags: domainBlockResizeFlags.BYTES },
      });
    },
  };
}
