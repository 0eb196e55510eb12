// The plugin as a process: its command line, its port on stdout, its end. The parts come from main.ts.
import { createSession, type PluginParts } from "./session";
import { serve } from "./service";

const help = `pulumi-resource-kvm: the Pulumi provider for virtual machines on libvirt and QEMU.

The Pulumi engine starts it and speaks gRPC with it. By hand: start it without arguments, and let an engine use it
with PULUMI_DEBUG_PROVIDERS=kvm:PORT, where PORT is the number it prints.

  pulumi-resource-kvm [ENGINE_ADDRESS]
  pulumi-resource-kvm --version
  pulumi-resource-kvm --help
`;

/** The engine's address is the last argument; the flags before it (--logtostderr, -v=9, --tracing URL) are for plugins that log by themselves. */
export const engineAddressIn = (args: readonly string[]): string | undefined => {
  const last = args.at(-1);
  return last !== undefined && /^[^-/\s][^/\s]*:\d+$/.test(last) ? last : undefined;
};

/** An engine that was killed ends no plugins: a plugin without its parent ends by itself. */
const parentCheckMs = 5000;
/** For the last answers and the connections, once the verbs have ended; whatever takes longer is not worth the user's waiting. */
const closeTimeoutMs = 1000;

const within = (ms: number, work: Promise<unknown>) =>
  Promise.race([work.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, ms))]);

const endings = ["SIGTERM", "SIGINT"] as const;

const serveEngine = async (parts: PluginParts, engineAddress: string | undefined): Promise<void> => {
  const session = createSession(parts, engineAddress);
  const server = await serve(session);

  let isEnding = false;
  const end = async () => {
    if (isEnding) process.exit(1);
    isEnding = true;
    session.running.cancelAll();
    await session.running.settled();
    await within(closeTimeoutMs, Promise.all([server.finish(), session.close()]));
    process.exit(0);
  };
  for (const ending of endings) process.on(ending, () => void end());
  if (engineAddress !== undefined) {
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) void end();
    }, parentCheckMs).unref();
  }
  process.stdout.write(`${server.port}\n`);
};

/** What to print instead of serving. */
const answers: Readonly<Record<string, (parts: PluginParts) => string>> = {
  "--help": () => help,
  "--version": ({ version }) => `${version}\n`,
};

/** Runs the plugin until it is told to end. `args`: the command line without node and the script. */
export const runPlugin = async (parts: PluginParts, args: readonly string[]): Promise<void> => {
  const answer = args.map((arg) => answers[arg]).find((found) => found !== undefined);
  if (answer !== undefined) {
    process.stdout.write(answer(parts));
    return;
  }
  await serveEngine(parts, engineAddressIn(args));
};
