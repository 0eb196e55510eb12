// The documented contract of how a VirtualMachine stops, restarts and goes: a part of contract.ts.
import { z } from "zod";
import { crashActions, powerActions } from "../../plan/platform";
import type { ShutdownMode } from "../../libvirt/port";

const powerAction = z.enum(powerActions).meta({ id: "PowerAction" });

const shutdownModes = ["auto", "acpi", "agent"] as const satisfies readonly ShutdownMode[];

/** What keeps a machine from being deleted over its snapshots. */
export const snapshotChoices = ["refuse", "delete"] as const;

/** How a machine is stopped, and what may happen to it when it is deleted. */
export const lifecycleFields = {
  shutdownMode: z
    .enum(shutdownModes)
    .meta({ id: "ShutdownMode" })
    .optional()
    .describe(
      "How the guest is asked to stop: by its guest agent where one is connected, else by the power button (`auto`), by the power button (`acpi`), or by its agent alone (`agent`). Default: `auto`.",
    ),
  stopOnDelete: z
    .boolean()
    .optional()
    .describe(
      "Stop the VM when it is deleted (gracefully, as `shutdownMode` and `shutdownTimeoutSeconds` say). `false`: deleting or replacing it is refused while it runs, is paused or lies saved. Default: true.",
    ),
  snapshotsOnDelete: z
    .enum(snapshotChoices)
    .meta({ id: "SnapshotsOnDelete" })
    .optional()
    .describe(
      "What happens to snapshots when the VM is deleted: deleting it is refused while it has some (`refuse`), or they are deleted with it (`delete`). What an external snapshot holds of a disk that is kept is kept with it. Default: `refuse`.",
    ),
  restartTriggers: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "Texts by a name of your own: when one of them changes, the running VM is restarted gracefully, at once, whatever `applyChanges` says. A digest of a configuration that the guest reads when it boots, say.",
    ),
};

/** What libvirt does when the guest powers off, reboots or crashes. They are fields of the platform table. */
export const lifecycleActionFields = {
  onPoweroff: powerAction
    .optional()
    .describe("When the guest powers off: end the VM (`destroy`) or start it anew (`restart`). Default: `destroy`."),
  onReboot: powerAction
    .optional()
    .describe("When the guest reboots: start it anew (`restart`) or end the VM (`destroy`). Default: `restart`."),
  onCrash: z
    .enum(crashActions)
    .meta({ id: "CrashAction" })
    .optional()
    .describe(
      "When the guest crashes (it tells so through its panic device): end the VM (`destroy`), start it anew (`restart`), keep it as it is for a look (`preserve`), or first write its memory to a file on the host (`coredump-destroy`, `coredump-restart`). Default: `destroy`.",
    ),
};
