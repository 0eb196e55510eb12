// check: validates a network's inputs by its mode and fills in the defaults. Asks nobody, writes nothing.
import type { Problem } from "../../errors";
import { autoName } from "../auto-name";
import { contractProblems, withDefaults } from "../contract";
import type { CheckRequest, CheckResult, Values } from "../resource";
import { defaults, inputs as contract } from "./contract";
import { networkProblems } from "./network-problems";

export function check(request: CheckRequest): CheckResult {
  const naming = nameOf(request);
  const named = { ...request.news, ...naming.name };
  const shape = contractProblems(contract, named);
  const said = new Set(shape.map(({ path }) => path));
  const problems = [...naming.problems, ...shape, ...networkProblems(named).filter(({ path }) => !said.has(path))];
  return { inputs: withDefaults(named, defaults), problems };
}

function nameOf({ news, olds, resourceName, autoName: proposal, randomSeed }: CheckRequest): {
  readonly name: Values;
  readonly problems: readonly Problem[];
} {
  const given = news["name"] ?? olds?.["name"];
  if (given !== undefined) return { name: { name: given }, problems: [] };
  const made = autoName({ resourceName, proposal, randomSeed });
  return "problem" in made ? { name: {}, problems: [made.problem] } : { name: { name: made.name }, problems: [] };
}
