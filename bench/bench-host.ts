// The host that the benchmarks run on: a pool in a folder of its own, and the plugin over it as the engine would drive it.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "node-libvirt";
import { connect } from "node-libvirt";
import { startPlugin } from "../provider/testing/plugin-client";
import type { Properties, StartedPlugin } from "../provider/testing/plugin-client";

const plugin = join(__dirname, "..", "bin", "pulumi-resource-kvm");
export const poolName = "bench";
export const type = "kvm:index:VirtualMachine";
export const urnOf = (name: string): string => `urn:pulumi:bench::bench::${type}::${name}`;

export interface BenchHost {
  readonly connection: Connection;
  readonly plugin: StartedPlugin;
  readonly poolPath: string;
  close(): Promise<void>;
}

/** The private host of the run, from the file that KVM_LAB names. */
export async function openHost(): Promise<BenchHost> {
  const record = process.env["KVM_LAB"];
  if (record === undefined) throw new Error("This benchmark needs the private host that `make bench` makes: unset LIBVIRT_DEFAULT_URI.");
  const { uri, storageDir } = JSON.parse(readFileSync(record, "utf8")) as { uri: string; storageDir: string };
  const poolPath = join(storageDir, poolName);
  mkdirSync(poolPath, { recursive: true, mode: 0o711 });
  const connection = await connect({ uri });
  const xml = `<pool type='dir'><name>${poolName}</name><target><path>${poolPath}</path></target></pool>`;
  const { pool } = await connection.call("storagePoolCreateXml", { xml, flags: 0 });
  const started = await startPlugin([process.execPath, plugin]);
  await started.client.configure({ uri });
  return {
    connection,
    plugin: started,
    poolPath,
    close: async () => {
      await started.stop();
      await connection.call("storagePoolDestroy", { pool });
      await connection.close();
    },
  };
}

/** Check, then Create, as the engine does it. */
export async function createVm(
  { client }: StartedPlugin,
  name: string,
  news: Properties,
): Promise<{ id: string; inputs: Properties; properties: Properties }> {
  const { inputs, failures } = await client.check({ urn: urnOf(name), news });
  if (failures.length > 0 || inputs === undefined) throw new Error(JSON.stringify(failures));
  const { id, properties } = await client.create({ urn: urnOf(name), inputs });
  return { id, inputs, properties: properties ?? {} };
}
