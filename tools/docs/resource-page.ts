// A resource or the functions of schema.json -> a page with every property, what a change of it costs, and every type that it is made of.
import { fieldEffect } from "../../provider/plan/field-effects";
import { generatedMark, table, typeText } from "./markdown";
import type { ObjectSpec, PackageSchema, Properties, PropertySpec, ResourceSpec } from "./schema-types";
import { shortName, typesOf } from "./schema-types";

/** What a change of a property costs, as the table of effects says; undefined: it says nothing of this object's. */
type EffectOf = (property: string) => string | undefined;

const effects: Readonly<Record<string, EffectOf>> = {
  VirtualMachine: (property) => fieldEffect(property)?.effect,
  Disk: (property) => fieldEffect(`disks.key.${property}`)?.effect,
  NetworkCard: (property) => fieldEffect(`networks.key.${property}`)?.effect,
};

interface ObjectToShow {
  readonly name: string;
  readonly properties: Properties;
  readonly required: readonly string[];
}

function propertyTable({ name, properties, required }: ObjectToShow, withEffects: boolean): string {
  const effectOf = withEffects ? effects[name] : undefined;
  const costOf = (property: string, spec: PropertySpec) => (spec.willReplaceOnChanges ? "replace" : (effectOf?.(property) ?? ""));
  const hasCosts = withEffects && Object.entries(properties).some(([property, spec]) => costOf(property, spec) !== "");
  const rows = Object.entries(properties).map(([property, spec]) => [
    `\`${property}\`${required.includes(property) ? " (required)" : ""}`,
    typeText(spec),
    ...(hasCosts ? [costOf(property, spec)] : []),
    `${spec.secret ? "Secret. " : ""}${spec.description ?? ""}`,
  ]);
  return table(["property", "type", ...(hasCosts ? ["a change"] : []), "description"], rows);
}

/** Tokens of all types that the properties are made of, at any depth, by name. */
function typesBelow(schema: PackageSchema, properties: Properties): string[] {
  const found = new Set<string>();
  const visit = (below: Properties): void => {
    for (const token of Object.values(below).flatMap(typesOf)) {
      if (found.has(token)) continue;
      found.add(token);
      visit(schema.types[token]?.properties ?? {});
    }
  };
  visit(properties);
  return [...found].sort((left, right) => shortName(left).localeCompare(shortName(right)));
}

function typeSection(token: string, { description = "", properties, required = [], enum: words }: ObjectSpec): string {
  const name = shortName(token);
  const body = words
    ? `One of ${words.map(({ value }) => `\`${value}\``).join(", ")}.`
    : propertyTable({ name, properties: properties ?? {}, required }, true);
  return [`### ${name}`, description, body].filter((part) => part !== "").join("\n\n");
}

const typeSections = (schema: PackageSchema, properties: Properties): string[] => {
  const tokens = typesBelow(schema, properties);
  return tokens.length === 0 ? [] : ["## Types", ...tokens.map((token) => typeSection(token, schema.types[token] ?? {}))];
};

/** The registry's marks around examples are for the registry alone. */
const withoutMarks = (description: string) =>
  description
    .split("\n")
    .filter((line) => !line.startsWith("{{%"))
    .join("\n");

/** The page of one resource. */
export function resourcePage(schema: PackageSchema, token: string, resource: ResourceSpec): string {
  const { description, inputProperties, requiredInputs, properties = {} } = resource;
  const name = shortName(token);
  const outputs = Object.fromEntries(Object.entries(properties).filter(([property]) => inputProperties[property] === undefined));
  const inputs = { name, properties: inputProperties, required: requiredInputs };
  return [
    `# ${name}`,
    generatedMark("the resource's contract"),
    withoutMarks(description),
    "## Inputs",
    ...(name in effects ? ["What a change costs a running machine is explained [here](../field-effects.md)."] : []),
    propertyTable(inputs, true),
    "## Outputs",
    "All inputs, and:",
    propertyTable({ name, properties: outputs, required: [] }, false),
    ...typeSections(schema, properties),
    "",
  ].join("\n\n");
}

/** One page for all functions. */
export function functionsPage(schema: PackageSchema): string {
  const sections = Object.entries(schema.functions).flatMap(([token, { description, inputs, outputs }]) => {
    const show = (properties: Properties = {}, required: readonly string[] = []) =>
      Object.keys(properties).length === 0 ? "None." : propertyTable({ name: shortName(token), properties, required }, false);
    return [
      `## ${shortName(token)}`,
      withoutMarks(description),
      "### Arguments",
      show(inputs.properties, inputs.required),
      "### Result",
      show(outputs.properties),
    ];
  });
  const all = Object.values(schema.functions).flatMap(({ inputs, outputs }) =>
    Object.entries({ ...inputs.properties, ...outputs.properties }),
  );
  return ["# Functions", generatedMark("the functions' contracts"), ...sections, ...typeSections(schema, Object.fromEntries(all)), ""].join(
    "\n\n",
  );
}

const firstSentence = (description: string) => /^[^]*?\.(?=\s|$)/.exec(description)?.[0] ?? description;

/** The list of all resources and functions. */
export function indexPage(schema: PackageSchema, fileOf: (token: string) => string): string {
  const resources = Object.entries(schema.resources).map(([token, { description }]) => [
    `[${shortName(token)}](${fileOf(token)})`,
    firstSentence(description),
  ]);
  const functions = Object.entries(schema.functions).map(([token, { description }]) => [
    `[${shortName(token)}](functions.md#${shortName(token).toLowerCase()})`,
    firstSentence(description),
  ]);
  const parts = ["# Resources and functions", generatedMark("the contracts"), table(["resource", ""], resources)];
  return [...parts, table(["function", ""], functions), ""].join("\n\n");
}
