// Which volumes images of this run are: several resources can be the same one, and a replaced one can be what replaces it.

const claimed = new Set<string>();

const keyOf = (uri: string, id: string) => `${uri}\n${id}`;

/** From now on, and as long as this process lives, the volume is some resource's that this run has made or updated. */
export function claimVolume(uri: string, id: string): void {
  claimed.add(keyOf(uri, id));
}

export const isClaimed = (uri: string, id: string): boolean => claimed.has(keyOf(uri, id));
