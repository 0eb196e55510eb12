// The door without a plugin: programs of the other engine tests, unchanged but for their import line, as Pulumi's own dynamic resources.
import { existsSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { readGuestLog } from "../../tools/lab/guest-log";
import type { GuestView } from "../../tools/lab/guest-log";
import { virsh, waitFor } from "../../tools/lab/lab";
import type { ProjectOptions, PulumiProject } from "../../tools/lab/pulumi";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { cacheOf, describeScene, domainNames, engineTestMs, stateOf, succeeds, volumeNames } from "./scene";
import { baseOf, makeOverlay, overlayOf, threeMachines } from "./three-machines";

const repoDir = join(__dirname, "..", "..");
const door = join(repoDir, "provider", "dist", "dynamic.cjs");

/** The guest boots in 3 s on a free core; twenty times that is a guest that does not come. */
const bootMs = 60_000;

type Disks = Readonly<Record<string, { readonly cache: string; readonly reason: string }>>;

/** Where the engine finds Pulumi's dynamic provider, and no plugin of ours. */
const pathWithoutPlugin = [
  join(repoDir, "node_modules", "@pulumi", "pulumi"),
  ...(process.env["PATH"] ?? "").split(delimiter).filter((folder) => !existsSync(join(folder, "pulumi-resource-kvm"))),
].join(delimiter);

const throughTheDoor = (program: string) => program.replace(`"pulumi-kvm"`, `"pulumi-kvm-provider/dynamic"`);

describeScene(
  "dynamic resources, without the plugin",
  "dynamic",
  (scene) => {
    const log = () => `${scene().ext4.path}/guest.log`;

    const projectOf = async (body: string, options: Partial<ProjectOptions> = {}): Promise<PulumiProject> => {
      const { typeChecked = false } = options;
      const program = throughTheDoor(scene().program(body));
      const project = await scene().project(body, { ...options, program, env: { PATH: pathWithoutPlugin } });
      // As a user's project is: no word of a plugin.
      writeFileSync(
        join(project.dir, "Pulumi.yaml"),
        JSON.stringify({ name: "dynamic", runtime: { name: "nodejs", options: { typescript: typeChecked } } }),
      );
      return project;
    };

    /** The three machines, and a fourth whose guest counts: its cache mode changes. Its description is nobody's business. */
    const program = (cache: string) => `
      ${threeMachines(overlayOf(scene()))}
      const data = new kvm.Volume("data", { pool: ext4, size: "8MiB" });
      const counter = new kvm.VirtualMachine("counter", {
        ...common,
        name: "counter",
        description: pulumi.secret("between us"),
        serial: { file: ${JSON.stringify(log())} },
        applyChanges: "suspend",
        disks: { root: { pool: ext4, size: "16MiB", cache: ${JSON.stringify(cache)} }, store: { file: data.path } },
      } as kvm.VirtualMachineArgs);
      export const hostname = kvm.getHostOutput().hostname;
      export const recognised = [kvm.Volume.isInstance(data), kvm.Volume.isInstance(counter)];
    `;

    const ticking = (accepts: (view: GuestView) => boolean = () => true) =>
      waitFor(
        "the guest's tick",
        () => {
          const view = readGuestLog(log());
          return view !== undefined && accepts(view) ? view : undefined;
        },
        bootMs,
      );

    beforeAll(() => makeOverlay(scene()), engineTestMs);

    it(
      "plans with reasons, comes up, is unchanged, takes a cache mode without a reboot, survives a refresh, and leaves nothing",
      async () => {
        const project = await projectOf(program("writeback"));

        const preview = await project.preview();
        succeeds(preview);
        const planned = (name: string) => stepsOf(preview)[name]?.new?.inputs?.["effectiveDisks"] as Disks | undefined;
        expect(planned("one")?.["root"]).toMatchObject({ cache: "none", reason: expect.stringMatching(/ext4/) as string });
        expect(planned("two")?.["root"]).toMatchObject({ cache: "writeback", reason: expect.stringContaining("ramfs") as string });
        expect(planned("three")?.["root"]).toMatchObject({
          cache: "writeback",
          reason: expect.stringContaining(baseOf(scene())) as string,
        });
        expect(await domainNames(scene())).toEqual([]);

        succeeds(await project.up());
        const { names, hostname, recognised } = (await project.outputs()) as { names: string[]; hostname: string; recognised: boolean[] };
        expect(await Promise.all(names.map((name) => cacheOf(scene(), name, "running")))).toEqual(["none", "writeback", "writeback"]);
        expect(hostname).toBe((await virsh(scene().lab, "hostname")).trim());
        expect(recognised).toEqual([true, false]);
        const before = await ticking();
        const state = JSON.stringify(await project.exportState());
        const words = ["pulumi-nodejs:dynamic/kvm:VirtualMachine", "pulumi:providers:kvm", "between us"];
        expect(words.filter((word) => state.includes(word))).toEqual(words.slice(0, 1));
        expect((await stateOf(project, "counter"))["__provider"]).not.toContain(repoDir);
        succeeds(await project.preview("--expect-no-changes"));

        project.write(throughTheDoor(scene().program(program("writethrough"))));
        const changed = await project.preview();
        succeeds(changed);
        expect(messagesOf(changed, "warning", "counter").join()).toContain("without a reboot");
        expect(changed.stdout).toMatch(/cache\s*:\s*"writeback" => "writethrough"/);
        succeeds(await project.up());
        expect(await cacheOf(scene(), "counter", "running")).toBe("writethrough");
        const after = await ticking(({ tick }) => tick > before.tick + 1);
        expect(after.bootId).toBe(before.bootId);

        await virsh(scene().lab, "autostart", "counter");
        succeeds(await project.refresh());
        expect(await stateOf(project, "counter")).toMatchObject({ autostart: true, restartPending: false });

        succeeds(await project.destroy());
        expect(await domainNames(scene())).toEqual([]);
        expect(await volumeNames(scene(), scene().ext4)).toEqual(["guest.log", "overlay.qcow2"]);
        expect(await volumeNames(scene(), scene().ramfs)).toEqual(["base.qcow2"]);
      },
      engineTestMs,
    );

    it(
      "has the SDK's types, and refuses an explicit none on ramfs at preview with the field, the path and the ways out",
      async () => {
        const project = await projectOf(
          `
          const host = new kvm.HostDefaults("host", { cache: kvm.CacheSetting.Auto });
          const disks: pulumi.Input<Record<string, kvm.types.input.DiskArgs>> = { root: { pool: ramfs, size: "16MiB", cache: "none" } };
          const vm: kvm.VirtualMachine = new kvm.VirtualMachine("refused", { ...machine, host: host.settings, disks });
          const cache: pulumi.Output<string | undefined> = vm.effectiveDisks.apply(({ root }) => root?.cache);
          // @ts-expect-error a VM has no such input
          const wrong: kvm.VirtualMachineArgs = { memori: "1GiB" };
          export { cache, wrong };
        `,
          { typeChecked: true },
        );
        const preview = await project.preview();
        expect(preview.code).not.toBe(0);
        const said = messagesOf(preview, "error", "refused").join("\n");
        for (const word of ["disks.root.cache", scene().ramfs.path, "ramfs", "writeback", "auto"]) expect(said).toContain(word);
        expect(await domainNames(scene())).toEqual([]);
      },
      engineTestMs,
    );
  },
  existsSync(door) ? undefined : "pulumi-kvm-provider/dynamic is not built (make build)",
);
