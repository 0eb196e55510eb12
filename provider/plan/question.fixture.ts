// Builders of facts and questions for the planner's tests: defaults that say nothing, so that a test shows only what it is about.
import type { DiskDecision, DiskPlan, DiskProblem, DiskQuestion, DiskRequest } from "./disk";
import type { StorageFacts } from "./facts";

export const ownPath = "/pools/fast/web.qcow2";
export const basePath = "/pools/base/debian.raw";

export function storage(facts: Partial<StorageFacts> = {}): StorageFacts {
  return {
    kind: "ext4",
    path: ownPath,
    fileSystem: facts.kind ?? "ext4",
    directIo: "yes",
    source: "local write",
    why: "an aligned O_DIRECT write worked",
    shared: false,
    ...facts,
  };
}

/** Storage without direct I/O: the case that the planner exists for. */
export function ramfs(facts: Partial<StorageFacts> = {}): StorageFacts {
  return storage({ kind: "ramfs", directIo: "no", why: "an aligned O_DIRECT write was refused: EINVAL", ...facts });
}

/** Storage of which nobody could tell. */
export function mystery(facts: Partial<StorageFacts> = {}): StorageFacts {
  return storage({
    kind: "fuse",
    directIo: "unknown",
    source: "probe domain",
    why: "QEMU could not open a scratch disk either way",
    ...facts,
  });
}

export function diskQuestion(parts: {
  readonly disk?: Partial<DiskRequest> | undefined;
  readonly chain?: DiskQuestion["chain"] | undefined;
  readonly policy?: DiskQuestion["policy"] | undefined;
  readonly hypervisor?: Partial<DiskQuestion["hypervisor"]> | undefined;
}): DiskQuestion {
  return {
    disk: { key: "root", device: "disk", format: "raw", readonly: false, shareable: false, pool: "fast", own: {}, vm: {}, ...parts.disk },
    chain: parts.chain ?? [storage()],
    policy: parts.policy ?? {},
    hypervisor: { libvirtVersion: "9.0.0", qemuVersion: "7.2.22", ...parts.hypervisor },
  };
}

export function planOf(decision: DiskDecision): DiskPlan {
  if ("problems" in decision) throw new Error(`expected a plan, got: ${decision.problems.map(({ reason }) => reason).join(" ")}`);
  return decision.plan;
}

export function problemsOf(decision: DiskDecision): readonly DiskProblem[] {
  if ("plan" in decision) throw new Error(`expected a refusal, got ${decision.plan.cache}: ${decision.plan.reason}`);
  return decision.problems;
}
