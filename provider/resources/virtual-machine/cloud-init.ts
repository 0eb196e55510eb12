// cloud-init's seed as a disk like any other: its place, its key, and what can be wrong with what is asked. Pure.
import type { Problem } from "../../errors";
import { seedProblems } from "../../cloud-init/user-data";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { asValues, containsUnknown, defined, isValues, sameValue, without } from "../values";
import { cloudInitChanges, defaultCloudInitChange } from "./cloud-init-contract";
import type { CheckedInputs, DiskInputs, EffectiveDisk, VirtualMachineInputs } from "./contract";

/** The seed disk's key: taken where there is a `cloudInit`. */
export const seedKey = "cidata";
/** The key of Ignition's file among the VM's volumes: taken where there is an `ignition`. */
export const ignitionKey = "ignition";

export const ignitionVolume = (vm: string): string => `${vm}-ignition.json`;

/** Says that the volume is made new; how large it is, its content decides. */
const seedSize = "1MiB";

type Seeded = Pick<VirtualMachineInputs, "cloudInit" | "disks"> & { readonly name: string };

/** The inputs with the seed among the disks, for everything that plans, makes and compares disks. What the state keeps are the inputs without. */
export function withSeed<Inputs extends Seeded>(inputs: Inputs): Inputs {
  const { cloudInit, disks, name } = inputs;
  if (cloudInit === undefined) return inputs;
  const { bus = "virtio", pool } = cloudInit;
  const onCdrom = bus === "sata" || bus === "ide";
  const seed: DiskInputs = {
    volume: `${name}-${seedKey}.iso`,
    size: seedSize,
    format: "raw",
    bus,
    ...(onCdrom ? { device: "cdrom" } : { readonly: true }),
    ...defined({ pool }),
  };
  return { ...inputs, disks: { ...disks, [seedKey]: seed } };
}

/** What Read made of the disks, with the seed taken out again. */
export function withoutSeed(found: CheckedInputs, { cloudInit, disks: asked }: CheckedInputs): CheckedInputs {
  if (cloudInit === undefined || found.disks === undefined) return found;
  const disks = without(found.disks, seedKey);
  return asked === undefined && Object.keys(disks).length === 0 ? without(found, "disks") : { ...found, disks };
}

function firstPool(disks: Value | undefined): Value | undefined {
  const entries = Object.entries(isValues(disks) ? disks : {}).sort(([left], [right]) => (left < right ? -1 : 1));
  return entries.map(([, disk]) => (isValues(disk) ? disk["pool"] : undefined)).find((pool) => pool !== undefined);
}

/** Fills in what is decided once and kept: the pools, and what a change does. */
export function withSeedPlaces(inputs: Values, olds: Values | undefined): Values {
  const { cloudInit, ignition, disks } = inputs;
  if (cloudInit === undefined && ignition === undefined) return inputs;
  const before = olds?.["cloudInit"];
  const first = firstPool(disks);
  const pool = (asked: Value | undefined, kept: Value | undefined) => asked ?? kept ?? first;
  const kept = asValues({ ignitionPool: ignition === undefined ? undefined : pool(inputs["ignitionPool"], olds?.["ignitionPool"]) });
  return {
    ...inputs,
    ...kept,
    cloudInitChange: inputs["cloudInitChange"] ?? defaultCloudInitChange,
    ...(isValues(cloudInit)
      ? { cloudInit: asValues({ ...cloudInit, pool: pool(cloudInit["pool"], isValues(before) ? before["pool"] : undefined) }) }
      : {}),
  };
}

/** Whether it can be said already where the seed will be. */
export const isSeedPlaceKnown = ({ cloudInit, ignitionPool }: Values): boolean =>
  cloudInit !== unknown && ignitionPool !== unknown && !(isValues(cloudInit) && containsUnknown(cloudInit["pool"]));

const isTextOrObject = (value: Value | undefined) =>
  value === undefined || value === unknown || typeof value === "string" || isValues(value);

/** No message holds anything of the values: they are secret. */
const notTextOrObject = "must be a string or an object.";
const contentFields = ["userData", "metaData", "networkConfig", "vendorData"] as const;

const needsPool = (path: string, inputs: Values, pool: Value | undefined): Problem[] =>
  pool === undefined && !containsUnknown(inputs["disks"])
    ? [{ path, reason: "is required here, as no disk is in a storage pool: name the pool that it is to be stored in." }]
    : [];

