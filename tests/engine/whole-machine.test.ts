// The story of one machine through the engine: a real Debian comes up from an image, is changed in every way that a running machine can be, and goes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestExec, missingDebianGuest, placeDebianGuest } from "../../tools/lab/debian-guest";
import { addStorage, hostExec, removeStorage, virsh, waitFor } from "../../tools/lab/lab";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import type { CommandResult, PulumiProject } from "../../tools/lab/pulumi";
import { describeScene, domainNames, engineTestMs, stateOf, succeeds } from "./scene";

/** The guest can be reached after 20 s on two free cores; a dozen times that is a guest that does not come. */
const guestMs = 240_000;
/** Sooner than a pulumi command that waits is given up by the lab. */
const addressSeconds = 150;
const poolMiB = 2048;

const name = "whole-web";
const subnet = { lan: "10.95.1", wan: "10.95.2" } as const;

/** What is asked of the machine; each step of the story changes a part of it. */
interface Wish {
  readonly description: string;
  readonly memory: string;
  readonly cpus: number;
  readonly cache: string;
  readonly applyChanges: string;
  readonly cards: readonly (keyof typeof subnet)[];
  readonly data: boolean;
}

/** The machine as the guest and libvirt see it. */
interface View {
  readonly domainId: string;
  readonly bootId: string;
  readonly uptimeSeconds: number;
  readonly memoryKiB: number;
  readonly cpus: number;
  readonly disks: readonly string[];
  readonly addresses: readonly string[];
  /** How often user-data's commands ran. */
  readonly runs: number;
}

const looks = [
  "cat /proc/sys/kernel/random/boot_id",
  "cut -d' ' -f1 /proc/uptime",
  "awk '/^MemTotal/ { print $2 }' /proc/meminfo",
  "nproc",
  "ls /sys/block | tr '\\n' ' '",
  "ip -4 -o addr show | awk '{ sub(\"/.*\", \"\", $4); print $4 }' | tr '\\n' ' '",
  "wc -l </var/lib/runs",
];

interface Step {
  readonly because: string;
  readonly wish: Partial<Wish>;
  /** What the preview says of it, and at which severity. */
  readonly says: readonly ["info" | "warning", RegExp];
  /** The same process, the same boot in another process, or another boot. */
  readonly keeps: "process" | "boot" | "nothing";
  /** What the guest sees once it has happened. */
  readonly sees?: (now: View, before: View) => boolean;
  /** What the running definition says once it has happened. */
  readonly runs?: RegExp;
}

const steps: readonly Step[] = [
  {
    because: "another description is a note in the running definition",
    wish: { description: "the second" },
    says: ["info", /^.*description: .*: live$/m],
    keeps: "process",
    runs: /<description>the second<\/description>/,
  },
  {
    because: "the balloon gives the guest more memory, up to its maximum",
    wish: { memory: "640MiB" },
    says: ["info", /^.*memory: 512MiB => 640MiB: live$/m],
    keeps: "process",
    sees: (now, before) => now.memoryKiB >= before.memoryKiB + 120 * 1024,
    runs: /<currentMemory unit='KiB'>655360</,
  },
  {
    because: "a network card is plugged in, and the guest asks for an address on it",
    wish: { cards: ["lan", "wan"] },
    says: ["info", /^.*networks\.wan: none => .*: live$/m],
    keeps: "process",
    sees: ({ addresses }) => addresses.some((address) => address.startsWith(`${subnet.wan}.`)),
    runs: /<alias name='ua-wan'\/>/,
  },
  {
    because: "a disk is plugged in",
    wish: { data: true },
    says: ["info", /^.*disks\.data: none => .*: live$/m],
    keeps: "process",
    sees: (now, before) => now.disks.length === before.disks.length + 1,
    runs: /<alias name='ua-data'\/>/,
  },
  {
    because: "a running disk's cache mode needs another QEMU, into which the guest's memory is carried over",
    wish: { cache: "writethrough", applyChanges: "suspend" },
    says: ["warning", /disks\.root\.cache: .*without a reboot/],
    keeps: "boot",
    sees: (now, before) => now.uptimeSeconds > before.uptimeSeconds,
    runs: /cache='writethrough'/,
  },
  {
    because: "more processors than the machine has places for take a new start",
    wish: { cpus: 3, applyChanges: "restart" },
    says: ["warning", /maxCpus: .*by a restart/],
    keeps: "nothing",
    sees: ({ cpus }) => cpus === 3,
    runs: /<vcpu placement='static'>3<\/vcpu>/,
  },
];

