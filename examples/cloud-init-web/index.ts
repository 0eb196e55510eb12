// A web server: cloud-init installs it and writes its page at the first boot, and the stack's output is where it answers.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

const config = new pulumi.Config();
const pool = config.require("pool");
const sshKey = config.get("sshKey");

const host = new kvm.HostDefaults("host", {});

const image = new kvm.Image("image", {
  source: config.require("image"),
  checksum: config.require("imageChecksum"),
  pool,
});

const page = `<!doctype html><title>${pulumi.getStack()}</title><h1>Served by a machine that Pulumi made</h1>`;

const web = new kvm.VirtualMachine("web", {
  host: host.settings,
  memory: config.require("memory"),
  disks: { root: { pool, image: image.path, size: "10GiB" } },
  networks: { lan: { network: config.require("network") } },
  waitForAddress: { network: "lan", timeoutSeconds: config.requireNumber("addressTimeoutSeconds") },
  cloudInit: {
    hostname: "web",
    sshKeys: sshKey ? [sshKey] : [],
    packages: ["nginx", "qemu-guest-agent"],
    userData: {
      write_files: [{ path: "/var/www/html/index.html", content: page }],
      runcmd: [["systemctl", "enable", "--now", "qemu-guest-agent"]],
    },
  },
});

export const url = web.ipAddress.apply((address) => (address === undefined ? "not known yet: pulumi refresh" : `http://${address}/`));
