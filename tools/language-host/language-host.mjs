// Runs Node, Python and Go programs for the Pulumi engine: the few calls of its LanguageRuntime service that preview, up, refresh, import and destroy
// need. A development stand-in: a CLI that brings its own pulumi-language-… never gets to see this one.
import { spawn } from "node:child_process";
import grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { generateProgram } from "./generate-program.mjs";
import { programs } from "./programs.mjs";

/** The SDK ends a program with this code when it has told the user already what went wrong. */
const ALREADY_REPORTED_EXIT_CODE = 32;
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
let engineAddress = process.argv.slice(2).findLast((word) => !word.startsWith("-")) ?? "";

/** Which language this is the host of: our program is called as the engine looks for it. */
const runtime = /pulumi-language-(\w+)$/.exec(process.argv[1] ?? "")?.[1] ?? "nodejs";
const commandFor = programs[runtime] ?? unknownRuntime();

/** @returns {never} */
function unknownRuntime() {
  throw new Error(`There is no stand-in for the language host of ${runtime}.`);
}

/**
 * @param {any} request
 * @returns {import("./programs.mjs").RunRequest}
 */
function plainRequest(request) {
  const info = request.getInfo();
  const folder = info.getProgramDirectory() || request.getPwd();
  return {
    folder,
    entry: info.getEntryPoint() || ".",
    engine: engineAddress,
    monitor: request.getMonitorAddress(),
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    root: info.getRootDirectory(),
    pwd: request.getPwd() || folder,
    parallel: request.getParallel(),
    isPreview: request.getDryrun(),
    args: request.getArgsList(),
    options: info.getOptions()?.toJavaScript() ?? {},
  };
}

/**
 * Runs the program to its end. Its stdout and stderr are ours, which the engine shows to the user.
 * @param {any} request
 * @returns {Promise<any>}
 */
async function runProgram(request) {
  const { command, args, env, cleanUp } = commandFor(plainRequest(request));
  const answer = new messages.RunResponse();
  await new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: request.getPwd(),
      env: {
        ...process.env,
        ...env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
      stdio: ["ignore", "inherit", "inherit"],
    });
    running.add(child);
    child.once("error", (error) => {
      answer.setError(`${command} could not be started: ${error.message}`);
      resolve(undefined);
    });
    child.once("exit", (code, signal) => {
      running.delete(child);
      if (code === ALREADY_REPORTED_EXIT_CODE) answer.setBail(true);
      else if (code !== 0) answer.setError(signal ? `The program was ended by ${signal}.` : `The program ended with exit code ${code}.`);
      resolve(undefined);
    });
  });
  cleanUp?.();
  return answer;
}

function about() {
  const answer = new messages.AboutResponse();
  answer.setExecutable(process.execPath);
  answer.setVersion(process.version);
  return answer;
}

function pluginInfo() {
  const answer = new plugin.PluginInfo();
  answer.setVersion("0.0.0-stand-in");
  return answer;
}

/** @param {any} request */
function handshake(request) {
  engineAddress = request.getEngineAddress() || engineAddress;
  return new messages.LanguageHandshakeResponse();
}

function endPrograms() {
  for (const child of running) child.kill("SIGTERM");
  return new empty.Empty();
}

/**
 * A call without a stream, from a function of its request.
 * @param {(request: any) => any} action
 */
const unary = (action) => (/** @type {any} */ call, /** @type {(error: any, answer?: any) => void} */ callback) => {
  Promise.resolve(call.request)
    .then(action)
    .then(
      (answer) => callback(null, answer),
      (error) => callback({ code: grpc.status.UNKNOWN, message: String(error?.stack ?? error) }),
    );
};

const server = new grpc.Server({ "grpc.max_receive_message_length": MAX_MESSAGE_BYTES, "grpc.max_send_message_length": MAX_MESSAGE_BYTES });
// Plugins are found on PATH, so no program requires the engine to fetch one.
server.addService(LanguageRuntimeService, {
  handshake: unary(handshake),
  getRequiredPlugins: unary(() => new messages.GetRequiredPluginsResponse()),
  getRequiredPackages: unary(() => new messages.GetRequiredPackagesResponse()),
  getProgramDependencies: unary(() => new messages.GetProgramDependenciesResponse()),
  getPluginInfo: unary(pluginInfo),
  about: unary(about),
  run: unary(runProgram),
  generateProgram: unary(generateProgram),
  cancel: unary(endPrograms),
});
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => {
    endPrograms();
    process.exit(0);
  });
}
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
