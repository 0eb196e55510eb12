// The zod contracts -> Pulumi's package schema. Pure: the same contracts give the same text.
import { z } from "zod";
import type { FunctionDefinition, ResourceDefinition } from "../../provider/resources/resource";
import { withExample, type ResourceExample } from "./with-examples";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Readonly<Record<string, Json>>;

/** What the contracts say of a type besides its shape: `.describe(…)` and `.meta({ … })`. */
interface Meta {
  readonly id?: string;
  readonly description?: string;
  readonly secret?: boolean;
  readonly replace?: boolean;
  /**
   * The words below this type are texts instead of enums. For a type that programs hand from an output to an input: Pulumi YAML lets nothing with an
   * enum in it do that.
   */
  readonly handedOn?: boolean;
  /** Environment variables that a configuration value defaults to. */
  readonly environment?: readonly string[];
}

const metaOf = (type: z.core.$ZodType): Meta => (z.globalRegistry.get(type) ?? {}) as Meta;

/** What is said of the named type that this one is a use of: `.describe(…)` on a use makes a child without the name. */
function namedMetaOf(type: z.core.$ZodType): Meta {
  const meta = metaOf(type);
  const { parent } = type._zod;
  return meta.id !== undefined || parent === undefined ? meta : namedMetaOf(parent);
}

/** Named types met on the way, by token. */
type Types = Map<string, JsonObject>;

/** Where a type is met: its path, for messages, and whether it is below one that is handed on. */
interface Place {
  readonly path: string;
  readonly isHandedOn: boolean;
}

const placeOf = (path: string): Place => ({ path, isHandedOn: false });

const below = (where: Place, step: string): Place => ({ ...where, path: where.path + step });

/** The same type has another name where its words are texts. */
const nameBelow = ({ isHandedOn }: Place, id: string): string => (isHandedOn ? `Settled${id}` : id);

const unwrapped = (type: z.core.$ZodType): { readonly inner: z.core.$ZodType; readonly optional: boolean } =>
  type instanceof z.ZodOptional ? { inner: type.def.innerType, optional: true } : { inner: type, optional: false };

const words = (type: z.ZodEnum): readonly string[] => type.options.map(String);

function named(token: string, meta: Meta, types: Types, make: () => JsonObject): JsonObject {
  if (!types.has(token)) {
    types.set(token, {});
    types.set(token, { ...(meta.description === undefined ? {} : { description: meta.description }), ...make() });
  }
  return { $ref: `#/types/${token}` };
}

function typeSpec(type: z.core.$ZodType, types: Types, where: Place): JsonObject {
  const meta = namedMetaOf(type);
  if (type instanceof z.ZodString || type instanceof z.ZodStringFormat) return { type: "string" };
  if (type instanceof z.ZodBoolean) return { type: "boolean" };
  if (type instanceof z.ZodNumber) return { type: type.format === "safeint" ? "integer" : "number" };
  // Any JSON value, its parts known or not: a document that somebody else reads.
  if (type instanceof z.ZodUnknown) return { $ref: "pulumi.json#/Any" };
  if (type instanceof z.ZodArray) return { type: "array", items: typeSpec(type.element, types, below(where, "[]")) };
  if (type instanceof z.ZodRecord) return { type: "object", additionalProperties: typeSpec(type.valueType, types, below(where, "{}")) };
  if (meta.id === undefined) throw new Error(`${where.path}: this type needs a name: .meta({ id: "…" })`);
  if (type instanceof z.ZodEnum && where.isHandedOn) return { type: "string" };
  const token = `kvm:index:${nameBelow(where, meta.id)}`;
  if (type instanceof z.ZodEnum) {
    return named(token, meta, types, () => ({ type: "string", enum: words(type).map((value) => ({ value })) }));
  }
  if (type instanceof z.ZodObject) {
    const inside: Place = { ...where, isHandedOn: where.isHandedOn || meta.handedOn === true };
    return named(token, meta, types, () => ({ type: "object", ...objectSpec(type, types, inside) }));
  }
  throw new Error(`${where.path}: the schema generator does not know this kind of zod type`);
}

function propertySpec(type: z.core.$ZodType, types: Types, where: Place): JsonObject {
  const { inner } = unwrapped(type);
  const own = metaOf(type);
  const meta = { ...metaOf(inner), ...own };
  if (meta.description === undefined) throw new Error(`${where.path}: this field needs a description: .describe("…")`);
  return {
    ...typeSpec(inner, types, where),
    description: meta.description,
    ...(meta.secret === true ? { secret: true } : {}),
    ...(meta.replace === true ? { willReplaceOnChanges: true } : {}),
  };
}

