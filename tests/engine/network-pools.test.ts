// Volumes of pools in the network as disks: the pool says how QEMU reaches them, the program only names pool and volume.
import { cephUp, iscsiUp, missingFor, virsh } from "../../tools/lab/lab";
import { cacheOf, describeScene, engineTestMs, stateOf, succeeds } from "./scene";

describeScene(
  "VMs on volumes of network pools",
  "netpool",
  (scene) => {
    it(
      "a new volume of a Ceph pool is made, used over the network, grown and deleted with its VM",
      async () => {
        const { lab } = scene();
        const { monitors, user, key, pool } = await cephUp(lab);
        const program = (size: string) => `
          const ceph = new kvm.StoragePool("ceph", {
            name: "netpool-ceph", type: "rbd",
            source: { name: "${pool}", hosts: ${JSON.stringify(monitors)}, auth: { username: "${user}", key: "${key}" } },
          });
          new kvm.VirtualMachine("web", { ...machine, name: "netpool-web", disks: { root: { pool: ceph.name, size: "${size}" } } });
        `;
        const project = await scene().project(program("16MiB"));
        succeeds(await project.preview());
        succeeds(await project.up());
        expect(await cacheOf(scene(), "netpool-web", "running")).toBe("writeback");
        const { effectiveDisks, volumes } = await stateOf(project, "web");
        expect(effectiveDisks).toMatchObject({
          root: {
            path: `rbd:${pool}/netpool-web-root.img`,
            network: { protocol: "rbd", username: user },
            reason: expect.stringMatching(/Ceph/) as string,
          },
        });
        expect(volumes).toMatchObject({ root: { pool: "netpool-ceph", name: "netpool-web-root.img" } });
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.refresh());
        succeeds(await project.preview("--expect-no-changes"));

        const id = await virsh(lab, "domid", "netpool-web");
        project.write(scene().program(program("32MiB")));
        succeeds(await project.up());
        expect(await virsh(lab, "domid", "netpool-web")).toBe(id);
        expect(await virsh(lab, "domblkinfo", "netpool-web", "vda")).toMatch(/Capacity:\s+33554432/);
        succeeds(await project.preview("--expect-no-changes"));

        succeeds(await project.destroy());
        expect(await virsh(lab, "pool-list", "--all", "--name")).not.toContain("netpool-ceph");
        expect(await virsh(lab, "secret-list")).toBe("");
      },
      engineTestMs,
    );

    it(
      "a logical unit of an iSCSI pool is used by its name",
      async () => {
        const { lab } = scene();
        const { portal, port, target, user, password } = await iscsiUp(lab);
        const project = await scene().project(`
          const san = new kvm.StoragePool("san", {
            name: "netpool-san", type: "iscsi-direct",
            source: {
              hosts: [{ name: "${portal}", port: ${port} }], devices: ["${target}"], initiator: "iqn.2026-01.dev.pulumi-kvm:initiator",
              auth: { username: "${user}", password: "${password}" },
            },
          });
          new kvm.VirtualMachine("db", { ...machine, name: "netpool-db", disks: { root: { pool: san.name, volume: "unit:0:0:1" } } });
        `);
        succeeds(await project.up());
        expect(await cacheOf(scene(), "netpool-db", "running")).toBe("none");
        expect((await stateOf(project, "db"))["effectiveDisks"]).toMatchObject({ root: { path: `iscsi://${portal}:${port}/${target}/1` } });
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.refresh());
        succeeds(await project.preview("--expect-no-changes"));
        succeeds(await project.destroy());
        expect(await virsh(lab, "secret-list")).toBe("");
      },
      engineTestMs,
    );
  },
  missingFor("ceph", "iscsi"),
);
