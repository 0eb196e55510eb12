// Type-checks the TypeScript blocks of the documentation, all with one compiler program: each block is a module of its own.
import { join } from "node:path";
import ts from "typescript";

const repoDir = join(__dirname, "..", "..");

/** What the documentation's readers have installed, as it is in this checkout. */
const paths = {
  "pulumi-kvm": ["sdk/nodejs/index.ts"],
  // The dynamic door is the SDK over another base class (tools/build.mjs): its types are the SDK's.
  "pulumi-kvm-provider/dynamic": ["sdk/nodejs/index.ts"],
  "node-libvirt": ["node-libvirt/src/index.ts"],
};

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  esModuleInterop: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  lib: ["lib.es2023.d.ts"],
  types: ["node"],
  baseUrl: repoDir,
  paths,
};

/** What a block may use without saying it: the packages, and a host that was declared on an earlier line of the page. */
const preamble = {
  kvm: `import * as kvm from "pulumi-kvm";`,
  pulumi: `import * as pulumi from "@pulumi/pulumi";`,
  host: `const host = new kvm.HostDefaults("host", {});`,
} as const satisfies Record<string, string>;

type Given = keyof typeof preamble;

const uses = (code: string, name: Given) => new RegExp(`\\b${name}\\.`).test(code);
const declares = (code: string, name: Given) => new RegExp(`(?:\\* as|const|let) ${name}\\b`).test(code);

/** The module that a block is, and on how many lines it has more than the block. */
export function moduleOf(code: string): { readonly text: string; readonly addedLines: number } {
  const missing = (name: Given) => uses(code, name) && !declares(code, name);
  const needsHost = missing("host");
  const needsKvm = (needsHost || missing("kvm")) && !declares(code, "kvm");
  const lines = [
    ...(needsKvm ? [preamble.kvm] : []),
    ...(missing("pulumi") ? [preamble.pulumi] : []),
    ...(needsHost ? [preamble.host] : []),
    "export {};",
  ];
  return { text: [...lines, code].join("\n"), addedLines: lines.length };
}

/** For each block, in their order, what the compiler says of it: "line: message", with lines of the block. */
export function typeCheck(blocks: readonly string[]): string[][] {
  const modules = new Map(blocks.map((code, index) => [join(repoDir, "docs", `block-${index}.ts`), moduleOf(code)]));
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    getCurrentDirectory: () => repoDir,
    fileExists: (file) => modules.has(file) || disk.fileExists(file),
    readFile: (file) => modules.get(file)?.text ?? disk.readFile(file),
    getSourceFile: (file, version, ...rest) => {
      const made = modules.get(file);
      return made === undefined ? disk.getSourceFile(file, version, ...rest) : ts.createSourceFile(file, made.text, version);
    },
  };
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules].map(([file, { addedLines }]) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map(({ messageText, start = 0 }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) - addedLines + 1;
      return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
}