function objectSpec(object: z.ZodObject, types: Types, where: Place) {
  const fields = Object.entries(object.shape) as [string, z.core.$ZodType][];
  return {
    properties: Object.fromEntries(fields.map(([name, type]) => [name, propertySpec(type, types, below(where, `.${name}`))])),
    required: fields.filter(([, type]) => !unwrapped(type).optional).map(([name]) => name),
  };
}

function resourceSpec({ token, description, inputs, outputs }: ResourceDefinition, types: Types, example?: ResourceExample): JsonObject {
  const asked = objectSpec(inputs, types, placeOf(token));
  const given = objectSpec(outputs, types, placeOf(token));
  // Where a program gives no name, one is made: whoever uses a resource's name finds one.
  const named = Object.keys(asked.properties).filter((property) => property === "name");
  return {
    description: example === undefined ? description : withExample(description, example),
    inputProperties: asked.properties,
    requiredInputs: asked.required,
    properties: { ...asked.properties, ...given.properties },
    required: [...new Set([...asked.required, ...given.required, ...named])],
  };
}

function functionSpec({ token, description, inputs, outputs }: FunctionDefinition, types: Types): JsonObject {
  const asked = objectSpec(inputs, types, placeOf(token));
  const given = objectSpec(outputs, types, placeOf(token));
  return {
    description,
    inputs: { type: "object", ...asked },
    outputs: { type: "object", ...given },
  };
}

/** What the generator is given: the resources, the functions, the provider's configuration and the package's version. */
export interface SchemaSource {
  readonly version: string;
  readonly resources: readonly ResourceDefinition[];
  readonly functions: readonly FunctionDefinition[];
  readonly config: z.ZodObject;
  /** An example for each resource, by its token; left out for the schema that the examples are translated with. */
  readonly examples?: Readonly<Record<string, ResourceExample>>;
}

const repository = "https://github.com/pulumi-kvm/pulumi-kvm";

/** What every language's SDK is called, and that its version is the schema's. */
const language = {
  nodejs: { packageName: "pulumi-kvm", respectSchemaVersion: true },
  python: { packageName: "pulumi_kvm", respectSchemaVersion: true, pyproject: { enabled: true }, inputTypes: "classes-and-dicts" },
  go: {
    importBasePath: "github.com/pulumi-kvm/pulumi-kvm/sdk/go/kvm",
    respectSchemaVersion: true,
    generateResourceContainerTypes: true,
  },
  csharp: { namespaces: { kvm: "Kvm" }, packageReferences: { Pulumi: "3.*" }, respectSchemaVersion: true },
} as const;

function exampleOf(token: string, examples: SchemaSource["examples"]): ResourceExample | undefined {
  const example = examples?.[token];
  if (examples !== undefined && example === undefined) throw new Error(`${token} has no example: write one into tools/schema/examples.`);
  return example;
}

/** The whole schema.json. */
export function pulumiSchema({ version, resources, functions, config, examples }: SchemaSource): JsonObject {
  const types: Types = new Map();
  const resourceSpecs = Object.fromEntries(
    resources.map((definition) => [definition.token, resourceSpec(definition, types, exampleOf(definition.token, examples))]),
  );
  const functionSpecs = Object.fromEntries(functions.map((definition) => [definition.token, functionSpec(definition, types)]));
  const { properties, required } = objectSpec(config, types, placeOf("config"));
  const fields = Object.entries(config.shape) as [string, z.core.$ZodType][];
  const environments = Object.fromEntries(fields.map(([name, type]) => [name, metaOf(type).environment]));
  const variables = Object.fromEntries(
    Object.entries(properties).map(([name, spec]) => {
      const environment = environments[name];
      return [name, environment === undefined ? spec : { ...spec, defaultInfo: { environment } }];
    }),
  );
  return {
    name: "kvm",
    displayName: "KVM",
    version,
    description: "Virtual machines on libvirt/QEMU as code, with the disk cache worked out from the storage that each disk is really on.",
    keywords: ["pulumi", "kvm", "libvirt", "qemu", "category/infrastructure", "kind/native"],
    homepage: repository,
    repository,
    license: "Apache-2.0",
    publisher: "pulumi-kvm",
    pluginDownloadURL: "github://api.github.com/pulumi-kvm/pulumi-kvm",
    language,
    config: { variables, defaults: [] },
    provider: {
      description: "The connection to one libvirt host.",
      inputProperties: variables,
      requiredInputs: required,
      properties,
      required,
    },
    types: Object.fromEntries([...types].sort(([left], [right]) => (left < right ? -1 : 1))),
    resources: resourceSpecs,
    functions: functionSpecs,
  };
}
