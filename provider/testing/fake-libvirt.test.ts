// The fake is held to the port's contract, and its own hands are tried.
import { HostConnectionError } from "../errors";
import { createFakeLibvirt } from "./fake-libvirt";
import { describeLibvirtContract } from "./libvirt-contract";

describeLibvirtContract("the fake", "contract", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "direct", path: "/pools/direct" });
  fake.addPool({ name: "cached", path: "/pools/cached", directIo: false });
  return {
    libvirt: fake,
    openAnother: () => fake.openAnother(),
    directPool: { name: "direct", path: "/pools/direct" },
    cachedPool: { name: "cached", path: "/pools/cached" },
    guest: { kernel: "/boot/vmlinuz", initrd: "/boot/initrd" },
    putFile: async (path, capacityBytes) => fake.addFile({ path, format: "raw", capacityBytes, unseen: true }),
    addSnapshot: async (domain, name, overlays) => fake.addSnapshot(domain, name, overlays),
    setPoolActive: async (name, active) => fake.setPoolActive(name, active),
  };
});

const volumeXml = "<volume><name>v</name><capacity>1</capacity></volume>";
const lost = new HostConnectionError("test:///fake", "gone", { doing: "calling", what: "the fake" });

test("the log holds writes apart from reads", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  await fake.findPool("p");
  await fake.createVolume("p", volumeXml);
  expect(fake.writes).toEqual(["createVolume p"]);
  expect(fake.calls).toEqual(["findPool", "createVolume"]);
  fake.clearLog();
  expect([fake.writes, fake.calls]).toEqual([[], []]);
});

test("a fault comes before or after the effect, once", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  fake.failNext("createVolume", lost);
  await expect(fake.createVolume("p", volumeXml)).rejects.toBe(lost);
  expect(fake.hasFile("/p/v")).toBe(false);
  fake.failNext("createVolume", lost, "after");
  await expect(fake.createVolume("p", volumeXml)).rejects.toBe(lost);
  expect(fake.hasFile("/p/v")).toBe(true);
  await expect(fake.deleteVolume({ path: "/p/v" })).resolves.toBeUndefined();
});

test("a held call waits for its release, or for its signal", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  const hold = fake.holdNext("createVolume");
  const creating = fake.createVolume("p", volumeXml);
  await hold.reached;
  expect(fake.hasFile("/p/v")).toBe(false);
  hold.release();
  expect((await creating).path).toBe("/p/v");

  const second = fake.holdNext("deleteVolume");
  const abort = new AbortController();
  const deleting = fake.deleteVolume({ path: "/p/v" }, { signal: abort.signal });
  await second.reached;
  abort.abort();
  await expect(deleting).rejects.toMatchObject({ name: "CancelledError" });
  expect(fake.hasFile("/p/v")).toBe(true);
});
