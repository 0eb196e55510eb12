// Builds pulumi-kvm-provider's "./dynamic": the generated SDK over the dynamic base class, its types, and what runs when Pulumi calls a resource.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { repoDir } from "./folders.mjs";
import { packedPackages } from "./packed-packages.mjs";

const sdk = join(repoDir, "sdk", "nodejs", "bin");

/**
 * Shared with the program and with Pulumi's dynamic provider, which have them loaded: a second copy of google-protobuf in one process would put its
 * classes over the first one's.
 */
const SHARED_PACKAGES = ["@pulumi/pulumi", "@grpc/grpc-js", "google-protobuf", "pulumi-kvm-provider"];

/**
 * Gives the SDK our base class where it asks for Pulumi's.
 * @type {import("esbuild").Plugin}
 */
const ourPulumi = {
  name: "our-pulumi",
  setup({ onResolve }) {
    onResolve({ filter: /^@pulumi\/pulumi$/ }, ({ importer }) =>
      importer.startsWith(sdk)
        ? { path: join(repoDir, "provider", "dynamic", "pulumi-for-sdk.ts") }
        : { path: "@pulumi/pulumi", external: true },
    );
  },
};

/**
 * Needs the compiled SDK.
 * @param {import("esbuild").BuildOptions} bundling
 * @param {readonly string[]} latePackages
 */
export async function buildDynamicDoor(bundling, latePackages) {
  const { build } = await import("esbuild");
  const dist = join(repoDir, "provider", "dist");
  mkdirSync(dist, { recursive: true });
  const common = { ...bundling, tsconfig: join(repoDir, "tsconfig.json"), bundle: true, external: SHARED_PACKAGES };
  const door = join(dist, "dynamic.cjs");
  await Promise.all([
    build({
      ...common,
      entryPoints: [join(repoDir, "provider", "dynamic-runtime.ts")],
      outfile: join(dist, "dynamic-runtime.cjs"),
      plugins: [packedPackages(latePackages, bundling)],
    }),
    // What keepNames adds to functions would be serialised with the stub.
    build({ ...common, keepNames: false, entryPoints: [join(sdk, "index.js")], outfile: door, plugins: [ourPulumi] }),
  ]);
  writeFileSync(door, namedExports(door), { flag: "a" });
  cpSync(sdk, join(dist, "types"), { recursive: true, filter: (source) => !/\.(js|map|json)$/.test(source) });
  writeFileSync(join(dist, "dynamic.d.ts"), `export * from "./types/index";\n`);
  return dist;
}

/**
 * Names the exports for programs that are ES modules: Node reads them from the text of a CommonJS file.
 * @param {string} file
 */
function namedExports(file) {
  const names = Object.keys(createRequire(file)(file)).filter((name) => name !== "__esModule");
  return `0 && (module.exports = { ${names.join(", ")} });\n`;
}
