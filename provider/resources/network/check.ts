// check: validates a network's inputs by its mode and fills in the defaults. Asks nobody, writes nothing.
import { givenOrAutoName } from "../auto-name";
import { contractProblems, withDefaults } from "../contract";
import type { CheckRequest, CheckResult } from "../resource";
import { defaults, inputs as contract } from "./contract";
import { networkProblems } from "./network-problems";

export function check(request: CheckRequest): CheckResult {
  const naming = givenOrAutoName(request);
  const named = { ...request.news, ...naming.name };
  const shape = contractProblems(contract, named);
  const said = new Set(shape.map(({ path }) => path));
  const problems = [...naming.problems, ...shape, ...networkProblems(named).filter(({ path }) => !said.has(path))];
  return { inputs: withDefaults(named, defaults), problems };
}
