/** The README's examples really run. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "./connection";
import { describeWithLibvirtd, PrivateDaemon } from "./testing/private-daemon";
import { scriptRunner } from "./testing/run-script";

const limitMs = 60_000;
const readme = readFileSync(join(__dirname, "..", "README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);

describeWithLibvirtd("the README's examples", () => {
  let daemon: PrivateDaemon;
  const runner = scriptRunner();

  beforeAll(async () => {
    daemon = await PrivateDaemon.start();
  }, limitMs);
  afterAll(async () => {
    runner.remove();
    await daemon.stop();
  });

  test("there are two", () => expect(examples).toHaveLength(2));

  test(
    "calls and events: it prints what it promises",
    async () => {
      const end = await runner.runTypeScript(examples[0] ?? "", { LIBVIRT_DEFAULT_URI: daemon.uri("test:///default") });
      expect(end.output).toMatch(/^connected to \S+\ntest [0-9a-f-]{36} is RUNNING\nthere is no such machine\n$/);
      expect(end.exitCode).toBe(0);
    },
    limitMs,
  );

  test(
    "an upload and a download: it prints what it promises",
    async () => {
      const uri = daemon.uri("qemu:///session");
      const conn = await connect({ uri, timeoutMs: limitMs });
      const target = `<target><path>${daemon.folder}/images</path></target>`;
      await conn.call("storagePoolCreateXml", { xml: `<pool type='dir'><name>default</name>${target}</pool>`, flags: 0 });
      await conn.close();
      const image = daemon.makeFile("disk.img", Buffer.from("hello, world"));
      const end = await runner.runTypeScript(examples[1] ?? "", { LIBVIRT_DEFAULT_URI: uri, IMAGE: image });
      expect(end).toMatchObject({ output: "12 of 12 bytes\nbegins with hello\n", exitCode: 0 });
    },
    limitMs,
  );
});
