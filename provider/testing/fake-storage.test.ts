// The fake's volumes are held to the port's contract, and a test's own hands on them are tried.
import type { StreamPiece } from "../libvirt/port";
import { volumeXml } from "../xml/storage-xml";
import { createFakeLibvirt } from "./fake-libvirt";
import { describeVolumeContract } from "./volume-contract";

describeVolumeContract("the fake", "contract", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  return { libvirt: fake, pool: "p" };
});

async function* pieces(count: number): AsyncIterable<StreamPiece> {
  for (let index = 0; index < count; index++) yield { data: Buffer.alloc(65_536, 1) };
}

test("an upload is broken off where the test says, and the volume is half-written", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p" });
  await fake.createVolume("p", volumeXml({ name: "v", capacityBytes: 0, allocationBytes: 0, format: "raw" }));
  const error = new Error("broken");
  fake.breakNextUpload(100_000, error);
  await expect(fake.uploadVolume({ pool: "p", name: "v" }, pieces(4), { lengthBytes: 4 * 65_536 })).rejects.toBe(error);
  expect(fake.file("/p/v")?.content?.sizeBytes).toBe(2 * 65_536);
});

test("a pool that fills up refuses the rest, and tells what is free", async () => {
  const fake = createFakeLibvirt();
  fake.addPool({ name: "p", path: "/p", capacityBytes: 3 * 65_536 });
  await fake.createVolume("p", volumeXml({ name: "v", capacityBytes: 0, allocationBytes: 0, format: "raw" }));
  await expect(fake.uploadVolume({ pool: "p", name: "v" }, pieces(4), { lengthBytes: 4 * 65_536 })).rejects.toThrow("No space left");
  await fake.deleteVolume({ pool: "p", name: "v" });
  expect(await fake.findPool("p")).toMatchObject({ availableBytes: 3 * 65_536 });
});
