// Sets of CPUs and of NUMA nodes as libvirt writes them ("0-3,^2,8"), and the one way of writing each that libvirt answers with.

/** libvirt counts no further. */
export const mostSetMembers = 16_384;

const part = /^(\^?)(\d{1,5})(?:-(\d{1,5}))?$/;

function membersOf([, not = "", from = "", to = from]: readonly (string | undefined)[]):
  { readonly isOut: boolean; readonly ids: number[] } | undefined {
  const [first, last] = [Number(from), Number(to)];
  const isRight = first <= last && last < mostSetMembers && (not === "" || from === to);
  return isRight ? { isOut: not !== "", ids: Array.from({ length: last - first + 1 }, (_, at) => first + at) } : undefined;
}

/** The members in ascending order; undefined where the text is no set, or an empty one. */
export function cpuSetMembers(text: string): readonly number[] | undefined {
  const parts = text.split(",").map((each) => membersOf(part.exec(each.trim()) ?? ["", "", "1", "0"]));
  const members = new Set<number>();
  for (const each of parts) {
    if (each === undefined) return undefined;
    for (const id of each.ids) {
      if (each.isOut) members.delete(id);
      else members.add(id);
    }
  }
  return members.size === 0 ? undefined : [...members].sort((a, b) => a - b);
}

/** "0,1,2" and "0-3,^3" -> "0-2"; text that is no set stays as it is. */
export function canonicalCpuSet(text: string): string {
  const ranges: [number, number][] = [];
  for (const id of cpuSetMembers(text) ?? []) {
    const last = ranges.at(-1);
    if (last?.[1] === id - 1) last[1] = id;
    else ranges.push([id, id]);
  }
  return ranges.length === 0 ? text : ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
