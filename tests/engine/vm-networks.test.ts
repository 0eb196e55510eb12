// A VM's network cards and addresses on real QEMU and libvirt's own DHCP: seen by the guest, by libvirt, at preview and in the stack.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readGuestCards, readGuestLog } from "../../tools/lab/guest-log";
import type { GuestCard } from "../../tools/lab/guest-log";
import { virsh, waitFor } from "../../tools/lab/lab";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import type { PulumiProject } from "../../tools/lab/pulumi";
import { describeScene, engineTestMs, stateOf, succeeds } from "./scene";
import type { Scene } from "./scene";

/** The guest boots in 3 s on a free core and asks for its address at once; twenty times that is a guest that does not come. */
const bootMs = 60_000;

const networks = { first: "10.97.1", second: "10.97.2", third: "10.97.3" } as const;
const nameOf = (network: keyof typeof networks) => `vmnet-${network}`;

/** An isolated network of libvirt's with its DHCP server. */
async function addNetwork({ lab }: Scene, network: keyof typeof networks): Promise<void> {
  const subnet = networks[network];
  const file = join(lab.dir, `${nameOf(network)}.xml`);
  writeFileSync(
    file,
    `<network><name>${nameOf(network)}</name><bridge name='vmn-${network}'/><ip address='${subnet}.1' netmask='255.255.255.0'>
       <dhcp><range start='${subnet}.100' end='${subnet}.200'/></dhcp></ip></network>`,
  );
  await virsh(lab, "net-define", file);
  await virsh(lab, "net-start", nameOf(network));
}

async function strikeNetwork({ lab }: Scene, network: keyof typeof networks): Promise<void> {
  await virsh(lab, "net-destroy", nameOf(network));
  await virsh(lab, "net-undefine", nameOf(network));
}

/** libvirt puts a queue of this kind under each limited card. Tried on a loopback of its own. */
const shapes = spawnSync("unshare", ["--net", "tc", "qdisc", "add", "dev", "lo", "root", "sfq"]).status === 0;