const keyTaken = (inputs: Values, key: string, by: string): Problem[] =>
  isValues(inputs["disks"]) && inputs["disks"][key] !== undefined
    ? [{ path: propertyPath(["disks", key]), reason: `cannot go with \`${by}\`, whose volume has this key: give the disk another key.` }]
    : [];

function seedProblemsOf(inputs: Values): Problem[] {
  const { cloudInit } = inputs;
  if (!isValues(cloudInit)) return [];
  const shapes = contentFields
    .filter((field) => !isTextOrObject(cloudInit[field]))
    .map((field) => ({ path: propertyPath(["cloudInit", field]), reason: notTextOrObject }));
  const across = seedProblems(cloudInit).map(({ path, reason }) => ({ path: propertyPath(["cloudInit", ...path]), reason }));
  return [...shapes, ...across, ...needsPool("cloudInit.pool", inputs, cloudInit["pool"]), ...keyTaken(inputs, seedKey, "cloudInit")];
}

function isJson(text: string): boolean {
  try {
    return isValues(JSON.parse(text) as Value);
  } catch {
    return false;
  }
}

/** Architectures whose firmware hands Ignition's configuration on. */
const fwCfgArchitectures: readonly unknown[] = ["x86_64", "i686"];

/** Why a guest of the architecture would not find it. */
export const architectureProblem = (architecture: string): Problem | undefined =>
  fwCfgArchitectures.includes(architecture)
    ? undefined
    : { path: "ignition", reason: `cannot be given to a guest of ${architecture}: fw_cfg, by which it goes, is for x86 only.` };

function ignitionProblemsOf(inputs: Values): Problem[] {
  const { ignition, host } = inputs;
  if (ignition === undefined || ignition === unknown) return [];
  const facts = isValues(host) ? host["facts"] : undefined;
  const architecture = isValues(facts) ? facts["architecture"] : undefined;
  const unfit = typeof architecture === "string" ? architectureProblem(architecture) : undefined;
  const problems = [
    ...(unfit === undefined ? [] : [unfit]),
    ...needsPool("ignitionPool", inputs, inputs["ignitionPool"]),
    ...keyTaken(inputs, ignitionKey, "ignition"),
  ];
  if (!isTextOrObject(ignition)) return [{ path: "ignition", reason: notTextOrObject }, ...problems];
  if (typeof ignition !== "string" || isJson(ignition)) return problems;
  const reason =
    "is no JSON object, which is all that Ignition reads: translate a Butane file first (`butane --strict`), or give an object.";
  return [{ path: "ignition", reason }, ...problems];
}

/** What is wrong before anything is looked at. */
export const cloudInitProblems = (inputs: Values): Problem[] => [...seedProblemsOf(inputs), ...ignitionProblemsOf(inputs)];

/** Pools whose volumes QEMU reaches by itself take no content from libvirt. */
export function seedPlaceProblems(
  effective: Readonly<Record<string, EffectiveDisk>>,
  { cloudInit }: Pick<VirtualMachineInputs, "cloudInit">,
): Problem[] {
  if (cloudInit === undefined || effective[seedKey]?.network === undefined) return [];
  const reason = `is ${JSON.stringify(cloudInit.pool)}, into whose volumes libvirt writes nothing. Name a pool whose volumes are files or local devices.`;
  return [{ path: "cloudInit.pool", reason }];
}

/** What was found of the seed as a disk, at the input that it comes from. */
export const atSeed = (problems: readonly Problem[], { cloudInit }: Pick<VirtualMachineInputs, "cloudInit">): Problem[] =>
  problems.map(({ path, reason }) => {
    const prefix = `disks.${seedKey}`;
    const isOfSeed = cloudInit !== undefined && (path === prefix || path.startsWith(`${prefix}.`));
    return { path: isOfSeed ? `cloudInit${path.slice(prefix.length)}` : path, reason };
  });

export const changeWay = ({ cloudInitChange }: { readonly cloudInitChange?: unknown }) =>
  cloudInitChanges.find((word) => word === cloudInitChange) ?? defaultCloudInitChange;

/** Ignition's file, however the program writes it. */
export const ignitionText = (ignition: unknown): string => (typeof ignition === "string" ? ignition : JSON.stringify(ignition));

/** A string is compared as what it says: order and blanks are no difference. */
export const sameIgnition = (left: Value | undefined, right: Value | undefined): boolean => {
  const meaning = (value: Value | undefined): unknown => (typeof value === "string" && isJson(value) ? JSON.parse(value) : value);
  return sameValue(meaning(left), meaning(right));
};
