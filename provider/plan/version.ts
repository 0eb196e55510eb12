// Compares versions inside the planner: rules that hold from one release on.

/**
 * Whether `version` ("2.3.1", "7.2.22", "6.18.0-rc1", "zfs-2.2.3-1") is `minimum` ("2.3") or later.
 * undefined: there is no version, or no number in it: the caller decides what not knowing means.
 */
export function isAtLeast(version: string | undefined, minimum: string): boolean | undefined {
  const have = numbersOf(version);
  const want = numbersOf(minimum);
  if (have === undefined || want === undefined) return undefined;
  for (const [index, wanted] of want.entries()) {
    const had = have[index] ?? 0;
    if (had !== wanted) return had > wanted;
  }
  return true;
}

function numbersOf(version: string | undefined): readonly number[] | undefined {
  return /\d+(?:\.\d+)*/
    .exec(version ?? "")?.[0]
    .split(".")
    .map(Number);
}