describeScene(
  "a whole machine",
  "whole",
  (scene) => {
    let project: PulumiProject;
    let keys: string;
    let poolPath: string;
    let guest: ReturnType<typeof placeDebianGuest>;
    let wish: Wish = {
      description: "the first",
      memory: "512MiB",
      cpus: 2,
      cache: "writeback",
      applyChanges: "nextBoot",
      cards: ["lan"],
      data: false,
    };
    const keyFile = () => join(keys, "id");

    const write = () => {
      const { cards, cache, data, ...rest } = wish;
      const userData = { runcmd: ["echo ran >>/var/lib/runs"] };
      const users = { ann: { sshKeys: [readFileSync(`${keyFile()}.pub`, "utf8").trim()] } };
      const { kernel, initrd, cmdline } = guest;
      project.write(
        scene().program(`
          const pool = new kvm.StoragePool("pool", { name: "whole-pool", type: "dir", target: { path: ${JSON.stringify(poolPath)} } });
          const network = (key: string, subnet: string) =>
            new kvm.Network(key, {
              name: "whole-" + key,
              mode: "nat",
              addresses: [{ address: subnet + ".1/24", dhcp: { ranges: [{ start: subnet + ".100", end: subnet + ".200" }] } }],
            });
          const networks = { lan: network("lan", "${subnet.lan}"), wan: network("wan", "${subnet.wan}") };
          const debian = new kvm.Image("debian", { source: ${JSON.stringify(guest.image)}, name: "debian", pool: pool.name });
          const web = new kvm.VirtualMachine("web", {
            name: "${name}",
            machine: "q35",
            accelerator: "qemu",
            maxMemory: "640MiB",
            directBoot: ${JSON.stringify({ kernel, initrd, cmdline })},
            serial: { file: "${poolPath}/console.log" },
            disks: {
              root: { pool: pool.name, image: debian.path, cache: "${cache}" },
              ${data ? 'data: { pool: pool.name, size: "64MiB" },' : ""}
            },
            networks: { ${cards.map((key) => `${key}: { network: networks.${key}.name }`).join()} },
            cloudInit: ${JSON.stringify({ userData, users })},
            waitForAddress: { network: "lan", timeoutSeconds: ${addressSeconds} },
            guestAgent: true,
            ...${JSON.stringify(rest)},
          } as kvm.VirtualMachineArgs);
          export const address = web.ipAddress;
        `),
      );
    };
    const inGuest = (address: string, command: string) => guestExec(scene().lab, { user: "ann", address, keyFile: keyFile() }, command);
    /** The guest's word by ssh, once it answers and is as awaited. */
    const view = async (accepts: (view: View) => boolean = () => true) => {
      const address = (await stateOf(project, "web"))["ipAddress"] as string;
      return waitFor(
        "the guest as awaited",
        async () => {
          const said = await inGuest(address, looks.join(" && echo && ")).catch(() => "");
          const [bootId = "", uptime, memory, cpus, disks = "", addresses = "", runs] = said.split(/\n+/);
          if (runs === undefined) return undefined;
          const seen: View = {
            domainId: await virsh(scene().lab, "domid", name),
            bootId,
            uptimeSeconds: Number(uptime),
            memoryKiB: Number(memory),
            cpus: Number(cpus),
            disks: disks.trim().split(" "),
            addresses: addresses.trim().split(" "),
            runs: Number(runs),
          };
          return accepts(seen) ? seen : undefined;
        },
        guestMs,
      );
    };
    const nothingWaits = async () => expect(await stateOf(project, "web")).toMatchObject({ restartPending: false, pendingChanges: [] });
    /** Everything of the machine's and its surroundings that a host keeps. */
    const traces = async () => ({
      domains: await domainNames(scene()),
      pools: await virsh(scene().lab, "pool-list", "--all", "--name"),
      networks: await virsh(scene().lab, "net-list", "--all", "--name"),
      secrets: await virsh(scene().lab, "secret-list"),
      files: await hostExec(scene().lab, "find", poolPath, "/var/lib/libvirt", "-type", "f", "-not", "-name", "console.log"),
    });
    /** The guest before the present step. */
    let before: View;
    let untouched: Awaited<ReturnType<typeof traces>>;

    beforeAll(async () => {
      keys = mkdtempSync(join(tmpdir(), "kvm-keys-"));
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", keyFile()]);
      poolPath = await addStorage(scene().lab, "whole-pool", "ext4", poolMiB);
      guest = placeDebianGuest(scene().lab);
      untouched = await traces();
      project = await scene().project("");
      write();
    }, engineTestMs);
    afterAll(async () => {
      // The scene has destroyed its stacks by then.
      await removeStorage(scene().lab, "whole-pool");
      rmSync(keys, { recursive: true, force: true });
    }, engineTestMs);

    it(
      "comes up from its image with an address, lets in who holds the key, and has done what user-data says once",
      async () => {
        const up: CommandResult = await project.up();
        succeeds(up);
        expect(messagesOf(up, "warning", "web")).toEqual([]);
        const { address } = (await project.outputs()) as { address: string };
        expect(address).toMatch(/^10\.95\.1\.1\d\d$/);
        before = await view();
        expect(before).toMatchObject({ runs: 1, cpus: 2 });
        expect(before.addresses).toContain(address);
        expect(await inGuest(address, "hostname")).toBe(name);
        const agent = await virsh(scene().lab, "qemu-agent-command", name, '{"execute":"guest-get-osinfo"}');
        expect(JSON.parse(agent)).toMatchObject({ return: { id: "debian" } });
        succeeds(await project.refresh());
        expect((await stateOf(project, "web"))["addresses"]).toMatchObject({ lan: [{ address, source: "agent" }] });
        await nothingWaits();
        succeeds(await project.preview("--expect-no-changes"));
      },
      engineTestMs * 2,
    );

    it.each(steps)(
      "takes a change as its preview says: $because",
      async ({ wish: part, says: [severity, foretold], keeps, sees, runs }) => {
        wish = { ...wish, ...part };
        write();
        const preview = await project.preview();
        succeeds(preview);
        expect(messagesOf(preview, severity, "web").join("\n")).toMatch(foretold);
        if (severity === "info") expect(messagesOf(preview, "warning", "web")).toEqual([]);
        expect(stepsOf(preview)["web"]).toMatchObject({ op: "update" });
        const up = await project.up();
        succeeds(up);
        expect(stepsOf(up)["web"]?.detailedDiff).toEqual(stepsOf(preview)["web"]?.detailedDiff);
        const now = await view((each) => (keeps === "nothing") === (each.bootId !== before.bootId) && (sees?.(each, before) ?? true));
        expect(now.domainId === before.domainId).toBe(keeps === "process");
        expect(now.runs).toBe(1);
        before = now;
        if (runs !== undefined) expect(await virsh(scene().lab, "dumpxml", name)).toMatch(runs);
        await nothingWaits();
      },
      engineTestMs * 2,
    );

    it(
      "is found as it is, and leaves nothing when it goes",
      async () => {
        succeeds(await project.refresh());
        await nothingWaits();
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.destroy());
        expect(await traces()).toEqual(untouched);
      },
      engineTestMs,
    );
  },
  missingDebianGuest(),
);
