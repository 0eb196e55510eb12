// Which values are secret: carried from what came in to what goes out, and added by the contract.
import type { ResourceDefinition, Value, Values } from "../resources/resource";
import { isList, isMap, isSame, leavesOf, own, valueAt } from "./plain-values";
import type { Path } from "./paths";
import { declaredSecrets } from "./schema-secrets";
import { shortestSecret } from "./redact";
import type { Decoded } from "./values";

/** Values with the places that are secret. */
export type Marked = Pick<Decoded, "values" | "secrets">;

/** Follows one secret path of `from` in `to`: the same place, or the nearest that surely holds it; undefined where `to` has nothing there. */
const followSecret = ({ values }: Marked, to: Values, path: Path): Path | undefined => {
  let before: Value | undefined = values;
  let after: Value | undefined = to;
  for (const [depth, step] of path.entries()) {
    if (after === undefined) return undefined;
    // A place in a list is no identity: unless nothing moved, all of the list is secret.
    if (typeof step === "number" && !isSame(before, after)) return path.slice(0, depth);
    if (isList(before) && isList(after)) {
      [before, after] = [before[Number(step)], after[Number(step)]];
    } else if (isMap(before) && isMap(after)) {
      [before, after] = [own(before, String(step)), own(after, String(step))];
    } else {
      // It held the secret and has another shape now, perhaps made from it.
      return path.slice(0, depth);
    }
  }
  return after === undefined ? undefined : path;
};

/** The strings that no text may show. */
export const secretStrings = ({ values, secrets }: Marked): readonly string[] =>
  secrets.flatMap((path) =>
    leavesOf(valueAt(values, path))
      .map(([, leaf]) => leaf)
      .filter((leaf) => typeof leaf === "string"),
  );

/** The net under the rules above: a secret string that turns up anywhere else is still that secret. */
const echoedSecrets = (from: Marked, to: Values): readonly Path[] => {
  const strings = new Set(secretStrings(from).filter((text) => text.length >= shortestSecret));
  if (strings.size === 0) return [];
  return leavesOf(to)
    .filter(([, leaf]) => typeof leaf === "string" && strings.has(leaf))
    .map(([path]) => path);
};

/** The secret places in `to`, made from `from`: Check's inputs from the program's, a state from its inputs. */
export const carrySecrets = (from: Marked, to: Values): readonly Path[] => [
  ...from.secrets.map((path) => followSecret(from, to, path)).filter((path) => path !== undefined),
  ...echoedSecrets(from, to),
];

const samePath = (left: Path, right: Path) => left.length === right.length && left.every((step, index) => step === right[index]);

/**
 * The properties made from inputs that hold a secret: secret as a whole. What the contract itself declares secret (a disk's password) does not count:
 * no resource puts such a value into an output, and the rest of the output is for people to read.
 */
const derivedSecrets = ({ derivedFrom, inputs }: ResourceDefinition, { values, secrets }: Marked): readonly Path[] => {
  const declared = declaredSecrets(inputs, values);
  const byUser = secrets.filter((path) => !declared.some((other) => samePath(path, other)));
  const secretInputs = new Set(byUser.map(([name]) => name));
  return Object.entries(derivedFrom)
    .filter(([, sources]) => sources.some((source) => secretInputs.has(source)))
    .map(([name]) => [name]);
};

const declaredIn = ({ inputs, outputs }: ResourceDefinition, values: Values) =>
  [inputs, outputs].flatMap((schema) => declaredSecrets(schema, values));

/** Adds what the contract declares secret to what the wire marked. */
export const withDeclaredSecrets = (definition: ResourceDefinition, decoded: Decoded): Decoded => ({
  ...decoded,
  secrets: [...decoded.secrets, ...declaredIn(definition, decoded.values)],
});

/** Every secret place of values that go out. `inputs`: what they are made from; `earlier`: a state that had secrets in the same places. */
export const outgoingSecrets = (definition: ResourceDefinition, to: Values, inputs: Marked, earlier?: Marked): readonly Path[] => [
  ...carrySecrets(inputs, to),
  ...(earlier === undefined ? [] : carrySecrets(earlier, to)),
  ...derivedSecrets(definition, inputs),
  ...declaredIn(definition, to),
];
