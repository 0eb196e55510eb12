// An esbuild plugin: puts npm packages into the bundle as text, which is compiled when the package is first asked for.
//
// V8 reads through all code of a file before it runs the first line of it (20-25 ms a MiB on the machine where it was measured), but a string it
// only copies. Most runs of the plugin begin with an answer that needs none of these packages.
import { join } from "node:path";
import { repoDir } from "./folders.mjs";

const NAMESPACE = "packed";

/**
 * For packages that import nothing of ours and that are imported by their bare names: each is a bundle of its own, so that there is still one copy.
 * @param {readonly string[]} names
 * @param {import("esbuild").BuildOptions} options how the bundle around them is made
 * @returns {import("esbuild").Plugin}
 */
export function packedPackages(names, options) {
  return {
    name: "packed-packages",
    setup({ esbuild, onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^(${names.join("|")})$`) }, ({ path, resolveDir }) => ({
        path,
        namespace: NAMESPACE,
        pluginData: { resolveDir },
      }));
      onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path, pluginData }) => {
        const { outputFiles } = await esbuild.build({
          ...options,
          // The folder of the one who imports it: another version may lie elsewhere.
          stdin: { contents: `module.exports = require(${JSON.stringify(path)});`, resolveDir: pluginData.resolveDir },
          bundle: true,
          write: false,
        });
        return { contents: unpacking(path, outputFiles[0]?.text ?? ""), loader: "js", resolveDir: join(repoDir, "provider") };
      });
    },
  };
}

/**
 * A module that becomes the package when it is loaded. The file name is what stack traces show.
 * @param {string} name
 * @param {string} text
 */
const unpacking = (name, text) => `
const unpacked = { exports: {} };
const { compileFunction } = require("node:vm");
const run = compileFunction(${JSON.stringify(text)}, ["module", "exports", "require"], { filename: ${JSON.stringify(`${NAMESPACE}:${name}`)} });
run(unpacked, unpacked.exports, require);
module.exports = unpacked.exports;
`;
