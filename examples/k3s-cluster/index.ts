// A k3s cluster: a network of its own, one server, two agents. The cluster is a component: make two, and none is in the other's way.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";
import { K3sCluster } from "./k3s-cluster";

const config = new pulumi.Config();
const pool = config.require("pool");

const host = new kvm.HostDefaults("host", { applyChanges: "nextBoot" });

const image = new kvm.Image("image", {
  source: config.require("image"),
  checksum: config.require("imageChecksum"),
  pool,
});

const cluster = new K3sCluster("k3s", {
  host: host.settings,
  pool,
  image: image.path,
  subnet: config.require("subnet"),
  memory: config.require("memory"),
  agents: config.requireNumber("agents"),
  token: config.requireSecret("token"),
});

export const server = cluster.serverUrl;
export const nodes = cluster.nodes.map(({ name }) => name);
