// Ten machines, each with a new volume, made and removed through the plugin, against the same libvirt work done straight through node-libvirt.
import type { Connection } from "node-libvirt";
import type { BenchHost } from "./bench-host";
import { createVm, openHost, poolName, urnOf } from "./bench-host";
import { median, sayMachine, sayRatio, sayTimes, timedMs } from "./report";

const machines = 10;
const rounds = 6;
const goal = 1.25;
const names = (prefix: string) => Array.from({ length: machines }, (_, index) => `${prefix}${index}`);

const program = (name: string) => ({
  name,
  memory: "64MiB",
  accelerator: "qemu",
  shutdownTimeoutSeconds: 0,
  disks: { root: { pool: poolName, size: "10MiB" } },
});

interface Round {
  readonly createMs: number;
  readonly destroyMs: number;
}

async function throughPlugin({ plugin }: BenchHost, prefix: string): Promise<Round> {
  let made: (Awaited<ReturnType<typeof createVm>> & { name: string })[] = [];
  const createMs = await timedMs(async () => {
    made = await Promise.all(names(prefix).map(async (name) => ({ name, ...(await createVm(plugin, name, program(name))) })));
  });
  const destroyMs = await timedMs(() =>
    Promise.all(made.map(({ name, id, inputs, properties }) => plugin.client.delete({ urn: urnOf(name), id, inputs, properties }))),
  );
  return { createMs, destroyMs };
}

/** The definition that the plugin makes, so that both start the very same machine. */
async function definitionOfPlugin(host: BenchHost): Promise<string> {
  const { id, inputs, properties } = await createVm(host.plugin, "template", program("template"));
  const { dom } = await host.connection.call("domainLookupByUuid", { uuid: id });
  const { xml } = await host.connection.call("domainGetXmlDesc", { dom, flags: inactive });
  await host.plugin.client.delete({ urn: urnOf("template"), id, inputs, properties });
  return xml.replace(/<uuid>.*<\/uuid>/, "");
}

/** VIR_DOMAIN_XML_INACTIVE */
const inactive = 2;
/** VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | NVRAM | CHECKPOINTS_METADATA | SNAPSHOTS_METADATA */
const undefineAll = 1 | 4 | 16 | 2;

async function straight(connection: Connection, definition: string, prefix: string): Promise<Round> {
  const { pool } = await connection.call("storagePoolLookupByName", { name: poolName });
  const volumeOf = (name: string) =>
    `<volume><name>${name}-root.qcow2</name><capacity>${10 * 1024 * 1024}</capacity><target><format type='qcow2'/></target></volume>`;
  const createMs = await timedMs(() =>
    Promise.all(
      names(prefix).map(async (name) => {
        const { dom } = await connection.call("domainDefineXmlFlags", { xml: definition.replaceAll("template", name), flags: 0 });
        await connection.call("storageVolCreateXml", { pool, xml: volumeOf(name), flags: 0 });
        await connection.call("domainCreateWithFlags", { dom, flags: 0 });
      }),
    ),
  );
  const destroyMs = await timedMs(() =>
    Promise.all(
      names(prefix).map(async (name) => {
        const { dom } = await connection.call("domainLookupByName", { name });
        await connection.call("domainDestroyFlags", { dom, flags: 0 });
        await connection.call("domainUndefineFlags", { dom, flags: undefineAll });
        const { vol } = await connection.call("storageVolLookupByName", { pool, name: `${name}-root.qcow2` });
        await connection.call("storageVolDelete", { vol, flags: 0 });
      }),
    ),
  );
  return { createMs, destroyMs };
}

async function main(): Promise<void> {
  const host = await openHost();
  try {
    const definition = await definitionOfPlugin(host);
    const plugin: Round[] = [];
    const direct: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      direct.push(await straight(host.connection, definition, `direct${round}x`));
      plugin.push(await throughPlugin(host, `plugin${round}x`));
    }
    sayMachine();
    const column = (results: readonly Round[], which: keyof Round) => results.map((result) => result[which]);
    for (const which of ["createMs", "destroyMs"] as const) {
      const what = which === "createMs" ? "create" : "destroy";
      sayTimes(`${what} ${machines}, straight through node-libvirt`, column(direct, which));
      sayTimes(`${what} ${machines}, through the plugin`, column(plugin, which));
      sayRatio(`${what}: plugin against straight`, median(column(plugin, which)) / median(column(direct, which)), goal);
    }
    const whole = (results: readonly Round[]) => median(results.map(({ createMs, destroyMs }) => createMs + destroyMs));
    sayRatio("create and destroy: plugin against straight", whole(plugin) / whole(direct), goal);
  } finally {
    await host.close();
  }
}

void main();
