// Runs Node programs for the Pulumi engine: the few calls of its LanguageRuntime service that preview, up, refresh, import and destroy need.
// A development stand-in: a CLI that brings its own pulumi-language-nodejs never gets to see this one.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { generateProgram } from "./generate-program.mjs";

/** The SDK ends a program with this code when it has told the user already what went wrong. */
const ALREADY_REPORTED_EXIT_CODE = 32;
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();
let engineAddress = process.argv.slice(2).findLast((word) => !word.startsWith("-")) ?? "";

/**
 * The command line of the SDK's own runner, taken from the program's node_modules so that program and runner share one SDK.
 * @param {any} request
 */
function runnerArguments(request) {
  const info = request.getInfo();
  const folder = info.getProgramDirectory() || request.getPwd();
  const named = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    "root-directory": info.getRootDirectory(),
    pwd: request.getPwd() || folder,
    parallel: String(request.getParallel()),
  };
  const given = Object.entries(named).filter(([, value]) => value);
  return [
    sdkFile(folder, "@pulumi/pulumi/cmd/run"),
    ...given.flatMap(([name, value]) => [`--${name}`, value]),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    join(folder, info.getEntryPoint() || "."),
    ...request.getArgsList(),
  ];
}

/**
 * @param {string} folder of the program
 * @param {string} name
 */
const sdkFile = (folder, name) => createRequire(join(folder, "index.js")).resolve(name);

/** @param {any} request */
function runnerEnvironment(request) {
  const options = request.getInfo().getOptions()?.toJavaScript() ?? {};
  return {
    ...process.env,
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript ?? true),
  };
}

/**
 * Runs the program to its end. Its stdout and stderr are ours, which the engine shows to the user.
 * @param {any} request
 * @returns {Promise<any>}
 */
function runProgram(request) {
  const options = request.getInfo().getOptions()?.toJavaScript() ?? {};
  const nodeArgs = String(options.nodeargs ?? "")
    .split(" ")
    .filter(Boolean);
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...nodeArgs, ...runnerArguments(request)], {
      cwd: request.getPwd(),
      env: runnerEnvironment(request),
      stdio: ["ignore", "inherit", "inherit"],
    });
    running.add(child);
    const answer = new messages.RunResponse();
    child.once("error", (error) => {
      answer.setError(`node could not be started: ${error.message}`);
      resolve(answer);
    });
    child.once("exit", (code, signal) => {
      running.delete(child);
      if (code === ALREADY_REPORTED_EXIT_CODE) answer.setBail(true);
      else if (code !== 0) answer.setError(signal ? `The program was ended by ${signal}.` : `The program ended with exit code ${code}.`);
      resolve(answer);
    });
  });
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
