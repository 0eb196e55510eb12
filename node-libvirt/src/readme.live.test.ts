/** The README's example really runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithLibvirtd, PrivateDaemon } from "./testing/private-daemon";
import { scriptRunner } from "./testing/run-script";

const readme = readFileSync(join(__dirname, "..", "README.md"), "utf8");
const example = /```ts\n(.*?)```/s.exec(readme)?.[1];

describeWithLibvirtd("the README's example", () => {
  test("prints what it promises", async () => {
    const daemon = await PrivateDaemon.start();
    const runner = scriptRunner();
    try {
      const end = await runner.runTypeScript(example ?? "", { LIBVIRT_DEFAULT_URI: daemon.uri("test:///default") });
      expect(end.output).toMatch(/^connected to \S+\ntest [0-9a-f-]{36} is RUNNING\nthere is no such machine\n$/);
      expect(end.exitCode).toBe(0);
    } finally {
      runner.remove();
      await daemon.stop();
    }
  }, 30_000);
});
