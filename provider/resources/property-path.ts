// Pulumi's property paths: how problems and diffs name a place in the inputs.

const plainKey = /^[A-Za-z_$][\w$-]*$/;

/** `["disks", "root", "cache"]` -> `disks.root.cache`; keys with other characters are quoted: `disks["a.b"]`; list items: `x[0]`. */
export function propertyPath(keys: readonly PropertyKey[]): string {
  return keys
    .map((key, index) => {
      if (typeof key === "number") return `[${key}]`;
      const text = String(key);
      if (!plainKey.test(text)) return `[${JSON.stringify(text)}]`;
      return index === 0 ? text : `.${text}`;
    })
    .join("");
}

/** The keys of a path that `propertyPath` made. */
export const pathKeys = (path: string): string[] =>
  (path.match(/\[(?:"(?:[^"\\]|\\.)*"|\d+)\]|[^.[\]]+/g) ?? []).map((part) =>
    part.startsWith("[") ? String(JSON.parse(part.slice(1, -1))) : part,
  );
