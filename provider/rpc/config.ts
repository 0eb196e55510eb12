// The provider's own configuration: its documented contract, and what the three config verbs make of it.
import { z } from "zod";
import type { Problem } from "../errors";
import { unknown, type DiffResult, type PropertyChange, type ProviderConfig, type Value, type Values } from "../resources/resource";
import { formatPath } from "./paths";

const environmentOfUri = "LIBVIRT_DEFAULT_URI";
const systemUri = "qemu:///system";
const defaultTimeoutSeconds = 30;
const secondsADay = 86_400;
const msASecond = 1000;

/** `kvm:uri`, `kvm:timeout`, and the arguments of `kvm.Provider`. schema.json's config section is made from this. */
export const providerConfigContract = z
  .strictObject({
    uri: z
      .string()
      .regex(/^[a-z][a-z0-9+.-]*:\/\//i, "is no libvirt connection URI: write it like qemu:///system.")
      .optional()
      .describe(
        "libvirt's connection URI of the host: `qemu:///system` for this machine's, `qemu:///session` for the user's own. " +
          "The default is the environment variable `LIBVIRT_DEFAULT_URI`, then `qemu:///system`. Another URI is another host: its resources are replaced.",
      )
      .meta({ environment: [environmentOfUri], default: systemUri }),
    timeout: z
      .number("must be a number of seconds.")
      .positive("must be above 0 seconds.")
      .max(secondsADay, `must be at most ${secondsADay} seconds (a day).`)
      .optional()
      .describe(`How many seconds one call to libvirt may take. The default is ${defaultTimeoutSeconds}.`)
      .meta({ default: defaultTimeoutSeconds }),
  })
  .describe("How the provider reaches the host whose virtual machines it manages.");

export const settingNames = Object.keys(providerConfigContract.shape);

/** The engine's own keys in a provider's inputs. */
const engineSettings = ["version", "pluginDownloadURL"];

type Environment = Readonly<Record<string, string | undefined>>;

/** Stack configuration and generated SDKs send everything but strings as JSON text. */
const fromText = (name: string, value: Value): Value => {
  if (name !== "timeout" || typeof value !== "string" || value.trim() === "") return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
};

const settingsIn = (values: Values): Values =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([name, value]) => !engineSettings.includes(name) && value !== null)
      .map(([name, value]) => [name, fromText(name, value)]),
  );

const isUnknown = ([, value]: readonly [string, Value]) => value === unknown;

const problemsOf = (error: z.ZodError): readonly Problem[] =>
  error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: formatPath([key]),
        reason: `is no setting of this provider: it has ${settingNames.join(" and ")}.`,
      }));
    }
    return [{ path: formatPath(issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))), reason: issue.message }];
  });

const effectiveUri = (uri: Value | undefined, environment: Environment): Value => {
  if (uri !== undefined && uri !== null) return uri;
  const fromEnvironment = environment[environmentOfUri];
  return fromEnvironment === undefined || fromEnvironment === "" ? systemUri : fromEnvironment;
};

export interface CheckedConfig {
  readonly inputs: Values;
  readonly problems: readonly Problem[];
}

/**
 * Checks the settings and fills in the URI, so that the state says which host its resources are on: with another default another day,
 * the provider is then replaced instead of looking for them, in vain, on the wrong host.
 */
export const checkConfig = (news: Values, environment: Environment): CheckedConfig => {
  const settings = settingsIn(news);
  const known = Object.fromEntries(Object.entries(settings).filter((setting) => !isUnknown(setting)));
  const parsed = providerConfigContract.safeParse(known);
  return {
    inputs: { ...news, uri: effectiveUri(news["uri"], environment) },
    problems: parsed.success ? [] : problemsOf(parsed.error),
  };
};

/** The settings to work with; "unknown" while a setting still depends on another resource; or what is wrong. */
export const resolveConfig = (
  values: Values,
  environment: Environment,
): { readonly config: ProviderConfig } | { readonly problems: readonly Problem[] } | "unknown" => {
  const settings = settingsIn(values);
  if (Object.entries(settings).some(isUnknown)) return "unknown";
  const parsed = providerConfigContract.safeParse({ ...settings, uri: effectiveUri(settings["uri"], environment) });
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { uri = systemUri, timeout = defaultTimeoutSeconds } = parsed.data;
  return { config: { uri, timeoutMs: timeout * msASecond } };
};

const kindOf = (before: Value | undefined, after: Value | undefined): PropertyChange["kind"] => {
  if (before === undefined) return "add";
  return after === undefined ? "delete" : "update";
};

/** Another host is a replace, as far as it is known; a time-out is not. Effective values are compared: writing the default down changes nothing. */
export const diffConfig = (olds: Values, news: Values, environment: Environment): DiffResult => {
  const effective = (values: Values): Values => {
    const { uri, timeout } = settingsIn(values);
    return { uri: effectiveUri(uri, environment), timeout: timeout ?? defaultTimeoutSeconds };
  };
  const [before, after] = [effective(olds), effective(news)];
  const changes = settingNames
    .filter((name) => after[name] === unknown || before[name] !== after[name])
    .map((name) => ({
      path: name,
      kind: kindOf(olds[name], news[name]),
      replace: name === "uri" && after[name] !== unknown,
      inputDiff: true,
    }));
  return { changes };
};
