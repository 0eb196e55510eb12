// The part of VirtualMachine's contract that says what a guest finds at its first boot: cloud-init's seed, Ignition's configuration.
import { z } from "zod";
import type { SeedRequest } from "../../cloud-init/user-data";

/** Buses of the seed disk. On `sata` and `ide` it is a CD-ROM, as a disk there cannot be read-only. */
export const seedBuses = ["virtio", "scsi", "usb", "sata", "ide"] as const;

export const cloudInitChanges = ["newInstanceId", "reprovision", "ignore"] as const;
export type CloudInitChange = (typeof cloudInitChanges)[number];

/** What happens to a machine whose cloud-init content changes, where the program does not say it: nothing is lost, and nothing goes unheard. */
export const defaultCloudInitChange = "newInstanceId" satisfies CloudInitChange;

const texts = z.array(z.string().min(1)).optional();

const seedUser = z
  .strictObject({
    sshKeys: texts.describe("Public keys that may log in as this user."),
    sudo: z.string().min(1).optional().describe('A rule in sudo\'s words: "ALL=(ALL) NOPASSWD:ALL". Default: none.'),
    groups: texts.describe("Further groups of the user."),
    shell: z.string().min(1).optional().describe('Login shell: "/bin/bash". Default: the image\'s.'),
    passwordHash: z
      .string()
      .min(1)
      .optional()
      .meta({ secret: true })
      .describe("Hash of the password, as `mkpasswd` gives it. Default: no password."),
    lockPassword: z.boolean().optional().describe("No login by password. Default: true without `passwordHash`, else false."),
  })
  .describe("A user that cloud-init makes.")
  .meta({ id: "CloudInitUser" });

/** A string, or an object of any content: looked at by `cloudInitProblems`, as its parts may not be known yet. */
const textOrObject = z.unknown().optional();

const cloudInit = z
  .strictObject({
    userData: textOrObject
      .meta({ secret: true })
      .describe(
        "user-data: a string, which is written as it is, or an object, which becomes a `#cloud-config` document. The short forms below (`users`, `sshKeys`, `packages`) are put into the object: their entries behind those of its own lists.",
      ),
    metaData: textOrObject
      .meta({ secret: true })
      .describe("meta-data: a string or an object. Default, and where the object does not say them: `instance-id`, and `local-hostname`."),
    networkConfig: textOrObject
      .meta({ secret: true })
      .describe("network-config (version 1 or 2): a string or an object. Default: none; cloud-init then asks DHCP on the first card."),
    vendorData: textOrObject
      .meta({ secret: true })
      .describe("vendor-data: a string, or an object, which becomes a `#cloud-config` document."),
    hostname: z.string().min(1).optional().describe("Host name of the guest. Default: the VM's name, as far as it can be one."),
    users: z.record(z.string().min(1), seedUser).optional().describe("Users to be made, by name, beside the image's own."),
    sshKeys: texts.describe("Public keys that may log in as the image's own user."),
    packages: texts.describe("Packages to be installed at the first boot."),
    pool: z
      .string()
      .min(1)
      .optional()
      .describe("Storage pool for the seed's volume. Default: that of the first disk (by key) that is in a pool; kept once given."),
    bus: z
      .enum(seedBuses)
      .meta({ id: "SeedBus" })
      .optional()
      .describe("Bus of the seed disk. Default: `virtio`, which every cloud image knows."),
  })
  .describe("What cloud-init finds on the seed disk, a small read-only disk with the label `cidata` that belongs to the VM.")
  .meta({ id: "CloudInit" });

export const cloudInitFields = {
  cloudInit: cloudInit.optional().describe("What cloud-init sets up in the guest. Default: no seed disk."),
  cloudInitChange: z
    .enum(cloudInitChanges)
    .meta({ id: "CloudInitChange" })
    .optional()
    .describe(
      "What a change of `cloudInit`'s content does to a VM that is there: `newInstanceId` (default: cloud-init runs once more, on a new seed, at the next boot; disks stay), `reprovision` (the VM is replaced, its disks with it) or `ignore` (the seed stays as it is). Of `ignition`, which runs at the first boot only: `reprovision` replaces, the others leave the VM as it is.",
    ),
  ignition: z
    .unknown()
    .optional()
    .meta({ secret: true })
    .describe(
      "Ignition configuration for Fedora CoreOS or Flatcar: a JSON string or an object, given to the guest by fw_cfg (x86 only). Default: none.",
    ),
  ignitionPool: z
    .string()
    .min(1)
    .optional()
    .describe("Storage pool, a folder, for Ignition's file. Default: that of the first disk (by key) that is in a pool; kept once given."),
};

export type CloudInitInputs = z.infer<typeof cloudInit>;

/** Only what makes content; the shapes were checked. */
export function seedRequest(inputs: CloudInitInputs): SeedRequest {
  const { userData, metaData, networkConfig, vendorData, hostname, users, sshKeys, packages } = inputs;
  return { userData, metaData, networkConfig, vendorData, hostname, users, sshKeys, packages } as SeedRequest;
}
