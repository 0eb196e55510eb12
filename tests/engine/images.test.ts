// Images through the engine: brought to the host whole and once, used by many VMs, refused with the way out, and opened as what they are.
import { readFileSync, statSync } from "node:fs";
import { copyFile, stat, truncate, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { setTimeout as sleep } from "node:timers/promises";
import { messagesOf, pluginPids, stepsOf } from "../../tools/lab/pulumi";
import type { CommandResult, PulumiProject } from "../../tools/lab/pulumi";
import { showHost, virsh } from "../../tools/lab/lab";
import { allocatedBytes, bytesPerGiB, bytesPerKiB, bytesPerMiB, guestSees, openWorkshop, sha256Of } from "./image-stage";
import type { FileServer, Workshop } from "./image-stage";
import { describeScene, engineTestMs, stateOf, succeeds, volumeNames } from "./scene";
import type { StagedPool } from "./scene";

const json = JSON.stringify;

const volumeOf = async (project: PulumiProject, name: string) => {
  const { path, volume } = (await stateOf(project, name)) as { readonly path: string; readonly volume: string };
  return { path, volume };
};

describeScene("an image that VMs start from", "image", (scene) => {
  const [dataMiB, sizeMiB] = [40, 2048];
  const [webDataMiB, webSizeMiB] = [9, 192];
  let workshop: Workshop;
  let server: FileServer;
  let pool: StagedPool;
  let project: PulumiProject;
  const log = (vm: string) => `${scene().ext4.path}/${vm}.log`;

  const image = () => `new kvm.Image("os", { source: ${json(workshop.path("os.qcow2"))}, pool: ${json(pool.name)} });`;
  const vm = (name: string, disk: string) => `
    new kvm.VirtualMachine("${name}", {
      ...machine, name: "${name}", shutdownTimeoutSeconds: 1, serial: { file: ${json(log(name))} },
      disks: { root: { pool: ${json(pool.name)}, ${disk} } },
    });`;

  beforeAll(async () => {
    workshop = await openWorkshop(scene().lab);
    server = await workshop.serve();
    pool = await workshop.addPool("image-pool", 512);
    const raw = await workshop.raw("os.raw", { dataMiB, sizeMiB });
    await workshop.qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, workshop.path("os.qcow2"));
    await workshop.raw("web.img", { dataMiB: webDataMiB, sizeMiB: webSizeMiB });
    const checksum = `sha256:${await sha256Of(workshop.path("web.img"))}`;
    project = await scene().project(
      `
      const os = ${image()}
      const web = new kvm.Image("web", { source: ${json(`${server.url}/web.img`)}, checksum: ${json(checksum)}, pool: ${json(pool.name)} });
      ${vm("one", `image: os.path, size: "3GiB"`)}
      ${vm("two", `image: os.path`)}
      ${vm("copy", `image: web.path, clone: "full", size: "1GiB"`)}
      export const paths = [os.path, web.path];
    `,
      { env: workshop.env },
    );
  }, engineTestMs);
  afterAll(async () => {
    await workshop.close();
  }, engineTestMs);

  const bytesReadByDaemon = async () => {
    const { daemonPid = 0 } = await showHost(scene().lab);
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${daemonPid}/io`, "utf8"))?.[1]);
  };
  const changedMs = async (name: string) => (await stat((await volumeOf(project, name)).path)).mtimeMs;

  it(
    "is brought once, takes the room of its data, and both guests and the copy see the sizes that were asked for",
    async () => {
      succeeds(await project.preview());
      expect(server.seen).toEqual([]);
      expect(await volumeNames(scene(), pool)).toEqual([]);
      const readBefore = await bytesReadByDaemon();
      succeeds(await project.up());
      const sentBytes = (await bytesReadByDaemon()) - readBefore;
      expect(sentBytes).toBeGreaterThan((dataMiB + webDataMiB) * bytesPerMiB);
      expect(sentBytes).toBeLessThan(2 * (dataMiB + webDataMiB) * bytesPerMiB);

      const [os, web] = [await volumeOf(project, "os"), await volumeOf(project, "web")];
      expect((await volumeNames(scene(), pool)).sort()).toEqual(
        [os.volume, web.volume, "one-root.qcow2", "two-root.qcow2", "copy-root.qcow2"].sort(),
      );
      expect(await sha256Of(os.path)).toBe(await sha256Of(workshop.path("os.qcow2")));
      expect(await sha256Of(web.path)).toBe(await sha256Of(workshop.path("web.img")));
      expect(await allocatedBytes(os.path)).toBeLessThan((dataMiB + 5) * bytesPerMiB);
      expect((await stat(web.path)).size).toBe(webSizeMiB * bytesPerMiB);
      expect(await allocatedBytes(web.path)).toBeLessThan((webDataMiB + 1) * bytesPerMiB);
      expect(server.seen).toEqual(["/web.img"]);

      await guestSees(log("one"), ({ disks }) => disks["vda"] === 3 * bytesPerGiB);
      await guestSees(log("two"), ({ disks }) => disks["vda"] === 2 * bytesPerGiB);
      await guestSees(log("copy"), ({ disks }) => disks["vda"] === bytesPerGiB);
      const compare = (format: string, file: string, vmName: string) =>
        workshop.qemuImg("compare", "-U", "-f", format, "-F", "qcow2", workshop.path(file), `${pool.path}/${vmName}-root.qcow2`);
      for (const each of ["one", "two"]) expect(await compare("raw", "os.raw", each)).toContain("identical");
      expect(await compare("raw", "web.img", "copy")).toContain("identical");
      expect(await workshop.qemuImg("info", "-U", `${pool.path}/copy-root.qcow2`)).not.toContain("backing file");
      expect(await workshop.qemuImg("info", "-U", `${pool.path}/one-root.qcow2`)).toContain(`backing file: ${os.path}`);
    },
    engineTestMs,
  );

  it(
    "stays as it is: the next preview and update have nothing to do, and nothing is downloaded",
    async () => {
      const before = await changedMs("os");
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.up("--expect-no-changes", "--refresh"));
      expect(await changedMs("os")).toBe(before);
      expect(server.seen).toEqual(["/web.img"]);
    },
    engineTestMs,
  );

  it(
    "is shared with another stack that has the same content, and stays when that stack goes",
    async () => {
      const [before, names] = [await changedMs("os"), await volumeNames(scene(), pool)];
      const { path } = await volumeOf(project, "os");
      const other = await scene().project(`const os = ${image()} export const path = os.path;`, { env: workshop.env, name: "image-other" });
      const up = await other.up();
      succeeds(up);
      expect(stepsOf(up)["os"]?.op).toBe("create");
      expect(await other.outputs()).toEqual({ path });
      expect([await changedMs("os"), await volumeNames(scene(), pool)]).toEqual([before, names]);
      const destroyed = await other.destroy();
      succeeds(destroyed);
      expect(messagesOf(destroyed, "info").join()).toMatch(/stays on the host: it is used by .*VM (one|two)/);
      expect(await volumeNames(scene(), pool)).toEqual(names);
    },
    engineTestMs,
  );

  it(
    "goes with the last that needs it",
    async () => {
      succeeds(await project.destroy());
      expect(await volumeNames(scene(), pool)).toEqual([]);
    },
    engineTestMs,
  );
});

describeScene("an upload that is cut off", "image-cut", (scene) => {
  const sizeMiB = 210;
  /** An upload of that size takes a hundred times as long. */
  const pollMs = 2;

  it(
    "by the plugin's death in its middle is one whole image after the next run, and nothing else is left",
    async () => {
      const workshop = await openWorkshop(scene().lab);
      const pool = await workshop.addPool("image-cut-pool", 500);
      try {
        const source = await workshop.raw("big.img", { dataMiB: sizeMiB, sizeMiB });
        const project = await scene().project(`new kvm.Image("big", { source: ${json(source)}, pool: ${json(pool.name)} });`, {
          env: workshop.env,
        });
        const sha256 = await sha256Of(source);
        const path = `${pool.path}/big-${sha256.slice(0, 16)}.raw`;
        const sizeNow = () => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
        const running = project.start("up", "--yes", "--skip-preview", "--stack", "test");
        const ended = running.result.then(() => "ended");
        const [fewest, most] = [16 * bytesPerMiB, sizeMiB * bytesPerMiB];
        while (sizeNow() < fewest && (await Promise.race([sleep(pollMs), ended])) !== "ended");
        for (const pid of pluginPids(running.pid)) process.kill(pid, "SIGKILL");
        const failed = await running.result;
        expect(failed.code).not.toBe(0);
        // The middle was hit; what is there looks like no whole image.
        expect(sizeNow()).toBeGreaterThanOrEqual(fewest);
        expect(sizeNow()).toBeLessThan(most);

        succeeds(await project.up());
        expect(await volumeNames(scene(), pool)).toEqual([`big-${sha256.slice(0, 16)}.raw`]);
        expect(await sha256Of(path)).toBe(sha256);
        expect(await volumeOf(project, "big")).toMatchObject({ path });
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.destroy());
        expect(await volumeNames(scene(), pool)).toEqual([]);
      } finally {
        await workshop.close();
      }
    },
    engineTestMs,
  );
});

describeScene("an image that cannot be had", "image-bad", (scene) => {
  const smallMiB = 64;
  let workshop: Workshop;
  let server: FileServer;
  let pool: StagedPool;

  beforeAll(async () => {
    workshop = await openWorkshop(scene().lab);
    server = await workshop.serve();
    pool = await workshop.addPool("image-small", smallMiB);
    const raw = await workshop.raw("good.img", { dataMiB: 3, sizeMiB: 8 });
    await workshop.qemuImg("convert", "-f", "raw", "-O", "qcow2", raw, workshop.path("good.qcow2"));
    await copyFile(workshop.path("good.qcow2"), workshop.path("cut.qcow2"));
    await truncate(workshop.path("cut.qcow2"), bytesPerMiB / 8);
    await writeFile(workshop.path("packed.qcow2"), gzipSync(readFileSync(workshop.path("good.qcow2"))));
    await workshop.raw("large.img", { dataMiB: 102, sizeMiB: 102 });
    await workshop.qemuImg("create", "-f", "qcow2", "-b", workshop.path("good.qcow2"), "-F", "qcow2", workshop.path("layer.qcow2"));
  }, engineTestMs);
  afterAll(async () => {
    await workshop.close();
  }, engineTestMs);

  const checksumOf = async (file: string) => `sha256:${await sha256Of(workshop.path(file))}`;
  const local = (file: string) => workshop.path(file);
  const remote = (file: string) => `${server.url}/${file}`;

  interface Bad {
    readonly because: string;
    readonly source: () => string;
    readonly checksum?: () => Promise<string> | string;
    /** Of the message: what it is about, and the way out. */
    readonly says: readonly RegExp[];
  }

  const wrongSum = `sha256:${"0".repeat(64)}`;
  /** Told without a download: at preview. The engine stops at the first of these. */
  const atPreview: Readonly<Record<string, Bad>> = {
    mismatchHere: {
      because: "a file of this machine may have been changed as well",
      source: () => local("good.qcow2"),
      checksum: () => wrongSum,
      says: [/source|checksum/, /good\.qcow2/, /0{64}/],
    },
    cut: {
      because: "a file that ends before its tables do is no image",
      source: () => local("cut.qcow2"),
      says: [/cut\.qcow2/, /corrupt or cut off/, /Take a whole copy.*qemu-img check/],
    },
    packed: {
      because: "a VM would take a compressed image for a raw disk",
      source: () => local("packed.qcow2"),
      says: [/packed\.qcow2/, /compressed with gzip/, /Decompress it first \(gzip -d\)/],
    },
    layer: {
      because: "a backing file of its choice would be read on the host",
      source: () => local("layer.qcow2"),
      says: [/layer\.qcow2/, /layer over a backing file/, /qemu-img convert/],
    },
    waived: {
      because: "anybody on the way could send anything",
      source: () => remote("good.qcow2"),
      says: [/checksum/, /sha256:/, /"none" waives it/],
    },
  };

  const atUpdate: Readonly<Record<string, Bad>> = {
    mismatch: {
      because: "what the server sends is not what the publisher signed",
      source: () => remote("good.qcow2"),
      checksum: () => wrongSum,
      says: [/good\.qcow2/, /checksum/, /0{64}/],
    },
    cutAfar: {
      because: "what was downloaded is looked at too, whatever its checksum says",
      source: () => remote("cut.qcow2"),
      checksum: () => checksumOf("cut.qcow2"),
      says: [/cut\.qcow2/, /corrupt or cut off/, /Take a whole copy/],
    },
    gone: {
      because: "images move when a newer one is published",
      source: () => remote("no-such.qcow2"),
      checksum: () => wrongSum,
      says: [/no-such\.qcow2/, /404 \(Not Found\)/, /Check the address/],
    },
    large: {
      because: "gigabytes are not written for nothing",
      source: () => local("large.img"),
      says: [/large\.img/, /pool image-small has [\d.]+ MiB free, and 102 MiB are needed/, /free space there, or take another pool/],
    },
  };

  const imageText = async (name: string, { source, checksum }: Bad) =>
    `new kvm.Image("${name}", { source: ${json(source())}, pool: ${json(pool.name)}${checksum === undefined ? "" : `, checksum: ${json(await checksum())}`} });`;
  const program = async (chosen: Readonly<Record<string, Bad>>) => {
    const texts = await Promise.all(Object.entries(chosen).map(([name, row]) => imageText(name, row)));
    return texts.join("\n");
  };
  const isSaid = (result: CommandResult, chosen: Readonly<Record<string, Bad>>) => {
    expect(result.code).not.toBe(0);
    for (const [name, { says }] of Object.entries(chosen)) {
      const said = messagesOf(result, "error", name).join("\n");
      for (const word of says) expect([name, said]).toEqual([name, expect.stringMatching(word)]);
    }
  };
  const imagesInState = async (project: PulumiProject) =>
    ((await project.exportState()).deployment.resources ?? []).filter(({ type }) => type === "kvm:index:Image");

  it(
    "is refused by the update, each with what is wrong and the way out, and nothing half-made is left",
    async () => {
      const good = `new kvm.Image("good", { source: ${json(local("good.qcow2"))}, pool: ${json(pool.name)} });`;
      const project = await scene().project(good, { env: workshop.env });
      succeeds(await project.up());
      const before = await volumeNames(scene(), pool);
      expect(before).toHaveLength(1);

      project.write(scene().program(good + (await program(atUpdate))));
      succeeds(await project.preview());
      isSaid(await project.up("--continue-on-error"), atUpdate);
      expect(await volumeNames(scene(), pool)).toEqual(before);
      expect(await imagesInState(project)).toHaveLength(1);

      project.write(scene().program(good));
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
    },
    engineTestMs,
  );

  it(
    "is refused at preview where nothing has to be downloaded to tell",
    async () => {
      const before = await volumeNames(scene(), pool);
      const refused = Object.entries(atPreview).map(async ([name, row]) => {
        const project = await scene().project(await program({ [name]: row }), { env: workshop.env, name: `bad-${name}` });
        isSaid(await project.preview(), { [name]: row });
      });
      await Promise.all(refused);
      expect(await volumeNames(scene(), pool)).toEqual(before);
    },
    engineTestMs,
  );
});

describeScene("a raw image whose bytes look like a qcow2 image over another file", "image-evil", (scene) => {
  const name = "victim";
  /** Of the image file; what its header says is 64 MiB. */
  const evilKiB = 256;

  it(
    "is opened as raw, linked or by itself, and that file is not opened",
    async () => {
      const workshop = await openWorkshop(scene().lab);
      try {
        const secret = workshop.path("secret.img");
        await writeFile(secret, "what no guest may see ".repeat(1000));
        const evil = workshop.path("evil.img");
        await workshop.qemuImg("create", "-f", "qcow2", "-b", secret, "-F", "raw", evil, "64M");
        await truncate(evil, evilKiB * bytesPerKiB);
        const { uid } = await stat(secret);
        // QEMU's user may not pass the folder: had QEMU tried to open the file, the VM would not have started. libvirt, which is root, reads the
        // first bytes of whatever a file in a pool names as its backing file; that ends in its list of volumes.
        expect((await stat(workshop.path("."))).mode & 0o077).toBe(0);
        const program = (clone: string) => `
          const image = new kvm.Image("evil", { source: ${json(evil)}, format: "raw", pool: ext4 });
          new kvm.VirtualMachine("${name}", {
            ...machine, name: "${name}", power: "paused",
            disks: {
              root: { pool: ext4, image: image.path, clone: "linked" },
              again: { file: image.path, readonly: true },
              ${clone}
            },
          } as kvm.VirtualMachineArgs);`;
        const project = await scene().project(program(""), { env: workshop.env });
        succeeds(await project.up());
        const { path } = await volumeOf(project, "evil");
        expect(path).toMatch(/\/evil-[0-9a-f]{16}\.raw$/);
        expect(await sha256Of(path)).toBe(await sha256Of(evil));

        expect(await stateOf(project, "evil")).toMatchObject({ format: "raw", capacity: `${evilKiB}KiB` });
        const info = await workshop.qemuImg("info", "-U", "--output", "json", `${scene().ext4.path}/${name}-root.qcow2`);
        expect(JSON.parse(info)).toMatchObject({ "virtual-size": evilKiB * bytesPerKiB });

        const xml = await virsh(scene().lab, "dumpxml", name);
        expect(xml).not.toContain(secret);
        const below = /<backingStore type='file'[^>]*>\s*<format type='(\w+)'\/>\s*<source file='([^']*)'/.exec(xml);
        expect(below?.slice(1)).toEqual(["raw", path]);
        expect(xml).toMatch(new RegExp(`<driver name='qemu' type='raw'[^>]*/>\\s*<source file='${path}'`));

        // What QEMU itself has opened, by its own word.
        const asked = await virsh(scene().lab, "qemu-monitor-command", name, json({ execute: "query-named-block-nodes" }));
        const nodes = (JSON.parse(asked) as { return: { drv: string; file: string }[] }).return;
        const drivers = new Set(nodes.filter(({ file }) => file === path).map(({ drv }) => drv));
        expect([...drivers].sort()).toEqual(["file", "raw"]);
        expect(asked).not.toContain(secret);

        succeeds(await project.preview("--expect-no-changes"));
        // libvirt's copy would go by the header.
        project.write(scene().program(program(`more: { pool: ext4, image: image.path, clone: "full" },`)));
        const volumes = await volumeNames(scene(), scene().ext4);
        const refused = await project.up();
        expect(refused.code).not.toBe(0);
        expect(messagesOf(refused, "error").join("\n")).toMatch(/disks\.more[\s\S]*is raw, but libvirt takes it for qcow2[\s\S]*linked/);
        expect(await volumeNames(scene(), scene().ext4)).toEqual(volumes);
        succeeds(await project.destroy());

        expect((await stat(secret)).uid).toBe(uid);
      } finally {
        await workshop.close();
      }
    },
    engineTestMs,
  );
});
