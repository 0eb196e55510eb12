// The parts of schema.json that the pages are made from, as far as they look at them.

export interface PropertySpec {
  readonly type?: string;
  readonly $ref?: string;
  readonly items?: PropertySpec;
  readonly additionalProperties?: PropertySpec;
  readonly oneOf?: readonly PropertySpec[];
  readonly description?: string;
  readonly secret?: boolean;
  readonly willReplaceOnChanges?: boolean;
}

export type Properties = Readonly<Record<string, PropertySpec>>;

export interface ObjectSpec {
  readonly description?: string;
  readonly properties?: Properties;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly value: string }[];
}

export interface ResourceSpec extends ObjectSpec {
  readonly description: string;
  readonly inputProperties: Properties;
  readonly requiredInputs: readonly string[];
}

export interface FunctionSpec {
  readonly description: string;
  readonly inputs: ObjectSpec;
  readonly outputs: ObjectSpec;
}

export interface PackageSchema {
  readonly types: Readonly<Record<string, ObjectSpec>>;
  readonly resources: Readonly<Record<string, ResourceSpec>>;
  readonly functions: Readonly<Record<string, FunctionSpec>>;
}

/** "kvm:index:Disk" or "#/types/kvm:index:Disk" -> "Disk". */
export const shortName = (token: string): string => token.split(":").at(-1) ?? token;

/** "VirtualMachine" -> "virtual-machine". */
export const kebabCase = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();

const typePrefix = "#/types/";

/** Tokens of the types that a property is made of. */
export function typesOf({ $ref, items, additionalProperties, oneOf = [] }: PropertySpec): string[] {
  const own = $ref?.startsWith(typePrefix) ? [$ref.slice(typePrefix.length)] : [];
  return [...own, ...[items, additionalProperties, ...oneOf].flatMap((part) => (part === undefined ? [] : typesOf(part)))];
}
