// Network through the engine: previewed, made, unchanged, changed live on the same bridge, replaced with its reason, taken over, gone.
import { hostExec, virsh } from "../../tools/lab/lab";
import { messagesOf, stepsOf } from "../../tools/lab/pulumi";
import { describeScene, engineTestMs, stateOf, succeeds } from "./scene";

const prefix = "nets";

describeScene("a network of libvirt's own", prefix, (scene) => {
  const names = async () => (await virsh(scene().lab, "net-list", "--all", "--name")).split("\n");
  const lan = (name: string, hosts: string, more = "") => `
    const lan = new kvm.Network("lan", {
      name: "${name}",
      mode: "nat",
      addresses: [{ address: "10.96.1.1/24", dhcp: { ranges: [{ start: "10.96.1.10", end: "10.96.1.20" }], hosts: ${hosts} } }],
      ${more}
    });
    export const bridge = lan.bridge;
  `;

  it(
    "comes up, stays the same, takes a DHCP host while it runs, and goes",
    async () => {
      const name = `${prefix}-lan`;
      const project = await scene().project(lan(name, "{}"));
      succeeds(await project.preview());
      expect(await names()).not.toContain(name);
      succeeds(await project.up());
      const { bridge } = (await project.outputs()) as { bridge: string };
      const index = async () => hostExec(scene().lab, "cat", `/sys/class/net/${bridge}/ifindex`);
      const before = await index();
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.refresh());
      succeeds(await project.preview("--expect-no-changes"));

      const web = `{ web: { mac: "52:54:00:00:00:01", name: "web", ip: "10.96.1.11" } }`;
      project.write(scene().program(lan(name, web)));
      const preview = await project.preview();
      const step = stepsOf(preview)["lan"];
      expect(step?.op).toBe("update");
      expect(Object.keys(step?.detailedDiff ?? {})).toEqual(["addresses[0].dhcp.hosts.web"]);
      succeeds(await project.up());
      expect(await virsh(scene().lab, "net-dumpxml", name)).toContain("ip='10.96.1.11'");
      expect(await index()).toBe(before);
      expect(await virsh(scene().lab, "net-info", name)).toMatch(/Active:\s+yes/);
      succeeds(await project.preview("--expect-no-changes"));

      project.write(scene().program(lan(name, web, "mtu: 1400,")));
      expect(messagesOf(await project.preview(), "info").join()).toMatch(/mtu: takes effect at once, by a stop and a start of the network/);
      succeeds(await project.up());
      expect(await stateOf(project, "lan")).toMatchObject({ mtu: 1400, bridge, pendingChanges: [] });
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
      expect(await names()).not.toContain(name);
    },
    engineTestMs,
  );

  it(
    "that gets another name is replaced, and the preview says so and why",
    async () => {
      const project = await scene().project(lan(`${prefix}-one`, "{}"));
      succeeds(await project.up());
      project.write(scene().program(lan(`${prefix}-two`, "{}")));
      const preview = await project.preview();
      expect(Object.values(stepsOf(preview)).map(({ op }) => op)).toEqual(
        expect.arrayContaining([expect.stringContaining("replace") as string]),
      );
      expect(messagesOf(preview, "warning").join()).toMatch(
        /name: a change replaces the network, as libvirt cannot rename a network; the old one goes first/,
      );
      succeeds(await project.up());
      expect(await names()).toEqual(expect.arrayContaining([`${prefix}-two`]));
      expect(await names()).not.toContain(`${prefix}-one`);
      succeeds(await project.destroy());
    },
    engineTestMs,
  );

  it(
    "that virsh made is imported by its name, with nothing to change",
    async () => {
      const name = `${prefix}-taken`;
      const file = `${scene().ext4.path}/${name}.xml`;
      const xml = `<network><name>${name}</name><forward mode='nat'/><ip address='10.96.2.1' netmask='255.255.255.0'><dhcp><range start='10.96.2.2' end='10.96.2.254'/></dhcp></ip></network>`;
      await hostExec(scene().lab, "sh", "-c", `cat > ${file} <<'END'\n${xml}\nEND`);
      await virsh(scene().lab, "net-define", file);
      await virsh(scene().lab, "net-start", name);
      const project = await scene().project(`
        new kvm.Network("taken", {
          name: "${name}",
          mode: "nat",
          autostart: false,
          addresses: [{ address: "10.96.2.1/24", dhcp: { ranges: [{ start: "10.96.2.2", end: "10.96.2.254" }] } }],
        });
      `);
      succeeds(await project.import("kvm:index:Network", "taken", name));
      succeeds(await project.preview("--expect-no-changes"));
      succeeds(await project.destroy());
      expect(await names()).not.toContain(name);
    },
    engineTestMs,
  );

  it(
    "tells all that does not fit at preview",
    async () => {
      const project = await scene().project(`
        new kvm.Network("wrong", {
          mode: "nat",
          bridge: "a-name-that-is-too-long",
          addresses: [{ address: "10.96.3.1/24", dhcp: { ranges: [{ start: "10.96.3.9", end: "10.96.3.2" }], hosts: { a: { ip: "10.1.1.1" } } } }],
        });
      `);
      const { code, stdout, stderr } = await project.preview();
      expect(code).not.toBe(0);
      for (const path of ["bridge", "addresses[0].dhcp.ranges[0]", "addresses[0].dhcp.hosts.a"]) expect(stdout + stderr).toContain(path);
    },
    engineTestMs,
  );
});
