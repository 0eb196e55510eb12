// What the methods of a dynamic provider are not told, as one more property of the inputs and the state, from the program on.

/**
 * The program gives `urn` and `preview` (dynamic-resource.ts), check adds `uri`, and a stored state says whether it wants to be read again before the
 * next update.
 */
export interface Memo {
  readonly urn: string;
  /** The program runs for a preview. Never so in a state: what a preview computes is not stored. */
  readonly preview: boolean;
  /** The host that the resource is on. */
  readonly uri?: string;
  readonly refreshBeforeUpdate?: boolean;
}

/** The engine shows properties with two underscores to nobody. */
export const memoKey = "__kvm";
