// The component: machines and their network belong together, have one parent, and come and go as one.
import * as pulumi from "@pulumi/pulumi";
import * as kvm from "pulumi-kvm";

export interface K3sClusterArgs {
  readonly host: kvm.HostDefaults["settings"];
  readonly pool: string;
  /** Path of the image on the host. */
  readonly image: pulumi.Input<string>;
  /** The first three numbers of the network: "10.43.17". */
  readonly subnet: string;
  readonly memory: string;
  readonly agents: number;
  readonly token: pulumi.Input<string>;
}

const serverIndex = 0;
const firstAddress = 10;

export class K3sCluster extends pulumi.ComponentResource {
  readonly serverUrl: string;
  readonly nodes: readonly kvm.VirtualMachine[];

  constructor(name: string, args: K3sClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("examples:kvm:K3sCluster", name, {}, options);
    const { subnet } = args;
    const members = Array.from({ length: 1 + args.agents }, (_, index) => ({
      name: index === serverIndex ? `${name}-server` : `${name}-agent-${index}`,
      // The network knows each machine by its MAC, so that the server's address is known before it is made.
      mac: `52:54:00:4b:33:${(firstAddress + index).toString(16).padStart(2, "0")}`,
      ip: `${subnet}.${firstAddress + index}`,
      isServer: index === serverIndex,
    }));
    this.serverUrl = `https://${subnet}.${firstAddress}:6443`;

    const network = new kvm.Network(
      `${name}-lan`,
      {
        mode: "nat",
        addresses: [
          {
            address: `${subnet}.1/24`,
            dhcp: {
              ranges: [{ start: `${subnet}.100`, end: `${subnet}.200` }],
              hosts: Object.fromEntries(members.map((member) => [member.name, { mac: member.mac, name: member.name, ip: member.ip }])),
            },
          },
        ],
      },
      { parent: this },
    );

    this.nodes = members.map(
      (member) =>
        new kvm.VirtualMachine(
          member.name,
          {
            host: args.host,
            cpus: 2,
            memory: args.memory,
            disks: { root: { pool: args.pool, image: args.image, size: "20GiB" } },
            networks: { lan: { network: network.name, mac: member.mac } },
            cloudInit: { hostname: member.name, userData: userDataOf(member.isServer, args.token, this.serverUrl) },
          },
          { parent: this },
        ),
    );
    this.registerOutputs({ serverUrl: this.serverUrl });
  }
}

/** The token is in a file that only root reads, not on a command line. k3s's installer takes its settings from /etc/rancher/k3s/config.yaml. */
function userDataOf(isServer: boolean, token: pulumi.Input<string>, serverUrl: string) {
  const settings = pulumi.output(token).apply((text) => JSON.stringify({ token: text, ...(isServer ? {} : { server: serverUrl }) }));
  return {
    write_files: [{ path: "/etc/rancher/k3s/config.yaml", permissions: "0600", content: settings }],
    packages: ["curl"],
    runcmd: [["sh", "-c", `curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC=${isServer ? "server" : "agent"} sh -`]],
  };
}
