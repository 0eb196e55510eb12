// The folder listing is the arrow: reads the repository and holds every import to it, whatever the linter was told.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

const providerDir = __dirname;
const layersFile = join(providerDir, "..", "tools", "layers.mjs");

interface Layer {
  readonly allowed: readonly string[];
  readonly forbidden: readonly string[];
}

/** The rule as data. It is a module that jest's CommonJS cannot load, so node prints it. */
const layers = JSON.parse(
  execFileSync(
    process.execPath,
    ["-e", `import(${JSON.stringify(layersFile)}).then(({ layers }) => console.log(JSON.stringify(layers)))`],
    {
      encoding: "utf8",
    },
  ),
) as Record<string, Layer>;

const sourceFiles = readdirSync(providerDir, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith(".fixture.ts") && !file.startsWith("testing"),
);

/** Folder of provider/ that each import of a file leads to, itself left out; packages are left out. */
function importedFolders(file: string): string[] {
  const text = readFileSync(join(providerDir, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from|import|require\()\s*"(\.[^"]+)"/g)].map(([, specifier]) => specifier ?? "");
  return specifiers
    .map((specifier) => relative(providerDir, join(providerDir, file, "..", specifier)).split(sep)[0] ?? "")
    .filter((folder) => folder in layers || folder === "testing");
}

describe("imports point down the arrow", () => {
  test("every folder of provider/ has its place", () => {
    const folders = readdirSync(providerDir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
    expect(Object.keys(layers)).toEqual(
      expect.arrayContaining(folders.filter((folder) => !["testing", "node_modules", "dist"].includes(folder))),
    );
  });

  test.each(sourceFiles.filter((file) => file.includes(sep)))("%s", (file) => {
    const folder = file.split(sep)[0] ?? "";
    const allowed = [folder, ...(layers[folder]?.allowed ?? [])];
    expect(importedFolders(file).filter((imported) => !allowed.includes(imported))).toEqual([]);
  });

  test("nothing but libvirt/ imports node-libvirt, nothing but xml/ xmlbuilder2", () => {
    const users = (name: string) => [
      ...new Set(
        sourceFiles
          .filter((file) => readFileSync(join(providerDir, file), "utf8").includes(`from "${name}"`))
          .map((file) => file.split(sep)[0]),
      ),
    ];
    expect(users("node-libvirt")).toEqual(["libvirt"]);
    expect(users("xmlbuilder2").every((folder) => folder === "xml")).toBe(true);
  });

  test("node-libvirt depends on nothing", () => {
    const manifest = JSON.parse(readFileSync(join(providerDir, "..", "node-libvirt", "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest["dependencies"]).toBeUndefined();
  });
});
