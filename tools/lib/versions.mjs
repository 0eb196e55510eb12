// Compares dotted versions, and names the oldest Node that everything here runs on.

/** undici 7, by which the plugin downloads images, asks for it; the `engines` of our packages say the same. */
export const oldestNode = "20.18.1";

/**
 * @param {string} version may begin with "v" or "go", and end in a suffix
 * @param {string} least
 */
export function isAtLeast(version, least) {
  const [have, want] = [numbers(version), numbers(least)];
  if (have.length === 0) return false;
  const differing = want.findIndex((part, index) => part !== (have[index] ?? 0));
  return differing === -1 || (have[differing] ?? 0) > (want[differing] ?? 0);
}

/** @param {string} version */
const numbers = (version) => (/\d+(\.\d+)*/.exec(version)?.[0] ?? "").split(".").filter(Boolean).map(Number);
