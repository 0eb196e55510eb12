// The pool verbs over node-libvirt are held to their contract on a real daemon.
import { chmod, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { addStorage, describeWithHost, hostExec, removeStorage } from "../../tools/lab/lab";
import { describePoolContract } from "../testing/pool-contract";
import { connectLibvirt } from "./connect";

const timeoutMs = 30_000;
const prefix = `pools-${process.pid}`;
const deviceSize = "32M";

jest.setTimeout(120_000);

describeWithHost("on the private host", (lab) => {
  let device = "";
  let image = "";

  afterAll(async () => {
    if (device !== "") await hostExec(lab(), "losetup", "--detach", device);
    await rm(image, { force: true });
    await removeStorage(lab(), prefix);
  });

  describePoolContract("the daemon", prefix, async () => {
    const folder = await addStorage(lab(), prefix, "ext4", 64);
    image = join(lab().storageDir, `${prefix}.img`);
    await hostExec(lab(), "truncate", "--size", deviceSize, image);
    device = (await hostExec(lab(), "losetup", "--find", "--show", image)).trim();
    return {
      libvirt: connectLibvirt({ uri: lab().uri, timeoutMs }),
      folder,
      device,
      modeOf: (path) =>
        stat(path)
          .then(({ mode }) => mode & 0o777)
          .catch(() => undefined),
      setMode: chmod,
      putFile: (path) => writeFile(path, ""),
      removeFile: (path) => rm(path),
    };
  });
});
