// The examples whose point is the machine, as acceptance tests: the first one, a web server, UEFI with a TPM, a cluster.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { virsh } from "../../tools/lab/lab";
import type { Example } from "./run-examples";
import { emptyImage, itRunsExamples } from "./run-examples";
import { describeScene, engineTestMs } from "./scene";

const network = "example-lan";
const memory = "128MiB";

const uefiFiles = ["/usr/bin/swtpm", "/usr/bin/swtpm_setup", "/usr/share/OVMF/OVMF_CODE_4M.ms.fd"].filter((file) => !existsSync(file));

const examples: Readonly<Record<string, Example>> = {
  "single-vm": {
    typeChecked: true,
    prepare: async (scene) => ({ config: { image: await emptyImage(scene), pool: scene.ext4.name, network, memory } }),
    isUp: async ({ name, why }, { lab }) => {
      expect(await virsh(lab, "domstate", String(name))).toBe("running");
      expect(why).toMatch(/^none.*ext4/);
    },
  },
  "cloud-init-web": {
    // The image has no guest in it: its address is late, which is a warning and not a failure.
    prepare: async (scene) => ({
      config: {
        image: await emptyImage(scene),
        pool: scene.ext4.name,
        network,
        memory,
        addressTimeoutSeconds: "1",
        sshKey: "ssh-ed25519 AAAA me",
      },
    }),
    isUp: async ({ url }, { lab, ext4 }) => {
      expect(url).toMatch(/not known yet/);
      expect(await virsh(lab, "vol-list", ext4.name)).toMatch(/-cidata\.iso/);
    },
  },
  "uefi-tpm": {
    missing: uefiFiles.length === 0 ? undefined : `needs ${uefiFiles.join(", ")}, from the packages ovmf, swtpm and swtpm-tools`,
    prepare: async ({ ext4 }) => ({ config: { pool: ext4.name, memory: "256MiB", cpus: "1", accelerator: "qemu" } }),
    isUp: async ({ name, runsOn }, { lab }) => {
      expect(await virsh(lab, "dumpxml", String(name))).toMatch(/secure='yes'[^]*<tpm model='tpm-crb'>/);
      expect(runsOn).toBe("qemu");
    },
  },
  "k3s-cluster": {
    prepare: async (scene) => ({
      config: { image: await emptyImage(scene), pool: scene.ext4.name, memory },
      secrets: { token: "a-long-random-text" },
    }),
    isUp: async ({ server, nodes }, { lab }) => {
      expect(server).toBe("https://10.43.17.10:6443");
      expect(nodes).toHaveLength(3);
      const networks = await virsh(lab, "net-list", "--name");
      const lan = networks.split("\n").find((name) => name.startsWith("k3s-lan")) ?? "";
      expect(await virsh(lab, "net-dumpxml", lan)).toMatch(/<host mac='52:54:00:4b:33:0a' name='k3s-server' ip='10\.43\.17\.10'\/>/);
    },
  },
};

describeScene("examples of machines", "example", (scene) => {
  beforeAll(async () => {
    const { lab } = scene();
    const file = join(lab.dir, `${network}.xml`);
    const addresses = "<ip address='10.98.1.1' netmask='255.255.255.0'><dhcp><range start='10.98.1.100' end='10.98.1.200'/></dhcp></ip>";
    writeFileSync(file, `<network><name>${network}</name>${addresses}</network>`);
    await virsh(lab, "net-create", file);
  }, engineTestMs);
  afterAll(async () => {
    await virsh(scene().lab, "net-destroy", network);
  }, engineTestMs);
  itRunsExamples(scene, examples);
});
