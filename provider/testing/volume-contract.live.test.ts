// The port's volumes are held to their contract on a real daemon.
import { addStorage, describeWithHost, removeStorage, virsh } from "../../tools/lab/lab";
import { connectLibvirt } from "../libvirt/connect";
import { describeVolumeContract } from "./volume-contract";

const timeoutMs = 30_000;
const pool = `volumes-${process.pid}`;
const poolMiB = 64;

jest.setTimeout(60_000);

describeWithHost("on the private host", (lab) => {
  afterAll(async () => {
    await virsh(lab(), "pool-destroy", pool).catch(() => undefined);
    await removeStorage(lab(), pool);
  });

  describeVolumeContract("the daemon", "contract", async () => {
    await virsh(lab(), "pool-create-as", pool, "dir", "--target", await addStorage(lab(), pool, "ext4", poolMiB));
    return { libvirt: connectLibvirt({ uri: lab().uri, timeoutMs }), pool };
  });
});
