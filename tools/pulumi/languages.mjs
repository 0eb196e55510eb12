// What programs in the other languages need besides a language host of ours: the one for YAML, a Go, and a Python that has Pulumi's SDK.
import { existsSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir, repoDir } from "../lib/folders.mjs";
import { findGo, provideGo } from "../lib/go.mjs";
import { ensurePackages } from "../lib/packages.mjs";
import { run, which } from "../lib/run.mjs";
import { step } from "../lib/steps.mjs";
import { ensureYamlTool } from "./yaml-tools.mjs";

/** What the Python SDK is tried with, and what builds it. */
const PYTHON_PACKAGES = ["pulumi==3.259.0", "parver==0.5", "setuptools==80.9.0", "wheel==0.45.1"];

/** Where Go has its caches and that it fetches no other Go, as our tools run it. */
const goVariables = ["GOPATH", "GOCACHE", "GOTOOLCHAIN"];

/**
 * Folders that go on PATH, and what tests find in their environment. Python is there as KVM_PYTHON, the folder of a virtual environment, and not on
 * PATH: the machine's own python3 stays the one that is found.
 * @returns {Promise<{ pathFolders: string[], environment: Record<string, string> }>}
 */
export async function ensureLanguages() {
  const go = (await findGo()) ?? (await step("Go, from the Python package index", provideGo));
  await compileGoSdk(go);
  const yamlHost = which("pulumi-language-yaml") ?? (await ensureYamlTool("pulumi-language-yaml"));
  const goEnvironment = Object.entries(go.environment).flatMap(([name, value]) =>
    goVariables.includes(name) && value ? [[name, value]] : [],
  );
  return {
    pathFolders: [dirname(yamlHost), ...(which("go") === go.command ? [] : [dirname(go.command)])],
    environment: { ...Object.fromEntries(goEnvironment), KVM_PYTHON: await ensurePython() },
  };
}

/**
 * Compiles the SDK for Go, so that programs over it take seconds.
 * @param {import("../lib/go.mjs").Go} go
 */
const compileGoSdk = (go) =>
  step("Pulumi's SDK for Go and ours, compiled (about a minute of one core, once)", () =>
    run(go.command, ["build", "-trimpath", "./..."], { cwd: join(repoDir, "sdk", "go", "kvm"), env: go.environment }),
  );

/** A virtual environment with Pulumi's SDK for Python, made once. */
async function ensurePython() {
  const folder = join(cacheDir("python"), PYTHON_PACKAGES.join("_").replaceAll("==", "-"));
  if (existsSync(folder)) return folder;
  await ensurePackages(["python3", "python3-venv"]);
  await step("Pulumi's SDK for Python (about 20 seconds, once)", () => {
    const fresh = `${folder}.${process.pid}`;
    try {
      run(which("python3", "/usr/bin:/bin") ?? which("python3") ?? "python3", ["-m", "venv", fresh]);
      run(join(fresh, "bin", "python3"), ["-m", "pip", "install", "--quiet", ...PYTHON_PACKAGES]);
      renameSync(fresh, folder);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });
  return folder;
}
