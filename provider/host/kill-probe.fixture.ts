// A process of its own that probes a pool and is killed while it does: run by sweep-probes.live.test.ts. Arguments: URI, pool.
import { connectLibvirt } from "../libvirt/connect";
import { probeByDomain } from "./domain-probe";

const [uri = "", pool = ""] = process.argv.slice(2);
const libvirt = connectLibvirt({ uri, timeoutMs: 30_000 });

/** Stands still where the killing hurts most: the domain runs, the scratch volume is there, nothing is plugged in yet. */
const attachLiveDevice = () => {
  process.stdout.write("attaching\n");
  return new Promise<never>(() => setInterval(() => undefined, 1_000));
};

void probeByDomain({ ...libvirt, attachLiveDevice }, { targets: [{ pool }], architecture: "x86_64" });
