// The network verbs over node-libvirt are held to their contract on a real daemon.
import { describeWithHost, hostExec } from "../../tools/lab/lab";
import { describeNetworkContract } from "../testing/network-contract";
import { connectLibvirt } from "./connect";

const timeoutMs = 30_000;
const prefix = `n${process.pid % 100_000}`;
const taken = { address: "10.98.0.7/24", name: `${prefix}d0` };

jest.setTimeout(120_000);

describeWithHost("on the private host", (lab) => {
  afterAll(async () => {
    await hostExec(lab(), "ip", "link", "delete", taken.name);
  });

  describeNetworkContract("the daemon", prefix, async () => {
    await hostExec(lab(), "ip", "link", "add", taken.name, "type", "bridge");
    await hostExec(lab(), "ip", "address", "add", taken.address, "dev", taken.name);
    await hostExec(lab(), "ip", "link", "set", taken.name, "up");
    return { libvirt: connectLibvirt({ uri: lab().uri, timeoutMs }), takenAddress: taken.address, takenInterface: taken.name };
  });
});
