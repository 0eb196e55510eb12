// One version everywhere: in the manifests, in the schema, in the SDKs and in what the plugin says of itself.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { repoDir } from "../lib/folders.mjs";
import { MissingPart } from "../lib/steps.mjs";

const require = createRequire(import.meta.url);

/** @param {string[]} path */
const text = (...path) => readFileSync(join(repoDir, ...path), "utf8");

/** @param {string[]} path */
const versionIn = (...path) => JSON.parse(text(...path)).version;

/** @type {Record<string, () => string | undefined | Promise<string | undefined>>} */
const places = {
  "provider/package.json": () => versionIn("provider", "package.json"),
  "node-libvirt/package.json": () => versionIn("node-libvirt", "package.json"),
  "schema.json": () => versionIn("schema.json"),
  "sdk/nodejs/package.json": () => versionIn("sdk", "nodejs", "package.json"),
  "sdk/nodejs/package.json, pulumi-kvm-provider": () =>
    JSON.parse(text("sdk", "nodejs", "package.json")).dependencies["pulumi-kvm-provider"],
  "sdk/python/pyproject.toml": () => /^\s*version = "(.*)"$/m.exec(text("sdk", "python", "pyproject.toml"))?.[1],
  "sdk/go/kvm/pulumi-plugin.json": () => versionIn("sdk", "go", "kvm", "pulumi-plugin.json"),
  "the plugin's own answer": versionOfPlugin,
};

/**
 * The version that all places name.
 * @returns {Promise<string>}
 */
export async function agreedVersion() {
  const found = await Promise.all(Object.entries(places).map(async ([place, read]) => ({ place, version: (await read()) ?? "none" })));
  const versions = new Set(found.map(({ version }) => version));
  if (versions.size === 1) return String([...versions][0]);
  const list = found.map(({ place, version }) => `    ${version}  ${place}`).join("\n");
  throw new MissingPart(
    `The versions differ:\n${list}`,
    "set the one that is meant in provider/package.json and node-libvirt/package.json, then `make generate build`.",
  );
}

/** What the built plugin answers to GetPluginInfo. */
async function versionOfPlugin() {
  const { credentials } = require("@grpc/grpc-js");
  const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb");
  const { Empty } = require("google-protobuf/google/protobuf/empty_pb");
  const plugin = spawn(join(repoDir, "bin", "pulumi-resource-kvm"), [], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const port = await new Promise((resolve, reject) => {
      plugin.once("error", reject);
      plugin.once("exit", () => reject(new Error("the plugin ended without an answer")));
      createInterface({ input: plugin.stdout }).once("line", resolve);
    });
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
    return await new Promise((resolve, reject) => {
      client.getPluginInfo(new Empty(), (/** @type {Error | null} */ error, /** @type {any} */ info) =>
        error ? reject(error) : resolve(info.getVersion()),
      );
    });
  } finally {
    plugin.kill();
  }
}
