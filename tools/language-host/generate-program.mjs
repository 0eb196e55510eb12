// Writes the programs that `pulumi import` prints, in TypeScript, from Pulumi's own form of them: by tools/pulumi/generate-program, found on PATH.
import { spawn } from "node:child_process";
import messages from "@pulumi/pulumi/proto/language_pb.js";

const GENERATOR = "pulumi-kvm-generate-program";

/**
 * @param {any} request
 * @returns {Promise<any>}
 */
export async function generateProgram(request) {
  const sources = JSON.stringify(Object.fromEntries(request.getSourceMap().toArray()));
  const strict = request.getStrict() ? ["-strict"] : [];
  const files = JSON.parse(await generate(["-loader", request.getLoaderTarget(), ...strict], sources));
  const answer = new messages.GenerateProgramResponse();
  for (const [name, text] of Object.entries(files)) answer.getSourceMap().set(name, Buffer.from(text));
  return answer;
}

/**
 * @param {readonly string[]} args
 * @param {string} input
 * @returns {Promise<string>} what the generator says on stdout
 */
function generate(args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(GENERATOR, [...args], { stdio: ["pipe", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (said.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (said.stderr += text));
    child.once("error", (error) => reject(new Error(`${GENERATOR} could not be started, so that no program is written: ${error.message}`)));
    child.once("close", (code) => (code === 0 ? resolve(said.stdout) : reject(new Error(said.stderr))));
    child.stdin.end(input);
  });
}
