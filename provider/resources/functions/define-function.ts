// The frame of every function: arguments are checked against the contract before the host is asked.
import { RefusedError } from "../../errors";
import { contractProblems } from "../contract";
import type { FunctionDefinition } from "../resource";

export function defineFunction(definition: FunctionDefinition): FunctionDefinition {
  return {
    ...definition,
    run: (args, call) => {
      const problems = contractProblems(definition.inputs, args);
      return problems.length > 0 ? Promise.reject(new RefusedError(problems)) : definition.run(args, call);
    },
  };
}