describeScene("network cards of a running machine", "vmnet", (scene) => {
  const name = "vmnet-web";
  const lan = { network: nameOf("first") };
  let project: PulumiProject;
  let log: string;

  const write = (cards: object, more: object = {}) =>
    project.write(
      scene().program(`
        const web = new kvm.VirtualMachine("${name}", {
          ...machine, name: "${name}", machine: "q35", memory: "96MiB", unplugTimeoutSeconds: 10,
          serial: { file: "${log}" },
          networks: ${JSON.stringify(cards)},
          ...${JSON.stringify(more)},
        } as kvm.VirtualMachineArgs);
        export const ip = web.ipAddress;
      `),
    );
  const macOf = async (key: string) => ((await stateOf(project, name))["macAddresses"] as Record<string, string>)[key] ?? "";
  const card = async (key: string, accepts: (card: GuestCard) => boolean = () => true) => {
    const mac = await macOf(key);
    return waitFor(
      `the guest's card ${key}`,
      () => {
        const found = readGuestCards(log)[mac];
        return found !== undefined && accepts(found) ? found : undefined;
      },
      bootMs,
    );
  };
  const identity = async () => [await virsh(scene().lab, "domid", name), readGuestLog(log)?.bootId];
  const settled = async () => {
    expect(await stateOf(project, name)).toMatchObject({ restartPending: false, pendingChanges: [] });
    succeeds(await project.preview("--expect-no-changes"));
  };

  beforeAll(async () => {
    log = `${scene().ramfs.path}/${name}.log`;
    await addNetwork(scene(), "first");
    await addNetwork(scene(), "second");
    project = await scene().project("");
  }, engineTestMs);
  afterAll(async () => {
    // The scene has destroyed its stacks by then.
    await strikeNetwork(scene(), "first");
    await strikeNetwork(scene(), "second");
  }, engineTestMs);

  it(
    "a new machine waits for its lease, which is an output at once",
    async () => {
      write({ lan }, { waitForAddress: { network: "lan", timeoutSeconds: 60 } });
      const up = await project.up();
      succeeds(up);
      expect(messagesOf(up, "warning", name).join("\n")).not.toContain("address");
      const state = await stateOf(project, name);
      const address = state["ipAddress"] as string;
      expect(address).toMatch(/^10\.97\.1\.1\d\d$/);
      expect(state["addresses"]).toEqual({ lan: [{ address, prefix: 24, family: "ipv4", source: "lease" }] });
      expect(await card("lan", (each) => each.address !== undefined)).toMatchObject({ address, carrier: true });
      expect((await project.outputs())["ip"]).toBe(address);
      const xml = await virsh(scene().lab, "dumpxml", name);
      expect(xml).toContain("<alias name='ua-lan'/>");
      await settled();
      succeeds(await project.refresh());
      await settled();
    },
    engineTestMs,
  );

  it(
    "a card comes and goes, and the guest goes on",
    async () => {
      const before = await identity();
      const address = (await stateOf(project, name))["ipAddress"];
      write({ lan, wan: { network: nameOf("second"), mtu: 1400 } });
      const foretold = await project.preview();
      expect(messagesOf(foretold, "info", name).join("\n")).toMatch(/networks\.wan: none => .*: live$/m);
      expect(messagesOf(foretold, "warning", name)).toEqual([]);
      expect(stepsOf(foretold)[name]).toMatchObject({ op: "update" });
      succeeds(await project.up());
      expect((await card("wan", (each) => each.address !== undefined)).address).toMatch(/^10\.97\.2\./);
      succeeds(await project.refresh());
      expect((await stateOf(project, name))["addresses"]).toMatchObject({
        wan: [{ address: expect.stringMatching(/^10\.97\.2\./) as string, source: "lease" }],
      });
      expect((await stateOf(project, name))["ipAddress"]).toBe(address);
      await settled();

      const mac = await macOf("wan");
      write({ lan });
      expect(messagesOf(await project.preview(), "info", name).join("\n")).toMatch(/networks\.wan: .*: live, if the guest lets go of it$/m);
      succeeds(await project.up());
      await waitFor("the card to go", () => readGuestCards(log)[mac] === undefined, bootMs);
      expect(await virsh(scene().lab, "dumpxml", name)).not.toContain(mac);
      expect(await identity()).toEqual(before);
      await settled();
    },
    engineTestMs,
  );

  it(
    "the cable and the network change, and the guest goes on",
    async () => {
      const before = await identity();
      const mac = await macOf("lan");
      write({ lan: { ...lan, linkState: "down" } });
      expect(messagesOf(await project.preview(), "info", name).join("\n")).toMatch(/networks\.lan\.linkState: none => down: live$/m);
      succeeds(await project.up());
      await card("lan", ({ carrier }) => !carrier);
      await settled();

      write({ lan });
      succeeds(await project.up());
      await card("lan", ({ carrier }) => carrier);
      await settled();

      write({ lan: { network: nameOf("second") } });
      expect(messagesOf(await project.preview(), "info", name).join("\n")).toMatch(
        /networks\.lan\.network: vmnet-first => vmnet-second: live$/m,
      );
      const moved = await project.up();
      succeeds(moved);
      expect(messagesOf(moved, "warning", name)).toEqual([]);
      expect(await virsh(scene().lab, "domiflist", name)).toMatch(new RegExp(`network\\s+vmnet-second\\s+virtio\\s+${mac}`));
      expect(await identity()).toEqual(before);
      await settled();
    },
    engineTestMs,
  );

  // Where the kernel has them, the block below sets real limits.
  if (!shapes)
    it(
      "limits that the kernel cannot set are a warning, and wait, while the rest is done",
      async () => {
        write({ lan: { network: nameOf("second"), linkState: "down", bandwidth: { inbound: { average: "1MiB" } } } });
        const up = await project.up();
        succeeds(up);
        expect(messagesOf(up, "warning", name).join("\n")).toMatch(/networks\.lan\.bandwidth: could not be changed while the VM runs/);
        await card("lan", ({ carrier }) => !carrier);
        expect(await stateOf(project, name)).toMatchObject({ restartPending: true });
        write({ lan: { network: nameOf("second") } });
        succeeds(await project.up());
        await card("lan", ({ carrier }) => carrier);
        await settled();
      },
      engineTestMs,
    );

  it(
    "what a running card cannot take is foretold as such, waits, and is there after a cold start",
    async () => {
      const mac = await macOf("lan");
      const wanted = { lan: { network: nameOf("first"), model: "virtio-transitional", mtu: 1300, staticAddress: `${networks.first}.50` } };
      write(wanted);
      expect(messagesOf(await project.preview(), "warning", name).join("\n")).toMatch(/networks\.lan\.model: .*next cold start/);
      succeeds(await project.up());
      expect(await stateOf(project, name)).toMatchObject({ restartPending: true });
      write(wanted, { applyChanges: "restart", shutdownTimeoutSeconds: 20 });
      succeeds(await project.up());
      expect(await virsh(scene().lab, "domiflist", name)).toMatch(new RegExp(`network\\s+vmnet-first\\s+virtio-transitional\\s+${mac}`));
      await card("lan", ({ address }) => address === `${networks.first}.50`);
      succeeds(await project.refresh());
      expect(await stateOf(project, name)).toMatchObject({ ipAddress: `${networks.first}.50` });
      await settled();
    },
    engineTestMs,
  );

  it(
    "an address that does not come is a warning, and the machine is kept",
    async () => {
      const lonely = await scene().project("");
      lonely.write(
        scene().program(`
          new kvm.VirtualMachine("vmnet-lonely", {
            ...machine, name: "vmnet-lonely", memory: "96MiB", networks: { out: { user: true } }, waitForAddress: { timeoutSeconds: 3 },
          });
        `),
      );
      const up = await lonely.up();
      succeeds(up);
      expect(messagesOf(up, "warning", "vmnet-lonely").join("\n")).toMatch(/no address that is known after 3 s/);
      expect(await virsh(scene().lab, "domstate", "vmnet-lonely")).toBe("running");
      expect(await stateOf(lonely, "vmnet-lonely")).toMatchObject({ addresses: {} });
      succeeds(await lonely.preview("--expect-no-changes"));
    },
    engineTestMs,
  );

  it(
    "a machine that virsh made comes in with its cards, and an empty preview follows",
    async () => {
      const { lab } = scene();
      const file = join(lab.dir, "vmnet-legacy.xml");
      writeFileSync(
        file,
        `<domain type='qemu'><name>vmnet-legacy</name><memory unit='MiB'>96</memory><os><type arch='x86_64'>hvm</type></os><devices>
           <interface type='network'><source network='${nameOf("first")}'/></interface>
           <interface type='bridge'><mac address='52:54:00:97:00:02'/><source bridge='vmn-second'/><model type='virtio'/><link state='down'/>
             <bandwidth><inbound average='100'/></bandwidth></interface>
           <interface type='mcast'><mac address='52:54:00:97:00:03'/><source address='230.0.0.1' port='5558'/></interface>
         </devices></domain>`,
      );
      await virsh(lab, "define", file);
      const legacy = await scene().project("");
      succeeds(await legacy.import("kvm:index:VirtualMachine", "vmnet-legacy", "vmnet-legacy"));
      const { networks: cards } = await stateOf(legacy, "vmnet-legacy");
      expect(cards).toMatchObject({
        net0: { network: nameOf("first"), mac: expect.stringMatching(/^52:54:00/) as string },
        net1: { bridge: "vmn-second", mac: "52:54:00:97:00:02", linkState: "down", bandwidth: { inbound: { average: "100KiB" } } },
      });
      const args = { name: "vmnet-legacy", memory: "96MiB", accelerator: "qemu", power: "stopped", networks: cards };
      legacy.write(
        scene().program(`new kvm.VirtualMachine("vmnet-legacy", ${JSON.stringify(args)} as kvm.VirtualMachineArgs, { protect: false });`),
      );
      succeeds(await legacy.preview("--expect-no-changes"));
      legacy.write(
        scene().program(
          `new kvm.VirtualMachine("vmnet-legacy", ${JSON.stringify({ ...args, description: "ours" })} as kvm.VirtualMachineArgs, { protect: false });`,
        ),
      );
      succeeds(await legacy.up());
      const xml = await virsh(lab, "dumpxml", "vmnet-legacy", "--inactive");
      for (const kept of ["type='mcast'", "52:54:00:97:00:02", "vmn-second"]) expect(xml).toContain(kept);
      succeeds(await legacy.preview("--expect-no-changes"));
    },
    engineTestMs,
  );
});

