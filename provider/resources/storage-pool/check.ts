// check: validates a pool's inputs by its type and fills in the defaults. Asks nobody, writes nothing.
import { givenOrAutoName } from "../auto-name";
import { contractProblems, withDefaults } from "../contract";
import type { Call, CheckRequest, CheckResult, Values } from "../resource";
import { defaults, inputs as contract } from "./contract";
import { valueAt } from "./pool-fields";
import { poolProblems } from "./pool-problems";

/** Passing a folder: x for its group or for others. */
const passable = 0o011;

export function check(request: CheckRequest, { log }: Call): CheckResult {
  const naming = givenOrAutoName(request);
  const named = { ...request.news, ...naming.name };
  const inputs = withDefaults(named, defaults);
  const shape = contractProblems(contract, named);
  const said = new Set(shape.map(({ path }) => path));
  const problems = [...naming.problems, ...shape, ...poolProblems(named).filter(({ path }) => !said.has(path))];
  if (problems.length === 0) warnOfClosedFolder(inputs, log);
  return { inputs, problems };
}

/** QEMU runs as a user of its own, which opens a disk by its path. */
function warnOfClosedFolder(inputs: Values, log: Call["log"]): void {
  const mode = valueAt(inputs, "target.permissions.mode");
  if (typeof mode !== "string" || (parseInt(mode, 8) & passable) !== 0) return;
  if (valueAt(inputs, "target.permissions.owner") !== undefined) return;
  log.warn(
    `target.permissions.mode: is ${mode}, which only the folder's owner can pass: VMs on it will not start unless that is QEMU's user. "0711" lets QEMU pass, and lists nothing to others.`,
  );
}
