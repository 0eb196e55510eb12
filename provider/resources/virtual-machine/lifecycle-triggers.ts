// What the program restarts a machine with: a change of its `restartTriggers`. Pure.
import type { DiffRequest } from "../resource";
import { diff } from "./diff";
import type { MachineChange } from "./pending";
import { isRestartTrigger } from "../../plan/plan-apply";

/** The words of a change: the texts themselves are the program's own, and may be secret. */
export const triggerWords = { from: "as it was", to: "another" } as const;

/** Each trigger that the update changes. */
export const triggerChanges = (request: DiffRequest): MachineChange[] =>
  diff(request)
    .changes.filter(isRestartTrigger)
    .map(({ path }) => ({ path, effect: "restart", ...triggerWords }));
