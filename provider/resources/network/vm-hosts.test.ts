// A Network and a VM with a `staticAddress` in it, in one program: neither takes the other's entry away; on the fake host.
import { createStage, program } from "../../testing/machine-stage";
import { isolated, web as host } from "../../testing/network-stage";
import { createResourceDriver } from "../../testing/resource-driver";
import { parseNetwork } from "../../xml/parse-network";
import { network } from "./network";

const vmIp = "192.168.100.15";
const vmMac = "52:54:00:00:00:0f";

async function networkWithVm() {
  const stage = createStage();
  const driver = () => createResourceDriver({ definition: network, libvirt: stage.fake, host: stage.host, name: "lan" });
  const lan = driver();
  await lan.up(isolated());
  await stage.web.up(program({ networks: { lan: { network: "lan", mac: vmMac, staticAddress: vmIp } } }));
  const addressesOfHosts = async () => {
    const record = await stage.fake.findNetwork("lan");
    return [record?.xml, record?.liveXml].map((xml) =>
      parseNetwork(xml ?? "")
        .addresses.flatMap(({ hosts }) => hosts.map(({ ip }) => ip))
        .sort(),
    );
  };
  return { ...stage, lan, driver, addressesOfHosts };
}

test("a VM's entry is no drift of the Network", async () => {
  const { lan, addressesOfHosts } = await networkWithVm();
  await lan.refresh();
  expect(await lan.up(isolated())).toMatchObject({ did: "same" });
  expect(await addressesOfHosts()).toEqual([[vmIp], [vmIp]]);
});

test("a change of the Network's own entries leaves the VM's where it is", async () => {
  const { lan, addressesOfHosts } = await networkWithVm();
  await lan.up(isolated({}, { hosts: { web: host } }));
  expect(await addressesOfHosts()).toEqual([
    [host.ip, vmIp],
    [host.ip, vmIp],
  ]);
  await lan.refresh();
  await lan.up(isolated());
  expect(await addressesOfHosts()).toEqual([[vmIp], [vmIp]]);
});

test("an import of the network does not take the VM's entry over", async () => {
  const { driver } = await networkWithVm();
  const taken = driver();
  await taken.import("lan");
  expect(JSON.stringify(taken.now.inputs)).not.toContain(vmIp);
  expect(await taken.up(isolated({ bridge: taken.now.inputs["bridge"] ?? "", mac: taken.now.inputs["mac"] ?? "" }))).toMatchObject({
    did: "same",
  });
});

test("what no VM has noted is drift as before", async () => {
  const { lan, web, fake, addressesOfHosts } = await networkWithVm();
  await web.destroy();
  const xml = `<host mac="${vmMac}" ip="${vmIp}"/>`;
  await fake.updateNetwork("lan", { section: "dhcpHost", command: "add", affects: "both", xml });
  await lan.refresh();
  expect(await lan.up(isolated())).toMatchObject({ did: "update" });
  expect(await addressesOfHosts()).toEqual([[], []]);
});
