// Prints schema.json for the contracts as they are.
import { version } from "../../provider/package.json";
import { providerConfigContract } from "../../provider/rpc/config";
import { functions } from "../../provider/resources/functions/functions";
import { registry } from "../../provider/resources/registry";
import { pulumiSchema } from "./pulumi-schema";

const schema = pulumiSchema({
  version,
  resources: Object.values(registry),
  functions: Object.values(functions),
  config: providerConfigContract,
});
process.stdout.write(`${JSON.stringify(schema, null, 2)}\n`);
