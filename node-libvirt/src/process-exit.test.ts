/** A program that uses the package ends when it is done: not later, and not before its answers. */
import { FakeDaemon } from "./testing/fake-daemon";
import { scriptRunner } from "./testing/run-script";

const runner = scriptRunner();
afterAll(() => runner.remove());

const answerDelayMs = 300;

/** Answers domainLookupById late and leaves domainGetXmlDesc without any answer. */
async function startDaemon(): Promise<FakeDaemon> {
  return FakeDaemon.start({
    onCall: (call) => {
      if (call.name !== "domainLookupById") return false;
      const dom = { name: "late", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 };
      setTimeout(() => call.reply("domainLookupById", { dom }), answerDelayMs);
      return true;
    },
  });
}

const anywhere = `{ dom: { name: "x", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: 1 }, flags: 0 }`;

const scripts = [
  {
    because: "process.exit() ends it with calls in flight and a subscription",
    body: `const conn = await connect({ uri }); conn.on("lifecycle", () => {});
      conn.call("domainGetXmlDesc", ${anywhere}); await conn.call("domainLookupById", { id: 1 }); process.exit(3);`,
    exitCode: 3,
    output: "",
  },
  {
    because: "an open connection and a subscription keep nothing alive",
    body: `const conn = await connect({ uri }); conn.on("lifecycle", () => {}); await conn.call("connectGetLibVersion"); console.log("done");`,
    exitCode: 0,
    output: "done\n",
  },
  {
    because: "a call that somebody waits for keeps it alive until the answer",
    body: `const conn = await connect({ uri }); console.log((await conn.call("domainLookupById", { id: 1 })).dom.name);`,
    exitCode: 0,
    output: "late\n",
  },
  {
    because: "a call that was given up keeps nothing alive",
    body: `const conn = await connect({ uri });
      await conn.call("domainGetXmlDesc", ${anywhere}, { timeoutMs: 50 }).catch((error) => console.log(error.name));`,
    exitCode: 0,
    output: "LibvirtTimeoutError\n",
  },
  {
    because: "close() leaves nothing behind",
    body: `const conn = await connect({ uri }); conn.on("lifecycle", () => {}); await conn.close(); console.log("closed");`,
    exitCode: 0,
    output: "closed\n",
  },
] as const;

test.each(scripts)("$because", async ({ body, exitCode, output }) => {
  const daemon = await startDaemon();
  const end = await runner.run(body, daemon.uri);
  await daemon.stop();
  expect(end).toMatchObject({ exitCode, output });
  expect(end.tookMs).toBeLessThan(5_000);
});
