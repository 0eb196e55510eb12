// The published packages, as whoever installs them has them: packed, installed into an empty project elsewhere on the disk, and used from there.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { describeScene, engineTestMs, succeeds } from "./scene";

const packer = join(__dirname, "..", "..", "tools", "release", "pack.mjs");

/** What the packer wrote: tarballs of npm packages by name, and archives of the plugin. */
interface Packed {
  readonly version: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly archives: readonly string[];
}

const pack = (folder: string) => JSON.parse(execFileSync(process.execPath, [packer, folder], { encoding: "utf8" })) as Packed;

describeScene("npm packages and plugin archives", "packages", (scene) => {
  let dist: string;
  let packed: Packed;
  let project: PulumiProject;

  beforeAll(async () => {
    dist = mkdtempSync(join(tmpdir(), "kvm-dist-"));
    packed = pack(dist);
    project = await scene().project(
      `
      const host = new kvm.HostDefaults("host", { cache: "auto" });
      const vm = new kvm.VirtualMachine("vm", {
        ...machine,
        host: host.settings,
        power: "stopped",
        disks: { root: { pool: ramfs, size: "8MiB" } },
      });
      export const name = vm.name;
      export const cache = vm.effectiveDisks.apply((disks) => disks["root"]?.cache);
      `,
      { packages: Object.values(packed.packages) },
    );
  }, engineTestMs);
  afterAll(() => {
    rmSync(dist, { recursive: true });
  });

  const inProject = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: project.dir, encoding: "utf8" });

  it(
    "a project with nothing but them makes a machine, and has nothing more to do",
    async () => {
      succeeds(await project.up());
      expect(await project.outputs()).toMatchObject({ cache: "writeback" });
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "the archive is the same plugin, installed by `pulumi plugin install`",
    async () => {
      const archive = packed.archives.find((file) => file.endsWith("-linux-amd64.tar.gz")) ?? "none for this platform";
      succeeds(await project.run("plugin", "install", "resource", "kvm", packed.version, "--file", archive));
      const file = join(project.dir, "Pulumi.yaml");
      const { plugins, ...settings } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
      expect(plugins).toBeDefined();
      writeFileSync(file, JSON.stringify(settings));
      // Only the installed plugin is left to be found.
      rmSync(join(project.dir, "node_modules", "pulumi-kvm-provider", "bin", "pulumi-resource-kvm"));
      succeeds(await project.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it("the other doors are open: the command, the client and the dynamic resources", () => {
    expect(inProject("npx", "--no-install", "pulumi-kvm", "--help")).toMatch(/doctor[^]*explain/);
    const connects = `process.stdout.write(typeof require("node-libvirt").connect)`;
    expect(inProject(process.execPath, "--eval", connects)).toBe("function");
    const dynamic = `process.stdout.write(typeof require("pulumi-kvm-provider/dynamic").VirtualMachine)`;
    expect(inProject(process.execPath, "--eval", dynamic)).toBe("function");
  });
});