describeScene(
  "limits of a running card",
  "vmlimit",
  (scene) => {
    it(
      "are set and taken off, and the guest goes on",
      async () => {
        const name = "vmlimit-web";
        await addNetwork(scene(), "third");
        try {
          const project = await scene().project("");
          const write = (more: object) =>
            project.write(
              scene().program(`
                new kvm.VirtualMachine("${name}", {
                  ...machine, name: "${name}", memory: "96MiB",
                  networks: ${JSON.stringify({ lan: { network: nameOf("third"), ...more } })},
                } as kvm.VirtualMachineArgs);
              `),
            );
          write({});
          succeeds(await project.up());
          const id = await virsh(scene().lab, "domid", name);
          const mac = ((await stateOf(project, name))["macAddresses"] as Record<string, string>)["lan"] ?? "";
          const limits = () => virsh(scene().lab, "domiftune", name, mac);
          write({ bandwidth: { inbound: { average: "1MiB", peak: "2MiB" }, outbound: { average: "512KiB" } } });
          succeeds(await project.up());
          expect(await limits()).toMatch(/inbound\.average: 1024[\s\S]*inbound\.peak\s*: 2048[\s\S]*outbound\.average: 512/);
          succeeds(await project.preview("--expect-no-changes"));
          write({});
          succeeds(await project.up());
          expect(await limits()).toMatch(/inbound\.average: 0/);
          expect(await virsh(scene().lab, "domid", name)).toBe(id);
          succeeds(await project.preview("--expect-no-changes"));
        } finally {
          await strikeNetwork(scene(), "third");
        }
      },
      engineTestMs,
    );
  },
  shapes ? undefined : "this kernel has no sch_sfq, with which libvirt limits a card's traffic",
);
