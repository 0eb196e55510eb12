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

test("below a type that is handed on, words are texts, also where the same type has its words elsewhere", () => {
  const word = z.enum(["yes", "no"]).describe("A word.").meta({ id: "Word" });
  const part = z
    .object({ word: word.describe(description) })
    .describe("A part.")
    .meta({ id: "Part" });
  const whole = z
    .object({ part: part.describe(description) })
    .describe("All.")
    .meta({ id: "Whole", handedOn: true });
  const definition = {
    token: "kvm:index:Thing",
    description: "A thing.",
    inputs: z.object({ whole: whole.describe(description), part: part.describe(description) }),
    outputs: z.object({}),
    derivedFrom: {},
    lifecycle,
  } as const;
  const schema = pulumiSchema({ version: "0.0.0", resources: [definition], functions: [], config: z.object({}) });
  expect(schema["types"]).toMatchObject({
    "kvm:index:Whole": { properties: { part: { $ref: "#/types/kvm:index:SettledPart" } } },
    "kvm:index:SettledPart": { properties: { word: { type: "string" } } },
    "kvm:index:Part": { properties: { word: { $ref: "#/types/kvm:index:Word" } } },
  });
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
