// Prints schema.json for the contracts as they are: with the examples of the JSON file named, or without any.
import { readFileSync } from "node:fs";
import { version } from "../../provider/package.json";
import { providerConfigContract } from "../../provider/rpc/config";
import { functions } from "../../provider/resources/functions/functions";
import { registry } from "../../provider/resources/registry";
import { pulumiSchema } from "./pulumi-schema";
import type { ResourceExample } from "./with-examples";

const [, , examplesFile] = process.argv;
const examples =
  examplesFile === undefined ? undefined : (JSON.parse(readFileSync(examplesFile, "utf8")) as Record<string, ResourceExample>);

const schema = pulumiSchema({
  version,
  resources: Object.values(registry),
  functions: Object.values(functions),
  config: providerConfigContract,
  ...(examples === undefined ? {} : { examples }),
});
process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
