// update: the same volume under other inputs; uploaded again where it is not whole any more. Converges the host.
import { knownVolume } from "../known-volume";
import type { Call, DiffRequest, Stored } from "../resource";
import type { CheckedImage } from "./contract";
import { claimVolume } from "./claimed";
import { bring } from "./create";
import { damageOf, placeOf, stateOf } from "./state";

export async function update({ id, news, oldState, preview }: DiffRequest & { readonly preview: boolean }, call: Call): Promise<Stored> {
  const place = placeOf(id);
  const record = place && (await knownVolume(place, call));
  const sha256 = news["sha256"] ?? oldState["sha256"];
  const known = typeof sha256 === "string" ? sha256 : undefined;
  const isWhole = record !== undefined && damageOf(record, oldState) === undefined;
  if (isWhole) {
    if (!preview) claimVolume(call.services.libvirt.uri, id);
    return { state: stateOf(news, record, known) };
  }
  if (preview) return { state: { ...oldState, ...news } };
  const brought = await bring(news as unknown as CheckedImage, call, place?.name);
  return { state: stateOf(news, brought.record, brought.sha256) };
}
