// The fake's networks are held to the port's contract.
import { createFakeLibvirt } from "./fake-libvirt";
import { describeNetworkContract } from "./network-contract";

describeNetworkContract("the fake", "contract", async () => {
  const fake = createFakeLibvirt();
  fake.addInterface("eth0", "10.98.0.7/24");
  return { libvirt: fake, takenAddress: "10.98.0.7/24", takenInterface: "eth0" };
});
