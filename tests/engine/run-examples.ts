// How an example is held to its word: its folder, run through the engine as a user would run it: up, a preview without changes, destroy.
import { join } from "node:path";
import type { Scene } from "./scene";
import { describeOrSkip, hostExec, virsh } from "../../tools/lab/lab";
import { domainNames, engineTestMs, succeeds } from "./scene";

const examplesDir = join(__dirname, "..", "..", "examples");

type Settings = Readonly<Record<string, string>>;

export interface Example {
  /** Makes on the host what the example expects there, and gives its configuration. */
  readonly prepare: (scene: Scene) => Promise<{ readonly config: Settings; readonly secrets?: Settings }>;
  /** What must be true of the stack's outputs, and of the host while the stack is up. */
  readonly isUp: (outputs: Record<string, unknown>, scene: Scene) => void | Promise<void>;
  /** Why it cannot run on this machine. */
  readonly missing?: string | undefined;
  /** The types of all examples are checked once, by `make test`; here they are stripped, unless asked for (2 s slower a command). */
  readonly typeChecked?: boolean;
  /** For a language that finds its SDK by the environment. */
  readonly env?: (scene: Scene) => Settings;
}

/** A test for each row; its key is the name of the example's folder and project. */
export function itRunsExamples(scene: () => Scene, examples: Readonly<Record<string, Example>>): void {
  for (const [name, example] of Object.entries(examples)) {
    describeOrSkip(example.missing, name, () => {
      it("up, no changes, destroy", () => runExample(scene(), name, example), engineTestMs);
    });
  }
}

async function runExample(scene: Scene, name: string, { prepare, isUp, typeChecked = false, env = () => ({}) }: Example): Promise<void> {
  const { config, secrets = {} } = await prepare(scene);
  const before = await domainNames(scene);
  const project = await scene.project("", {
    program: { folder: join(examplesDir, name) },
    config: { ...Object.fromEntries(Object.entries(config).map(([key, value]) => [`${name}:${key}`, value])), "kvm:uri": scene.lab.uri },
    env: { ...(typeChecked ? {} : { TS_NODE_TRANSPILE_ONLY: "true" }), ...env(scene) },
  });
  for (const [key, value] of Object.entries(secrets))
    succeeds(await project.run("config", "set", "--stack", "test", "--secret", key, value));
  succeeds(await project.up());
  await isUp(await project.outputs(), scene);
  succeeds(await project.preview("--expect-no-changes"));
  await pullThePlug(scene);
  succeeds(await project.destroy());
  expect(await domainNames(scene)).toEqual(before);
}

/** There is no guest in most of these machines that would hear of a graceful stop; what that does is held by other tests. */
async function pullThePlug({ lab }: Scene): Promise<void> {
  const running = (await virsh(lab, "list", "--name")).split("\n").filter((name) => name !== "");
  await Promise.all(running.map((name) => virsh(lab, "destroy", name)));
}

/** An empty qcow2 image: a machine that starts from it idles in its firmware, which is enough where the guest is not the point. */
export async function emptyImage(scene: Scene): Promise<string> {
  const path = join(scene.lab.dir, "example-image.qcow2");
  await hostExec(scene.lab, "qemu-img", "create", "-q", "-f", "qcow2", path, "64M");
  return path;
}
