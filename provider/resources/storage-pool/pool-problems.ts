// What can be wrong with a pool before the host is asked: what its type needs, may not have, and cannot do. All problems at once; pure.
import type { Problem } from "../../errors";
import { xmlTextProblem } from "../../xml/xml-text";
import { propertyPath } from "../property-path";
import type { Value, Values } from "../resource";
import { unknown } from "../resource";
import { isValues } from "../values";
import { valueAt } from "./pool-fields";
import type { PoolType, PoolTypeRules } from "./pool-types";
import { isPoolType, partMeanings, partNames, rulesOf } from "./pool-types";

interface Question {
  readonly inputs: Values;
  readonly type: PoolType;
  readonly rules: PoolTypeRules;
}

const problem = (path: string, reason: string): Problem => ({ path, reason });
const listAt = (inputs: Values, path: string): readonly Value[] => {
  const value = valueAt(inputs, path);
  return Array.isArray(value) ? (value as readonly Value[]) : [];
};

function partProblems({ inputs, type, rules }: Question): Problem[] {
  return partNames.flatMap((part) => {
    const value = valueAt(inputs, part);
    if (value === unknown) return [];
    const isThere = value !== undefined;
    const words = rules.words?.[part];
    if (rules.required.includes(part)) {
      return isThere ? [] : [problem(part, `is required for a pool of type ${type}: give ${words ?? partMeanings[part]}.`)];
    }
    if (!isThere || rules.optional.includes(part)) return [];
    return [problem(part, `means nothing to a pool of type ${type}: leave it out${words === undefined ? "" : ` (${words})`}.`)];
  });
}

function singleProblems({ inputs, type, rules }: Question): Problem[] {
  return rules.single.flatMap((part) => {
    const { length } = listAt(inputs, part);
    return length <= 1 ? [] : [problem(part, `has ${length} entries, but a pool of type ${type} takes exactly one: make a pool for each.`)];
  });
}

const deviceRules = {
  paths: { isRight: (device: string) => device.startsWith("/"), wrong: "must be the absolute path of a block device on the host." },
  names: { isRight: () => true, wrong: "" },
  iqn: {
    isRight: (device: string) => /^(iqn\.\d{4}-\d{2}\.|eui\.|naa\.)/.test(device),
    wrong: 'must be an iSCSI name, such as "iqn.2024-01.org.example:storage".',
  },
} as const;

function deviceProblems({ inputs, rules }: Question): Problem[] {
  const { isRight, wrong } = deviceRules[rules.devices];
  return listAt(inputs, "source.devices").flatMap((device, index) =>
    typeof device !== "string" || isRight(device)
      ? []
      : [problem(propertyPath(["source", "devices", index]), `is ${JSON.stringify(device)}, but ${wrong}`)],
  );
}

function formatProblems({ inputs, type, rules: { formats } }: Question): Problem[] {
  const format = valueAt(inputs, "source.format");
  if (typeof format !== "string" || formats === undefined || formats.all.includes(format)) return [];
  return [problem("source.format", `is ${JSON.stringify(format)}; a pool of type ${type} can have: ${formats.all.join(", ")}.`)];
}

/** Nothing here ever quotes a key or a password. */
function authProblems({ inputs, type, rules }: Question): Problem[] {
  const auth = valueAt(inputs, "source.auth");
  if (!isValues(auth) || rules.auth === undefined) return [];
  const [own, other] = rules.auth === "ceph" ? (["key", "password"] as const) : (["password", "key"] as const);
  const problems: Problem[] = [];
  if (typeof auth["type"] === "string" && auth["type"] !== rules.auth) {
    problems.push(
      problem("source.auth.type", `is ${auth["type"]}, but a pool of type ${type} needs ${rules.auth}: correct it, or leave it out.`),
    );
  }
  if (auth[other] !== undefined) problems.push(problem(`source.auth.${other}`, `is not for a pool of type ${type}: give \`${own}\`.`));
  const given = [own, "secretUuid"].filter((field) => auth[field] !== undefined);
  if (given.length === 2) problems.push(problem("source.auth.secretUuid", `goes without \`${own}\`: give one of the two.`));
  if (given.length === 0 && auth[other] === undefined) {
    problems.push(problem(`source.auth.${own}`, "is required with a user: give it, or the `secretUuid` of a libvirt secret."));
  }
  const value = auth[own];
  if (value === "") problems.push(problem(`source.auth.${own}`, "is empty."));
  if (own === "key" && typeof value === "string" && !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) {
    problems.push(problem("source.auth.key", "is no cephx key: it must be base64, as `ceph auth get-key` prints it."));
  }
  return problems;
}

function buildProblems({ inputs, type, rules: { makes } }: Question): Problem[] {
  const { build, overwrite } = inputs;
  const problems: Problem[] = [];
  if (overwrite === true && build !== true && build !== unknown) {
    problems.push(problem("overwrite", "goes with `build: true` only: set that, or leave `overwrite` out."));
  }
  if (overwrite === true && build === true && makes?.overwrites !== true) {
    problems.push(
      problem("overwrite", `cannot be done by libvirt for a pool of type ${type}: clear the devices by hand, and leave it out.`),
    );
  }
  if (build !== true) {
    const hasPermissions = valueAt(inputs, "target.permissions") !== undefined;
    if (build === false && type === "dir" && hasPermissions) {
      problems.push(problem("target.permissions", "are set by building: leave `build: false` out, or the permissions."));
    }
    return problems;
  }
  if (makes === undefined) {
    if (type !== "dir" && type !== "netfs") problems.push(problem("build", `makes nothing for a pool of type ${type}: leave it out.`));
    return problems;
  }
  const name = valueAt(inputs, "source.name");
  const needsDevices = makes.needsDevices || !(name === unknown || (typeof name === "string" && name.includes("/")));
  if (needsDevices && valueAt(inputs, "source.devices") === undefined) {
    problems.push(problem("source.devices", `are required to build ${makes.what}: give the devices it is made on.`));
  }
  const format = valueAt(inputs, "source.format");
  if (type === "fs" && (format === undefined || format === "auto")) {
    problems.push(problem("source.format", "is required to build a file system: say which, such as ext4 or xfs."));
  }
  return problems;
}

function deleteProblems({ inputs, type, rules }: Question): Problem[] {
  if (inputs["deleteContent"] !== true || rules.deletes !== "nothing") return [];
  return [problem("deleteContent", `cannot be done for a pool of type ${type}: its volumes are the target's. Leave it out.`)];
}

/** Text that XML cannot hold (control characters), wherever it goes into a definition. */
function textProblems(value: Value | undefined, path: readonly PropertyKey[] = []): Problem[] {
  if (typeof value === "string") {
    const reason = xmlTextProblem(value);
    return reason === undefined ? [] : [problem(propertyPath(path), `${reason}.`)];
  }
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap((item, index) => textProblems(item, [...path, index]));
  if (!isValues(value)) return [];
  const inDefinition = Object.entries(value).filter(([key]) => key !== "key" && key !== "password");
  return inDefinition.flatMap(([key, inner]) => textProblems(inner, [...path, key]));
}

const rules = [partProblems, singleProblems, deviceProblems, formatProblems, authProblems, buildProblems, deleteProblems] as const;

/** Problems across fields; where the type is not known yet, they wait. */
export function poolProblems(inputs: Values): Problem[] {
  const type = inputs["type"];
  if (!isPoolType(type)) return textProblems(inputs);
  const question = { inputs, type, rules: rulesOf(type) };
  return [...rules.flatMap((find) => find(question)), ...textProblems(inputs)];
}
