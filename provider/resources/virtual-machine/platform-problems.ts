// What is wrong with a VM's firmware and platform as asked, all at once: what libvirt would refuse, or what contradicts itself. Pure.
import type { Problem } from "../../errors";
import { canonicalCpuSet, cpuSetMembers } from "../../plan/cpu-set";
import { formatSize } from "../../plan/size";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues, sizeBytes } from "../values";
import { valueAt } from "./platform-fields";

type Rule = (inputs: Values, isNew: boolean) => readonly Problem[];

const at = (inputs: Values, path: string) => valueAt(inputs, path.split("."));
/** Said, and not merely perhaps. */
const isGiven = (inputs: Values, path: string) => at(inputs, path) !== undefined && at(inputs, path) !== unknown;
const problem = (path: string, reason: string): Problem[] => [{ path, reason }];
const mostCpus = ({ maxCpus, cpus }: Values): Value | undefined => maxCpus ?? cpus ?? 1;

/** Machine types that have system management mode, or (Arm) do without. */
const securable = /^(q35|pc-q35-.*|virt|virt-.*)$/;

const firmwareRules: readonly Rule[] = [
  ({ firmware, uefi }) =>
    uefi === undefined || firmware === "uefi" || firmware === unknown
      ? []
      : problem("uefi", 'is for `firmware: "uefi"`: say that, or leave this out.'),
  (inputs, isNew) => {
    const { machine } = inputs;
    if (at(inputs, "uefi.secureBoot") !== true) return [];
    const isRight = machine === undefined ? !isNew : typeof machine !== "string" || securable.test(machine);
    if (isRight) return [];
    const which = typeof machine === "string" ? `: ${JSON.stringify(machine)} has none` : ", which libvirt's default has not";
    return problem("uefi.secureBoot", `needs a machine type with system management mode${which}. Say \`machine: "q35"\` ("virt" on Arm).`);
  },
  (inputs) =>
    at(inputs, "uefi.enrolledKeys") === true && at(inputs, "uefi.secureBoot") === false
      ? problem(
          "uefi.enrolledKeys",
          "is true, but `uefi.secureBoot` is false: keys are for secure boot. Turn it on, or leave the keys out.",
        )
      : [],
  (inputs) =>
    isGiven(inputs, "uefi.nvramTemplate") && at(inputs, "uefi.loader") === undefined
      ? problem("uefi.nvramTemplate", "belongs to `uefi.loader`, which is not given: name both, or none and have libvirt choose.")
      : [],
  (inputs) =>
    isGiven(inputs, "uefi.enrolledKeys") && isGiven(inputs, "uefi.loader")
      ? problem(
          "uefi.enrolledKeys",
          "is a feature by which libvirt chooses; with `uefi.loader` the keys are those in `uefi.nvramTemplate`.",
        )
      : [],
  (inputs) =>
    at(inputs, "uefi.secureBoot") === true && at(inputs, "features.smm") === false
      ? problem("features.smm", "is false, but secure boot needs it: leave it out.")
      : [],
  ({ tpm }) =>
    isValues(tpm) && tpm["version"] === "1.2" && (tpm["model"] ?? "tpm-crb") === "tpm-crb"
      ? problem("tpm.version", 'is "1.2", which `tpm-crb` is not: say `model: "tpm-tis"`, or "2.0".')
      : [],
];

function pinnedTooFar(inputs: Values): Problem[] {
  const vcpus = at(inputs, "pinning.vcpus");
  const most = mostCpus(inputs);
  if (!isValues(vcpus) || typeof most !== "number") return [];
  return Object.keys(vcpus)
    .filter((id) => Number(id) >= most)
    .map((id) => ({
      path: propertyPath(["pinning", "vcpus", id]),
      reason: `pins a CPU that there is not: the ${most} of the VM are numbered from 0.`,
    }));
}

const cpuRules: readonly Rule[] = [
  (inputs) => {
    const { cpuMode } = inputs;
    return !isGiven(inputs, "cpu.model") || cpuMode === undefined || cpuMode === unknown || cpuMode === "custom"
      ? []
      : problem("cpu.model", `is for the CPU mode \`custom\`, but \`cpuMode\` is ${JSON.stringify(cpuMode)}: leave one of them out.`);
  },
  (inputs, isNew) => {
    const features = at(inputs, "cpu.features");
    const isAlone = inputs["cpuMode"] === undefined && at(inputs, "cpu.model") === undefined;
    return isNew && isAlone && isValues(features) && Object.keys(features).length > 0
      ? problem("cpu.features", 'needs a CPU that they are features of: give `cpuMode` ("host-passthrough", say) or `cpu.model`.')
      : [];
  },
  (inputs) => {
    const topology = at(inputs, "cpu.topology");
    const most = mostCpus(inputs);
    if (!isValues(topology) || typeof most !== "number") return [];
    const counts = ["sockets", "dies", "cores", "threads"].map((part) => topology[part] ?? 1);
    if (!counts.every((count) => typeof count === "number")) return [];
    const product = counts.reduce((total, count) => total * count, 1);
    return product === most
      ? []
      : problem("cpu.topology", `makes ${product} CPUs, but the VM has ${most} (\`maxCpus\`, else \`cpus\`): change one of them.`);
  },
  pinnedTooFar,
];

