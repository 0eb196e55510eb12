// The stage of every engine test: one pool on ext4, one on ramfs (no direct I/O), the small guest, and programs over them.
import { createProject, missingForPulumi } from "../../tools/lab/pulumi";
import type { CommandResult, ProjectOptions, PulumiProject } from "../../tools/lab/pulumi";
import type { LabHost } from "../../tools/lab/lab";
import { addStorage, describeOrSkip, describeWithHost, removeStorage, virsh } from "../../tools/lab/lab";

export interface Scene {
  readonly lab: LabHost;
  /** Folders of the pools "ext4" and "ramfs", which carry the scene's name before their own. */
  readonly ext4: StagedPool;
  readonly ramfs: StagedPool;
  /** A project whose program is the body after the common opening. */
  project(body: string, options?: Partial<ProjectOptions>): Promise<PulumiProject>;
  /** The common opening and the body. */
  program(body: string): string;
}

export interface StagedPool {
  readonly name: string;
  readonly path: string;
}

const ext4SizeMiB = 256;

/** Seconds a test through the engine may take: a dozen engine runs of 1-3 s and a few guest boots of 3 s on two cores. */
export const engineTestMs = 240_000;

async function stagePool(lab: LabHost, name: string, kind: "ext4" | "ramfs"): Promise<StagedPool> {
  const path = await addStorage(lab, name, kind, kind === "ext4" ? ext4SizeMiB : undefined);
  await virsh(lab, "pool-define-as", name, "dir", "--target", path);
  await virsh(lab, "pool-start", name);
  return { name, path };
}

async function strikePool(lab: LabHost, { name }: StagedPool): Promise<void> {
  await virsh(lab, "pool-destroy", name);
  await virsh(lab, "pool-undefine", name);
  await removeStorage(lab, name);
}

/** What every program begins with. `machine` is a small guest that ticks on its serial console; `serial` is where. */
const opening = (lab: LabHost, ext4: StagedPool, ramfs: StagedPool): string => `
  import * as pulumi from "@pulumi/pulumi";
  import * as kvm from "pulumi-kvm";
  const ext4 = ${JSON.stringify(ext4.name)};
  const ramfs = ${JSON.stringify(ramfs.name)};
  const machine = {
    memory: "128MiB",
    accelerator: "qemu" as const,
    shutdownTimeoutSeconds: 30,
    directBoot: { kernel: ${JSON.stringify(lab.guest.kernel)}, initrd: ${JSON.stringify(lab.guest.initrd)}, cmdline: "console=ttyS0 quiet" },
  };
`;

/** A block of engine tests on a staged host; skipped with the reason where a part is missing (`missingPart`: one that this block needs besides). */
export function describeScene(name: string, prefix: string, body: (scene: () => Scene) => void, missingPart?: string): void {
  const missing = missingForPulumi() ?? missingPart;
  if (missing !== undefined) {
    describeOrSkip(missing, name, () => {
      body(() => {
        throw new Error(missing);
      });
    });
    return;
  }
  describeWithHost(name, (host) => {
    let staged: Scene | undefined;
    const projects: PulumiProject[] = [];
    beforeAll(async () => {
      const lab = host();
      const ext4 = await stagePool(lab, `${prefix}-ext4`, "ext4");
      const ramfs = await stagePool(lab, `${prefix}-ramfs`, "ramfs");
      const program = (text: string) => opening(lab, ext4, ramfs) + text;
      const project = async (text: string, options: Partial<ProjectOptions> = {}) => {
        const made = await createProject({ name: prefix, program: program(text), config: { "kvm:uri": lab.uri }, ...options });
        projects.push(made);
        return made;
      };
      staged = { lab, ext4, ramfs, project, program };
    }, engineTestMs);
    afterAll(async () => {
      for (const project of projects) await project.dispose({ destroy: true });
      if (staged === undefined) return;
      await strikePool(staged.lab, staged.ext4);
      await strikePool(staged.lab, staged.ramfs);
    }, engineTestMs);
    body(() => {
      if (staged === undefined) throw new Error("the scene was not staged");
      return staged;
    });
  });
}

/** Fails with all that the command said, where it did not succeed. */
export function succeeds({ code, stdout, stderr }: CommandResult): void {
  if (code !== 0) throw new Error(`pulumi ended with ${code}\n${stdout}\n${stderr}`);
}

/** A resource's outputs in the stack's state. */
export async function stateOf(project: PulumiProject, name: string): Promise<Record<string, unknown>> {
  const { deployment } = await project.exportState();
  const found = deployment.resources?.find(({ urn }) => String(urn).endsWith(`::${name}`));
  if (found === undefined) throw new Error(`the state has no resource ${name}`);
  return found["outputs"] as Record<string, unknown>;
}

/** Names of the VMs on the host. */
export const domainNames = async ({ lab }: Scene): Promise<string[]> =>
  (await virsh(lab, "list", "--all", "--name")).split("\n").filter((name) => name !== "");

/** Names of the volumes in a pool. */
export async function volumeNames({ lab }: Scene, pool: StagedPool): Promise<string[]> {
  await virsh(lab, "pool-refresh", pool.name);
  const lines = (await virsh(lab, "vol-list", pool.name)).split("\n");
  return lines.flatMap((line) => line.trim().split(/\s+/).slice(0, 1)).filter((name) => name !== "" && name !== "lost+found");
}

/** The cache mode of a disk in the running or the stored definition. */
export async function cacheOf({ lab }: Scene, domain: string, which: "running" | "stored"): Promise<string | undefined> {
  const xml = await virsh(lab, "dumpxml", domain, ...(which === "stored" ? ["--inactive"] : []));
  return /<driver name='qemu'[^>]* cache='(\w+)'/.exec(xml)?.[1];
}
