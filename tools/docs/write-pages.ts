// Writes the generated pages of the documentation for a schema.json into a folder.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { effectsPage } from "./effects-page";
import { functionsPage, indexPage, resourcePage } from "./resource-page";
import type { PackageSchema } from "./schema-types";
import { kebabCase, shortName } from "./schema-types";

const [schemaFile = "schema.json", folder = "docs"] = process.argv.slice(2);
const schema = JSON.parse(readFileSync(schemaFile, "utf8")) as PackageSchema;
const fileOf = (token: string) => `${kebabCase(shortName(token))}.md`;

const pages = {
  "field-effects.md": effectsPage(),
  "resources/index.md": indexPage(schema, fileOf),
  "resources/functions.md": functionsPage(schema),
  ...Object.fromEntries(
    Object.entries(schema.resources).map(([token, resource]) => [`resources/${fileOf(token)}`, resourcePage(schema, token, resource)]),
  ),
};
for (const [name, text] of Object.entries(pages)) {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
