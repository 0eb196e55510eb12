// What the port promises of storage pools, as tests that run against the fake and against the real daemon: so that the fake cannot lie.
import { hostErrorCodes } from "../libvirt/codes";
import type { Libvirt } from "../libvirt/port";

/** A host to hold the contract to, with storage and hands of the test's own. */
export interface PoolContractHost {
  readonly libvirt: Libvirt;
  /** A folder that is there, in which pools' folders are made. */
  readonly folder: string;
  /** A block device with nothing on it. */
  readonly device: string;
  /** Mode of a folder as the host has it; undefined: there is none. */
  modeOf(path: string): Promise<number | undefined>;
  setMode(path: string, mode: number): Promise<void>;
  putFile(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  const error = await promise.then(() => undefined).catch((caught: unknown) => caught);
  return (error as { code?: number } | undefined)?.code ?? error;
}

interface DirOptions {
  readonly uuid?: string;
  readonly path?: string;
  readonly mode?: string;
}

const uuids = ["7d1c6d5e-0a3b-4b1f-8c55-90d1f3a7be01", "7d1c6d5e-0a3b-4b1f-8c55-90d1f3a7be02"] as const;
const modeIn = (xml: string | undefined) => /<mode>(.*?)<\/mode>/.exec(xml ?? "")?.[1];
const fsMode = { mode: 0o750, octal: "0750" };

/** `prefix` begins the names of what the suite makes on the host. */
export function describePoolContract(title: string, prefix: string, setUp: () => Promise<PoolContractHost>): void {
  describe(`the port to libvirt's pools: ${title}`, () => {
    let host: PoolContractHost;
    let libvirt: Libvirt;
    let count = 0;
    const made: string[] = [];
    const freshName = () => `${prefix}-${++count}`;
    const pathOf = (name: string) => `${host.folder}/${name}`;

    const dirXml = (name: string, { uuid, path = pathOf(name), mode }: DirOptions = {}) =>
      `<pool type='dir'><name>${name}</name>${uuid === undefined ? "" : `<uuid>${uuid}</uuid>`}<target><path>${path}</path>${
        mode === undefined ? "" : `<permissions><mode>${mode}</mode></permissions>`
      }</target></pool>`;
    const define = async (xml: string) => {
      const pool = await libvirt.definePool(xml);
      made.push(pool.name);
      return pool;
    };
    const started = async (name = freshName()) => {
      await define(dirXml(name));
      await libvirt.buildPool(name);
      await libvirt.startPool(name);
      return name;
    };

    beforeAll(async () => {
      host = await setUp();
      libvirt = host.libvirt;
    });
    afterEach(async () => {
      for (const name of made.splice(0)) {
        if ((await libvirt.findPool(name)) === undefined) continue;
        await libvirt.stopPool(name);
        await libvirt.deletePoolStorage(name).catch(() => undefined);
        await libvirt.undefinePool(name);
      }
    });
    afterAll(() => libvirt.close());

    test("a defined pool is there by name and by UUID, not active, and gone once undefined", async () => {
      const name = freshName();
      expect(await define(dirXml(name, { uuid: uuids[0] }))).toEqual({ name, uuid: uuids[0] });
      const pool = await libvirt.findPool(name);
      expect(pool).toMatchObject({ name, uuid: uuids[0], active: false, persistent: true, autostart: false, capacityBytes: 0 });
      expect(await libvirt.findPoolByUuid(uuids[0])).toEqual(pool);
      expect(await libvirt.listPools()).toContainEqual(pool);
      expect(await libvirt.findPoolByUuid(uuids[1])).toBeUndefined();
      await libvirt.undefinePool(name);
      await libvirt.undefinePool(name);
      expect(await libvirt.findPool(name)).toBeUndefined();
      expect(await libvirt.findPoolByUuid(uuids[0])).toBeUndefined();
    });

    test.each([
      { because: "no XML", code: "xmlSyntax", xml: "<pool" },
      { because: "no such type", code: "xmlError", xml: "<pool type='tape'><name>x</name></pool>" },
      { because: "a folder without a path", code: "xmlError", xml: "<pool type='dir'><name>x</name></pool>" },
      { because: "no name", code: "xmlError", xml: "<pool type='dir'><target><path>/x</path></target></pool>" },
      { because: "a slash in the name", code: "xmlError", xml: "<pool type='dir'><name>a/b</name><target><path>/x</path></target></pool>" },
      {
        because: "a file system on nothing",
        code: "xmlError",
        xml: "<pool type='fs'><name>x</name><target><path>/x</path></target></pool>",
      },
      { because: "Ceph without a host", code: "xmlError", xml: "<pool type='rbd'><name>x</name><source><name>p</name></source></pool>" },
      {
        because: "iSCSI without our own name",
        code: "configUnsupported",
        xml: "<pool type='iscsi-direct'><name>x</name><source><host name='h'/><device path='iqn.2024-01.org.example:x'/></source></pool>",
      },
    ] as const)("is refused as $code: $because", async ({ xml, code }) => {
      expect(await codeOf(define(xml))).toBe(hostErrorCodes[code]);
    });

    test("two pools share no name, no UUID and no folder", async () => {
      const [name, other] = [freshName(), freshName()];
      await define(dirXml(name, { uuid: uuids[0] }));
      expect(await codeOf(define(dirXml(name, { uuid: uuids[1] })))).toBe(hostErrorCodes.operationFailed);
      expect(await codeOf(define(dirXml(other, { uuid: uuids[0] })))).toBe(hostErrorCodes.operationFailed);
      expect(await codeOf(define(dirXml(other, { path: pathOf(name) })))).toBe(hostErrorCodes.operationFailed);
      expect(await libvirt.findPool(other)).toBeUndefined();
    });

    test("starts once its folder is built, twice is fine; stops twice too", async () => {
      const name = freshName();
      await define(dirXml(name));
      expect(await codeOf(libvirt.startPool(name))).toBe(hostErrorCodes.systemError);
      expect(await libvirt.findPool(name)).toMatchObject({ active: false });
      await libvirt.buildPool(name);
      await libvirt.buildPool(name);
      expect(await host.modeOf(pathOf(name))).toBe(0o711);
      await libvirt.startPool(name);
      await libvirt.startPool(name);
      const pool = await libvirt.findPool(name);
      expect(pool).toMatchObject({ active: true });
      expect(pool?.capacityBytes).toBeGreaterThan(0);
      await libvirt.stopPool(name);
      await libvirt.stopPool(name);
      expect(await libvirt.findPool(name)).toMatchObject({ active: false });
      expect(await host.modeOf(pathOf(name))).toBe(0o711);
    });

    test("while it is active it is not built, deleted or undefined", async () => {
      const name = await started();
      expect(await codeOf(libvirt.buildPool(name))).toBe(hostErrorCodes.operationInvalid);
      expect(await codeOf(libvirt.deletePoolStorage(name))).toBe(hostErrorCodes.operationInvalid);
      expect(await codeOf(libvirt.undefinePool(name))).toBe(hostErrorCodes.operationInvalid);
      expect(await libvirt.findPool(name)).toMatchObject({ active: true });
    });

    test("the definition says what libvirt saw of the folder; a new mode takes a stop and a build", async () => {
      const name = await started();
      const { uuid } = (await libvirt.findPool(name))!;
      expect(modeIn((await libvirt.findPool(name))?.xml)).toBe("0711");
      await host.setMode(pathOf(name), 0o755);
      expect(modeIn((await libvirt.findPool(name))?.xml)).toBe("0711");
      await libvirt.refreshPool(name);
      expect(modeIn((await libvirt.findPool(name))?.xml)).toBe("0755");
      await define(dirXml(name, { uuid, mode: "0700" }));
      expect(modeIn((await libvirt.findPool(name))?.xml)).toBe("0700");
      expect(await host.modeOf(pathOf(name))).toBe(0o755);
      await libvirt.stopPool(name);
      await libvirt.buildPool(name);
      expect(await host.modeOf(pathOf(name))).toBe(0o700);
      await libvirt.startPool(name);
      expect(modeIn((await libvirt.findPool(name))?.xml)).toBe("0700");
    });

    test("autostart is kept over a new definition, and goes with the pool", async () => {
      const name = await started();
      const { uuid } = (await libvirt.findPool(name))!;
      await libvirt.setPoolAutostart(name, true);
      await libvirt.setPoolAutostart(name, true);
      await define(dirXml(name, { uuid }));
      expect(await libvirt.findPool(name)).toMatchObject({ autostart: true, active: true });
      await libvirt.setPoolAutostart(name, false);
      expect(await libvirt.findPool(name)).toMatchObject({ autostart: false });
      await libvirt.setPoolAutostart(name, true);
      await libvirt.stopPool(name);
      await libvirt.undefinePool(name);
      await define(dirXml(name));
      expect(await libvirt.findPool(name)).toMatchObject({ autostart: false });
    });

    test("a folder is deleted when it is empty, and stays when the pool is undefined", async () => {
      const name = await started();
      const file = `${pathOf(name)}/kept.img`;
      await host.putFile(file);
      await libvirt.stopPool(name);
      expect(await codeOf(libvirt.deletePoolStorage(name))).toBe(hostErrorCodes.systemError);
      await libvirt.undefinePool(name);
      expect(await host.modeOf(pathOf(name))).toBe(0o711);
      await define(dirXml(name));
      await host.removeFile(file);
      await libvirt.deletePoolStorage(name);
      expect(await host.modeOf(pathOf(name))).toBeUndefined();
      expect(await codeOf(libvirt.deletePoolStorage(name))).toBe(hostErrorCodes.systemError);
    });

    test("a folder is not formatted", async () => {
      const name = freshName();
      await define(dirXml(name));
      expect(await codeOf(libvirt.buildPool(name, { device: "ifEmpty" }))).toBe(hostErrorCodes.operationInvalid);
    });

    test("a file system is made on an empty device only when asked, and over another only when that is asked", async () => {
      const name = freshName();
      await define(
        `<pool type='fs'><name>${name}</name><source><device path='${host.device}'/><format type='ext4'/></source>
         <target><path>${pathOf(name)}</path><permissions><mode>${fsMode.octal}</mode></permissions></target></pool>`,
      );
      await libvirt.buildPool(name);
      expect(await host.modeOf(pathOf(name))).toBe(fsMode.mode);
      expect(await codeOf(libvirt.startPool(name))).toBe(hostErrorCodes.internalError);
      await libvirt.buildPool(name, { device: "ifEmpty" });
      expect(await codeOf(libvirt.buildPool(name, { device: "ifEmpty" }))).toBe(hostErrorCodes.poolBuilt);
      await libvirt.buildPool(name, { device: "overwrite" });
      await libvirt.startPool(name);
      expect(await libvirt.findPool(name)).toMatchObject({ active: true });
    });

    test("what is not there is said to be no pool", async () => {
      const name = `${prefix}-none`;
      const verbs = [
        libvirt.buildPool(name),
        libvirt.startPool(name),
        libvirt.stopPool(name),
        libvirt.deletePoolStorage(name),
        libvirt.setPoolAutostart(name, true),
        libvirt.refreshPool(name),
      ];
      expect(await Promise.all(verbs.map(codeOf))).toEqual(verbs.map(() => hostErrorCodes.noPool));
    });
  });
}