function cellProblems(inputs: Values): Problem[] {
  const cells = at(inputs, "numa.cells");
  const most = mostCpus(inputs);
  if (!Array.isArray(cells) || typeof most !== "number") return [];
  const seen = new Map<number, number>();
  return (cells as readonly Value[]).flatMap((cell, index) => {
    const cpus = isValues(cell) ? cell["cpus"] : undefined;
    const members = typeof cpus === "string" ? (cpuSetMembers(cpus) ?? []) : [];
    const path = propertyPath(["numa", "cells", index, "cpus"]);
    const beyond = members.filter((id) => id >= most);
    const doubled = members.filter((id) => seen.has(id));
    for (const id of members) seen.set(id, index);
    return [
      ...(beyond.length === 0 ? [] : problem(path, `names CPUs that there are not: the ${most} of the VM are numbered from 0.`)),
      ...(doubled.length === 0
        ? []
        : problem(path, `names ${canonicalCpuSet(doubled.join(","))}, which another node has: a CPU is in one.`)),
    ];
  });
}

/** libvirt takes the sum for the VM's memory, whatever else is said. */
function memorySum(inputs: Values): Problem[] {
  const cells = at(inputs, "numa.cells");
  const path = inputs["maxMemory"] === undefined ? "memory" : "maxMemory";
  const whole = sizeBytes(inputs[path]);
  if (!Array.isArray(cells) || whole === undefined) return [];
  const sizes = (cells as readonly Value[]).map((cell) => (isValues(cell) ? sizeBytes(cell["memory"]) : undefined));
  if (!sizes.every((size) => size !== undefined)) return [];
  const sum = sizes.reduce((total, size) => total + size, 0);
  return sum === whole
    ? []
    : problem("numa.cells", `have ${formatSize(sum)} together, but \`${path}\` is ${formatSize(whole)}: they must be as much.`);
}

const memoryRules: readonly Rule[] = [
  cellProblems,
  memorySum,
  (inputs) =>
    isGiven(inputs, "numa.mode") && at(inputs, "numa.nodeset") === undefined
      ? problem("numa.mode", "is about the host's nodes in `numa.nodeset`, which is not given: give it.")
      : [],
  (inputs) =>
    at(inputs, "memoryBacking.hugepages") === false && at(inputs, "memoryBacking.hugepageSize") !== undefined
      ? problem("memoryBacking.hugepageSize", "is given, but `memoryBacking.hugepages` is false: leave one of them out.")
      : [],
  (inputs) => {
    const uses = ["disks", "networks"].flatMap((map) => {
      const things = inputs[map];
      return Object.entries(isValues(things) ? things : {}).flatMap(([key, thing]) =>
        isValues(thing) && thing["vhostUser"] !== undefined ? [`${map}.${key}`] : [],
      );
    });
    return at(inputs, "memoryBacking.access") === "private" && uses[0] !== undefined
      ? problem(
          "memoryBacking.access",
          `is "private", but the daemon of ${uses[0]} has to see the guest's memory: say "shared", or leave it out.`,
        )
      : [];
  },
];

const otherRules: readonly Rule[] = [
  (inputs) => {
    const [offset, timezone] = [at(inputs, "clock.offset"), at(inputs, "clock.timezone")];
    if (offset === unknown || timezone === unknown) return [];
    if (offset === "timezone" && timezone === undefined) return problem("clock.timezone", 'is missing: `offset: "timezone"` needs one.');
    return timezone !== undefined && offset !== "timezone" ? problem("clock.timezone", 'is for `offset: "timezone"`: say that.') : [];
  },
  (inputs) => {
    const mode = at(inputs, "smbios.mode");
    return at(inputs, "smbios.system") !== undefined && typeof mode === "string" && mode !== "sysinfo"
      ? problem("smbios.mode", `is ${JSON.stringify(mode)}, in which \`smbios.system\` is not shown: say "sysinfo", or leave it out.`)
      : [];
  },
  (inputs) =>
    inputs["onPoweroff"] === "restart" && inputs["onReboot"] === "destroy"
      ? problem("onReboot", 'is "destroy" beside `onPoweroff: "restart"`, which QEMU cannot tell apart: change one of them.')
      : [],
  ({ balloon }) => {
    if (!isValues(balloon) || balloon["model"] !== "none") return [];
    const given = ["freePageReporting", "statsPeriodSeconds"].filter(
      (field) => balloon[field] !== undefined && balloon[field] !== false && balloon[field] !== 0,
    );
    return given.map((field) => ({
      path: propertyPath(["balloon", field]),
      reason: "is given, but the VM is to have no balloon: leave one out.",
    }));
  },
  ({ tpm, watchdog }) => [
    ...(isValues(tpm) && tpm["model"] === "none" && tpm["version"] !== undefined
      ? problem("tpm.version", "is given, but the VM is to have no TPM: leave one out.")
      : []),
    ...(isValues(watchdog) && watchdog["model"] === "none" && watchdog["action"] !== undefined
      ? problem("watchdog.action", "is given, but the VM is to have no watchdog: leave one out.")
      : []),
  ],
];

const rules: readonly Rule[] = [...firmwareRules, ...cpuRules, ...memoryRules, ...otherRules];

/** `inputs` as asked, as far as they are known; shapes that the contract refuses already are passed over. */
export const platformProblems = (inputs: Values, olds: Values | undefined): Problem[] =>
  rules.flatMap((rule) => rule(inputs, olds === undefined));
