// A probe that is killed half way: libvirt takes its domain away by itself, and the next probe takes its scratch volume away.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { addStorage, describeWithHost, removeStorage, virsh, waitFor } from "../../tools/lab/lab";
import { connectLibvirt } from "../libvirt/connect";
import { sweepProbes } from "./sweep-probes";

const prefix = "pulumi-kvm-probe-";
const staleMs = 11 * 60_000;

jest.setTimeout(120_000);

async function bundle(folder: string): Promise<string> {
  const outfile = join(folder, "kill-probe.js");
  const alias = { "node-libvirt": join(__dirname, "../../node-libvirt/src/index.ts") };
  await build({
    entryPoints: [join(__dirname, "kill-probe.fixture.ts")],
    bundle: true,
    platform: "node",
    target: "node20",
    outfile,
    alias,
  });
  return outfile;
}

describeWithHost("a killed probe", (lab) => {
  const pool = `sweep-${process.pid}`;
  const libvirt = connectLibvirt({ uri: lab().uri, timeoutMs: 30_000 });
  const domains = async () => (await libvirt.listDomains()).map(({ name }) => name).filter((name) => name.startsWith(prefix));
  const volumes = async () => (await libvirt.listVolumes(pool)).filter((name) => name.startsWith(`.${prefix}`));
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "kill-probe-"));
    await virsh(lab(), "pool-create-as", pool, "dir", "--target", await addStorage(lab(), pool, "ext4", 64));
  });
  afterAll(async () => {
    await libvirt.close();
    await virsh(lab(), "pool-destroy", pool);
    await removeStorage(lab(), pool);
    await rm(folder, { recursive: true });
  });

  test("leaves no domain, and its scratch volume until it is stale", async () => {
    const child = spawn(process.execPath, [await bundle(folder), lab().uri, pool], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    expect([await domains(), await volumes()].map(({ length }) => length)).toEqual([1, 1]);
    child.kill("SIGKILL");
    await once(child, "exit");
    await waitFor("the probe domain to be gone", async () => (await domains()).length === 0);

    await sweepProbes(libvirt, [pool], Date.now(), {});
    expect(await volumes()).toHaveLength(1);
    await virsh(lab(), "pool-refresh", pool);
    await sweepProbes(libvirt, [pool], Date.now() + staleMs, {});
    expect(await volumes()).toEqual([]);
  });
});
