// What libvirt holds of a network -> the outputs of a Network. Pure.
import type { NetworkRecord } from "../../libvirt/port";
import { parseNetwork } from "../../xml/parse-network";
import { propertyPath } from "../property-path";
import type { Values } from "../resource";
import { asValues, defined } from "../values";
import type { CheckedInputs, NetworkOutputs } from "./contract";
import { changedCells, cellsOf } from "./network-fields";
import type { CellChange } from "./network-fields";
import { modeOf } from "./network-modes";
import { inputsOf } from "./observed-inputs";

/** What differs between the definition and what runs. */
export function waitingCells(xml: string, liveXml: string | undefined): readonly CellChange[] {
  if (liveXml === undefined) return [];
  const [live, stored] = [liveXml, xml].map((text) => {
    const network = parseNetwork(text);
    return cellsOf(asValues(inputsOf(modeOf(network) ?? "isolated", network)));
  });
  return live === undefined || stored === undefined ? [] : changedCells(live, stored);
}

export function outputsOf({ uuid, xml, liveXml }: NetworkRecord): NetworkOutputs {
  const { bridge } = parseNetwork(liveXml ?? xml);
  const pendingChanges = waitingCells(xml, liveXml).map(({ path }) => propertyPath(path));
  return { uuid, ...defined({ bridge }), pendingChanges };
}

/** The whole state: what was asked, and what came of it. */
export const stateOf = (inputs: CheckedInputs, record: NetworkRecord): Values => ({ ...asValues(inputs), ...asValues(outputsOf(record)) });
