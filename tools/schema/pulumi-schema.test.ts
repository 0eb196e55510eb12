// What the generator makes of each kind of zod type, and that it refuses what it does not know.
import { z } from "zod";
import type { ResourceDefinition } from "../../provider/resources/resource";
import { pulumiSchema } from "./pulumi-schema";

const lifecycle = {} as ResourceDefinition["lifecycle"];

function propertyOf(type: z.ZodType): unknown {
  const definition = {
    token: "kvm:index:Thing",
    description: "A thing.",
    inputs: z.object({ field: type }),
    outputs: z.object({}),
    derivedFrom: {},
    lifecycle,
  } as const;
  const schema = pulumiSchema({ version: "0.0.0", resources: [definition], functions: [], config: z.object({}) });
  const { resources } = schema as unknown as { resources: Record<string, { inputProperties: Record<string, unknown> }> };
  return resources["kvm:index:Thing"]?.inputProperties["field"];
}

const description = "A field.";

test.each<{ because: string; type: z.ZodType; gives: Record<string, unknown> }>([
  { because: "a string is a string", type: z.string().describe(description), gives: { type: "string", description } },
  {
    because: "a document that others read is any value, at any depth known or not",
    type: z.unknown().describe(description),
    gives: { $ref: "pulumi.json#/Any", description },
  },
  {
    because: "it can be secret and absent like any other",
    type: z.unknown().optional().meta({ secret: true }).describe(description),
    gives: { $ref: "pulumi.json#/Any", description, secret: true },
  },
  {
    because: "a map of such documents",
    type: z.record(z.string(), z.unknown()).describe(description),
    gives: { type: "object", additionalProperties: { $ref: "pulumi.json#/Any" }, description },
  },
])("$because", ({ type, gives }) => {
  expect(propertyOf(type)).toEqual(gives);
});

test.each([
  { because: "a value that is checked by nothing is asked for as z.unknown()", type: z.any().describe(description) },
  {
    because: "a union has no type in every language",
    type: z.union([z.string(), z.number()]).meta({ id: "Either" }).describe(description),
  },
])("refuses a type that it does not know: $because", ({ type }) => {
  expect(() => propertyOf(type)).toThrow(/field/);
});
