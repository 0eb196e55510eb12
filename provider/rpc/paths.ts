// Pulumi's property paths (disks.root.cache, list[0], map["a.b"]): text to steps and back. The wire and the secrets' bookkeeping speak in steps.

/** One step into a value: a property's name, or an index of a list. */
export type Step = string | number;
export type Path = readonly Step[];

/** A path that may hold `anyStep`: every element of a list or map. */
export const anyStep: unique symbol = Symbol("any step");
export type PathPattern = readonly (Step | typeof anyStep)[];

const plainName = /^[A-Za-z_$][\w$-]*$/;

/** disks.root.cache, list[0], map["a.b"] */
export const formatPath = (path: Path): string =>
  path
    .map((step, position) => {
      if (typeof step === "number") return `[${step}]`;
      if (!plainName.test(step)) return `["${step.replace(/["\\]/g, "\\$&")}"]`;
      return position === 0 ? step : `.${step}`;
    })
    .join("");

const tokens = /\[(\d+)\]|\["((?:[^"\\]|\\[\s\S])*)"\]|\[(\*)\]|\.?([^.[\]]+)/gy;

const unquote = (quoted: string) => quoted.replace(/\\([\s\S])/g, "$1");

/**
 * Reads a path as the engine and people write it; `*` and `[*]` stand for every element.
 * A text that is no path is one step: its own name.
 */
export const parsePath = (text: string): PathPattern => {
  const steps: (Step | typeof anyStep)[] = [];
  tokens.lastIndex = 0;
  while (tokens.lastIndex < text.length) {
    const token = tokens.exec(text);
    if (token === null) return [text];
    const [, index, quoted, star, name] = token;
    if (index !== undefined) steps.push(Number(index));
    else if (quoted !== undefined) steps.push(unquote(quoted));
    else steps.push(star !== undefined || name === "*" ? anyStep : (name ?? ""));
  }
  return steps;
};

/** `path` is what `pattern` names, or lies inside it. */
export const isWithin = (path: PathPattern, pattern: PathPattern): boolean =>
  pattern.length <= path.length && pattern.every((step, position) => step === anyStep || step === path[position]);

/** The top-level property that a path belongs to: disks.root.cache -> disks. */
export const topLevelName = (path: string): string => {
  const [first] = parsePath(path);
  return typeof first === "string" ? first : path;
};
