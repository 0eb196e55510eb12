// The first example in the other languages: each program is compiled or interpreted, run through the engine, and makes the same machine as in TypeScript.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { LabHost } from "../../tools/lab/lab";
import { virsh } from "../../tools/lab/lab";
import type { Example } from "./run-examples";
import { emptyImage, itRunsExamples } from "./run-examples";
import { describeScene, engineTestMs } from "./scene";

const repoDir = join(__dirname, "..", "..");
const goSdk = join(repoDir, "sdk", "go", "kvm");
const network = "language-lan";

const pathFolders = (process.env["PATH"] ?? "").split(delimiter);
const isOnPath = (program: string) => pathFolders.some((folder) => existsSync(join(folder, program)));
const missingPrograms = (...programs: string[]) => {
  const missing = programs.filter((program) => !isOnPath(program));
  return missing.length === 0 ? undefined : `no ${missing.join(", ")} on PATH (make test-engine brings it)`;
};

/** The virtual environment that has Pulumi's SDK. */
const python = process.env["KVM_PYTHON"];

/** The SDK of this checkout, installed as pip installs it. The build leaves files beside its source, so that it gets a copy. */
function installPythonSdk({ dir }: LabHost): Record<string, string> {
  const bin = join(python ?? "", "bin");
  const target = join(dir, "python-packages");
  const source = mkdtempSync(join(tmpdir(), "kvm-python-"));
  try {
    cpSync(join(repoDir, "sdk", "python"), source, { recursive: true });
    const offline = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"];
    execFileSync(join(bin, "python3"), ["-m", "pip", "install", ...offline, "--target", target, source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  } finally {
    rmSync(source, { recursive: true });
  }
  return { PATH: [bin, ...pathFolders].join(delimiter), PYTHONPATH: target };
}

/** The SDK's own requirements, which are tried and summed, and the SDK of this checkout; with the flags that `make setup` compiled it by. */
function goFlags({ dir }: LabHost): Record<string, string> {
  const modFile = join(dir, "example.mod");
  const requirements = readFileSync(join(goSdk, "go.mod"), "utf8");
  const name = /^module (.*)$/m.exec(requirements)?.[1] ?? "";
  writeFileSync(modFile, `${requirements.replace(name, "single-vm-go")}\nrequire ${name} v0.0.0\nreplace ${name} => ${goSdk}\n`);
  copyFileSync(join(goSdk, "go.sum"), join(dir, "example.sum"));
  return { GOFLAGS: `-buildvcs=false -trimpath -mod=mod -modfile=${modFile}`, GOTOOLCHAIN: "local" };
}

const common: Pick<Example, "prepare" | "isUp"> = {
  prepare: async (scene) => ({ config: { image: await emptyImage(scene), pool: scene.ext4.name, network, memory: "128MiB" } }),
  isUp: async ({ name, why }, { lab }) => {
    expect(await virsh(lab, "domstate", String(name))).toBe("running");
    expect(why).toMatch(/^none.*ext4/);
  },
};

const examples: Readonly<Record<string, Example>> = {
  "single-vm-python": {
    ...common,
    missing: missingPrograms("pulumi-language-python") ?? (python === undefined ? "KVM_PYTHON names no Python environment" : undefined),
    env: ({ lab }) => installPythonSdk(lab),
  },
  "single-vm-go": { ...common, missing: missingPrograms("pulumi-language-go", "go"), env: ({ lab }) => goFlags(lab) },
  "single-vm-yaml": { ...common, missing: missingPrograms("pulumi-language-yaml") },
};

describeScene("examples in other languages", "languages", (scene) => {
  const definition = `<network><name>${network}</name><ip address="192.168.157.1" netmask="255.255.255.0"/></network>`;
  beforeAll(async () => {
    const file = join(scene().lab.dir, `${network}.xml`);
    writeFileSync(file, definition);
    await virsh(scene().lab, "net-create", file);
  }, engineTestMs);
  afterAll(async () => {
    await virsh(scene().lab, "net-destroy", network);
  });

  itRunsExamples(scene, examples);
});
