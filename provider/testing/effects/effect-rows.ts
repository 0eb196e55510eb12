// All rows of the three tables of effects with their cases.
import { deviceEffects, diskFieldEffects, fieldEffects, networkFieldEffects } from "../../plan/field-effects";
import { deviceMapNames } from "../../plan/devices";
import { deviceCases } from "./device-cases";
import { diskCases } from "./disk-cases";
import { fieldCases } from "./field-cases";
import { rowsOf } from "./play-cases";
import { networkCases } from "./network-cases";

export const effectRows = [
  ...rowsOf("", fieldEffects, fieldCases),
  ...rowsOf("disks.*.", diskFieldEffects, diskCases),
  ...deviceMapNames.flatMap((name) => rowsOf(`${name} `, deviceEffects[name], (place) => deviceCases(place)[name], false)),
  ...rowsOf("networks.*.", networkFieldEffects, networkCases),
];
