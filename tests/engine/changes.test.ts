// Changes of a running guest that counts: what is live, what waits, what is applied without a reboot, what by a restart.
import type { PulumiProject } from "../../tools/lab/pulumi";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { readGuestLog } from "../../tools/lab/guest-log";
import type { GuestView } from "../../tools/lab/guest-log";
import { virsh, waitFor } from "../../tools/lab/lab";
import { cacheOf, describeScene, engineTestMs, stateOf, succeeds } from "./scene";

/** The guest boots in 3 s on a free core; twenty times that is a guest that does not come. */
const bootMs = 60_000;

interface Vm {
  readonly cache?: string;
  readonly applyChanges?: string;
  readonly description?: string;
  readonly autostart?: boolean;
  readonly memory?: string;
  readonly cpus?: number;
  readonly size?: string;
}

interface Outputs {
  readonly runningDisks: Readonly<Record<string, { readonly cache: string }>>;
  readonly pendingChanges: readonly string[];
  readonly restartPending: boolean;
}

describeScene("changes of a running VM", "change", (scene) => {
  let project: PulumiProject;
  const log = () => `${scene().ext4.path}/guest.log`;
  const name = "counter";
  /** What the first test leaves behind: a disk never shrinks, and the guest keeps a CPU that it was given. */
  const settled: Vm = { size: "32MiB", cpus: 2 };

  /** The program with some of the VM's fields changed. */
  const program = ({
    cache = "writeback",
    applyChanges = "nextBoot",
    description = "first",
    autostart = false,
    memory = "128MiB",
    cpus = 1,
    size = "16MiB",
  }: Vm) => `
    new kvm.VirtualMachine("counter", {
      ...machine,
      name: "counter",
      description: ${JSON.stringify(description)},
      autostart: ${autostart},
      memory: ${JSON.stringify(memory)},
      maxMemory: "192MiB",
      cpus: ${cpus},
      maxCpus: 2,
      serial: { file: ${JSON.stringify(log())} },
      applyChanges: ${JSON.stringify(applyChanges)},
      disks: { root: { pool: ext4, size: ${JSON.stringify(size)}, cache: ${JSON.stringify(cache)} } },
    } as kvm.VirtualMachineArgs);
  `;
  const write = (vm: Vm) => project.write(scene().program(program(vm)));
  const ticking = (accepts: (view: GuestView) => boolean = () => true) =>
    waitFor(
      "the guest's tick",
      () => {
        const view = readGuestLog(log());
        return view !== undefined && accepts(view) ? view : undefined;
      },
      bootMs,
    );
  const domainId = () => virsh(scene().lab, "domid", name);
  /** The VM's outputs in the state: stack outputs are only computed by the program, which a refresh does not run. */
  const outputs = async () => (await stateOf(project, name)) as unknown as Outputs;

  beforeAll(async () => {
    project = await scene().project(program({}));
    const up = await project.up();
    succeeds(up);
    await ticking();
  }, engineTestMs);

  it(
    "changes autostart, description, memory, vCPUs and disk size live: the same domain, the same boot",
    async () => {
      const [id, before] = [await domainId(), await ticking()];
      write({ description: "second", autostart: true, memory: "160MiB", cpus: 2, size: "32MiB" });
      const preview = await project.preview();
      expect(messagesOf(preview, "info", name).filter((line) => line.includes(": live"))).toHaveLength(5);
      succeeds(await project.up());

      expect(await domainId()).toBe(id);
      const after = await ticking(({ cpus, disks }) => cpus === 2 && disks["vda"] === 32 * 1024 * 1024);
      expect(after.bootId).toBe(before.bootId);
      expect(await virsh(scene().lab, "desc", name)).toBe("second");
      expect(await virsh(scene().lab, "dominfo", name)).toMatch(/Autostart:\s+enable/);
      expect(await virsh(scene().lab, "dumpxml", name, "--inactive")).toMatch(/<currentMemory unit='KiB'>163840</);
      expect((await outputs()).restartPending).toBe(false);
      succeeds(await project.preview("--expect-no-changes"));
      write({});
      expect((await project.up()).code).not.toBe(0); // the disk would shrink
      write(settled);
      succeeds(await project.up());
    },
    engineTestMs,
  );

  it(
    "nextBoot: the change waits and says so, the guest goes on, a cold boot has it",
    async () => {
      const [id, before] = [await domainId(), await ticking()];
      write({ ...settled, cache: "none" });
      const preview = await project.preview();
      expect(messagesOf(preview, "warning", name).join()).toContain("at the next cold start");
      succeeds(await project.up());

      expect(await domainId()).toBe(id);
      const on = await ticking(({ tick }) => tick > before.tick);
      expect(on.bootId).toBe(before.bootId);
      const waiting = await outputs();
      expect(waiting).toMatchObject({ restartPending: true, pendingChanges: ["disks.root.cache: writeback => none"] });
      expect(waiting.runningDisks["root"]?.cache).toBe("writeback");
      expect([await cacheOf(scene(), name, "running"), await cacheOf(scene(), name, "stored")]).toEqual(["writeback", "none"]);
      succeeds(await project.preview("--expect-no-changes"));

      await virsh(scene().lab, "destroy", name);
      await virsh(scene().lab, "start", name);
      expect(await cacheOf(scene(), name, "running")).toBe("none");
      const booted = await ticking(({ bootId }) => bootId !== before.bootId);
      expect(booted.bootId).not.toBe(before.bootId);
      succeeds(await project.refresh());
      expect((await outputs()).restartPending).toBe(false);
    },
    engineTestMs,
  );

  it(
    "suspend: the running mode changes and the guest goes on, same boot",
    async () => {
      const before = await ticking();
      write({ ...settled, cache: "writethrough", applyChanges: "suspend" });
      const preview = await project.preview();
      expect(messagesOf(preview, "warning", name).join()).toContain("without a reboot");
      const up = await project.up();
      succeeds(up);

      expect(await cacheOf(scene(), name, "running")).toBe("writethrough");
      const after = await ticking(({ tick }) => tick > before.tick + 1);
      expect(after.bootId).toBe(before.bootId);
      expect(after.uptimeSeconds).toBeGreaterThan(before.uptimeSeconds);
      expect(await outputs()).toMatchObject({
        restartPending: false,
        pendingChanges: [],
        runningDisks: { root: { cache: "writethrough" } },
      });
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "suspend that would turn the guest's write cache on is refused at preview, with why",
    async () => {
      const id = await domainId();
      write({ ...settled, cache: "writeback", applyChanges: "suspend" });
      const preview = await project.preview();
      expect(preview.code).not.toBe(0);
      const said = messagesOf(preview, "error").join("\n");
      for (const word of ["disks.root.cache", "writethrough", "flush", "restart", "nextBoot"]) expect(said).toContain(word);
      expect((await project.up()).code).not.toBe(0);
      expect([await domainId(), await cacheOf(scene(), name, "running"), await cacheOf(scene(), name, "stored")]).toEqual([
        id,
        "writethrough",
        "writethrough",
      ]);
    },
    engineTestMs,
  );

  it(
    "restart: a graceful stop, a new boot, the mode is there",
    async () => {
      const before = await ticking();
      write({ ...settled, cache: "writeback", applyChanges: "restart" });
      const preview = await project.preview();
      expect(messagesOf(preview, "warning", name).join()).toContain("by a restart");
      const up = await project.up();
      succeeds(up);
      expect(messagesOf(up, "warning", name)).toEqual([]); // it stopped by itself

      expect(await cacheOf(scene(), name, "running")).toBe("writeback");
      const after = await ticking(({ bootId }) => bootId !== before.bootId);
      expect(after.caches["vda"]).toBe("back");
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "refuse: a change that is not live is refused at preview",
    async () => {
      write({ ...settled, cache: "none", applyChanges: "refuse" });
      expect(stepsOf(await project.preview())[name]?.op).toBe("update");
      const preview = await project.preview();
      expect(preview.code).not.toBe(0);
      expect(messagesOf(preview, "error").join("\n")).toContain("disks.root.cache");
    },
    engineTestMs,
  );
});
