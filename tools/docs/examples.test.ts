// Every example is complete, listed where a reader looks, and run by an acceptance test.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const repoDir = join(__dirname, "..", "..");
const examplesDir = join(repoDir, "examples");
const engineDir = join(repoDir, "tests", "engine");
const names = readdirSync(examplesDir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

const list = readFileSync(join(examplesDir, "README.md"), "utf8");
const tests = readdirSync(engineDir)
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(join(engineDir, file), "utf8"))
  .join("\n");

const isNodeProgram = (name: string) => existsSync(join(examplesDir, name, "package.json"));

describe.each(names)("example %s", (name) => {
  test("has a README and a project file of its name", () => {
    expect(existsSync(join(examplesDir, name, "README.md"))).toBe(true);
    expect(readFileSync(join(examplesDir, name, "Pulumi.yaml"), "utf8")).toContain(`name: ${name}\n`);
  });
  test("is in the list of examples", () => expect(list).toContain(`(${name})`));
  if (isNodeProgram(name)) test("has a row in an acceptance test", () => expect(tests).toMatch(new RegExp(`^  "?${name}"?: \\{$`, "m")));
});
