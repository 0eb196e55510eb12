// The fake's pools are held to the port's contract.
import { createFakeLibvirt } from "./fake-libvirt";
import { describePoolContract } from "./pool-contract";

describePoolContract("the fake", "contract", async () => {
  const fake = createFakeLibvirt();
  const folder = "/pools";
  fake.addFolder(folder);
  fake.addDevice("/dev/empty");
  return {
    libvirt: fake,
    folder,
    device: "/dev/empty",
    modeOf: async (path) => fake.folder(path)?.mode,
    setMode: async (path, mode) => fake.addFolder(path, { mode }),
    putFile: async (path) => fake.addFile({ path, format: "raw" }),
    removeFile: async (path) => fake.removeFile(path),
  };
});
