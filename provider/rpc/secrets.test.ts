// Secrets find their way into what goes out, whatever a resource did to the values in between, and into no text.
import fc from "fast-check";
import { z } from "zod";
import type { ResourceDefinition, Values } from "../resources/resource";
import { formatPath, type Path } from "./paths";
import { redactor } from "./redact";
import { declaredSecrets } from "./schema-secrets";
import { carrySecrets, outgoingSecrets, secretStrings } from "./secrets";

const shown = (paths: readonly Path[]) => [...new Set(paths.map(formatPath))].sort();

describe("carrySecrets", () => {
  const secrets: readonly Path[] = [["a", "pw"]];
  const from: Values = { a: { pw: "hunter2", user: "me" } };

  test.each([
    { because: "the same place", to: { a: { pw: "hunter2" } }, carried: ["a.pw"] },
    { because: "another value in the same place is as secret", to: { a: { pw: "HUNTER2" } }, carried: ["a.pw"] },
    { because: "what is gone cannot leak", to: { a: { user: "me" } }, carried: [] },
    { because: "nor can the whole of it", to: {}, carried: [] },
    { because: "another shape may be made from it", to: { a: "me:hunter2" }, carried: ["a"] },
    { because: "a list too", to: { a: ["me", "x"] }, carried: ["a"] },
    { because: "the value itself under another name", to: { b: { word: "hunter2" } }, carried: ["b.word"] },
  ])("$because", ({ to, carried }) => {
    expect(shown(carrySecrets({ values: from, secrets }, to))).toEqual(carried);
  });

  test.each([
    { because: "nothing moved", to: ["a", "s", "c"], carried: ["list[1]"] },
    { because: "something moved: which one it is now, nobody knows", to: ["S", "c"], carried: ["list"] },
  ])("in a list: $because", ({ to, carried }) => {
    expect(shown(carrySecrets({ values: { list: ["a", "s", "c"] }, secrets: [["list", 1]] }, { list: to }))).toEqual(carried);
  });

  test("a secret string is secret wherever it turns up", () => {
    const word = fc.string({ minLength: 3, maxLength: 12 });
    const tree = fc.letrec<{ node: string | Values | string[] }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom("<secret>", "plain"),
        fc.array(tie("node") as fc.Arbitrary<string>, { maxLength: 3 }),
        fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), tie("node") as fc.Arbitrary<string>, {
          maxKeys: 3,
          noNullPrototype: true,
        }),
      ),
    })).node;
    const planted = (node: unknown, secret: string): unknown => {
      if (node === "<secret>") return secret;
      if (Array.isArray(node)) return node.map((item) => planted(item, secret));
      if (typeof node !== "object" || node === null) return node;
      return Object.fromEntries(Object.entries(node).map(([name, item]) => [name, planted(item, secret)]));
    };
    const without = (value: unknown, path: Path, hidden: ReadonlySet<string>): unknown => {
      if (hidden.has(formatPath(path))) return null;
      if (Array.isArray(value)) return value.map((item, index) => without(item, [...path, index], hidden));
      if (typeof value !== "object" || value === null) return value;
      return Object.entries(value).map(([name, item]) => without(item, [...path, name], hidden));
    };
    fc.assert(
      fc.property(
        word,
        fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), tree, { maxKeys: 4, noNullPrototype: true }),
        (secret, shape) => {
          fc.pre(secret !== "plain");
          const to = planted(shape, secret) as Values;
          const paths = carrySecrets({ values: { password: secret }, secrets: [["password"]] }, to);
          const leaves = [without(to, [], new Set(paths.map(formatPath)))].flat(Infinity);
          expect(leaves).not.toContain(secret);
        },
      ),
    );
  });
});

describe("the contract's secrets", () => {
  const word = z.string().meta({ secret: true });
  const node: z.ZodType = z.lazy(() => z.object({ word: word.optional(), children: z.array(node).optional() }));

  test.each([
    { because: "a field", schema: z.object({ a: word, b: z.string() }), value: { a: "x", b: "y" }, secret: ["a"] },
    { because: "an absent one is nowhere", schema: z.object({ a: word.optional() }), value: {}, secret: [] },
    {
      because: "wrapped after it was marked",
      schema: z.object({ a: word.optional().nullable().default("") }),
      value: { a: "x" },
      secret: ["a"],
    },
    {
      because: "marked after it was wrapped",
      schema: z.object({ a: z.string().optional().meta({ secret: true }) }),
      value: { a: "x" },
      secret: ["a"],
    },
    {
      because: "in a map",
      schema: z.object({ m: z.record(z.string(), z.object({ a: word })) }),
      value: { m: { "x.y": { a: "1" } } },
      secret: ['m["x.y"].a'],
    },
    {
      because: "in a list",
      schema: z.object({ l: z.array(z.object({ a: word })) }),
      value: { l: [{ a: "1" }, {}, { a: "2" }] },
      secret: ["l[0].a", "l[2].a"],
    },
    {
      because: "in one choice of a union",
      schema: z.object({ u: z.union([z.string(), z.object({ a: word })]) }),
      value: { u: { a: "1" } },
      secret: ["u.a"],
    },
    {
      because: "behind a transform",
      schema: z.object({ p: z.object({ a: word }).transform((p) => p) }),
      value: { p: { a: "1" } },
      secret: ["p.a"],
    },
    {
      because: "a whole object",
      schema: z.object({ o: z.object({ a: z.string() }).meta({ secret: true }) }),
      value: { o: { a: "1" } },
      secret: ["o"],
    },
    {
      because: "in a contract that holds itself",
      schema: z.object({ n: node }),
      value: { n: { children: [{ children: [{ word: "x" }] }] } },
      secret: ["n.children[0].children[0].word"],
    },
  ])("$because", ({ schema, value, secret }) => {
    expect(shown(declaredSecrets(schema, value as Values))).toEqual(secret);
  });
});

describe("outgoingSecrets", () => {
  const definition: ResourceDefinition = {
    token: "kvm:index:Test",
    description: "",
    inputs: z.object({ disks: z.unknown(), name: z.string() }),
    outputs: z.object({ effectiveDisks: z.unknown(), key: z.string().meta({ secret: true }) }),
    derivedFrom: { effectiveDisks: ["disks", "host"] },
    lifecycle: {} as never,
  };
  const state: Values = { name: "web", disks: { root: { key: "k-k-k" } }, effectiveDisks: { root: { why: "k" } }, key: "1" };

  test.each([
    { because: "only what is declared", secrets: [], secret: ["key"] },
    {
      because: "what is made from a secret is secret as a whole",
      secrets: [["disks", "root", "key"]],
      secret: ["disks.root.key", "effectiveDisks", "key"],
    },
    { because: "another input's secret is not in it", secrets: [["name"]], secret: ["key", "name"] },
  ])("$because", ({ secrets, secret }) => {
    expect(shown(outgoingSecrets(definition, state, { values: state, secrets }))).toEqual(secret);
  });

  test("what was secret in the state before stays so", () => {
    const earlier = { values: state, secrets: [["effectiveDisks"]] };
    expect(shown(outgoingSecrets(definition, state, { values: {}, secrets: [] }, earlier))).toEqual(["effectiveDisks", "key"]);
  });
});

describe("redactor", () => {
  test("no secret string of three characters or more survives in any text, however it is spelt", () => {
    const secret = fc.string({ minLength: 3, maxLength: 20, unit: "grapheme" }).filter((word) => !"[secret]".includes(word));
    const spell: readonly ((word: string) => string)[] = [
      (word) => word,
      (word) => JSON.stringify(word),
      (word) => encodeURIComponent(word),
      (word) => word.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    ];
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 3 }), fc.constantFrom(...spell), (secrets, spelt) => {
        const clean = redactor(secrets)(`before ${secrets.map(spelt).join(" | ")} after`);
        const rest = clean
          .replaceAll("[secret]", "")
          .replace(/^before /, "")
          .replace(/ after$/, "");
        expect(rest.replaceAll(/[ |"]/g, "")).toBe("");
      }),
    );
  });

  test.each([
    { because: "the longer one first", secrets: ["pass", "password"], text: "password pass", clean: "[secret] [secret]" },
    { because: "too short to be told from words", secrets: ["ab", ""], text: "abba", clean: "abba" },
    { because: "no pattern characters", secrets: ["a.c", "$&$1"], text: "abc a.c $&$1", clean: "abc [secret] [secret]" },
    { because: "a lone surrogate is a string too", secrets: ["abc\ud800"], text: "abc", clean: "abc" },
  ])("$because", ({ secrets, text, clean }) => {
    expect(redactor(secrets)(text)).toBe(clean);
  });

  test("a secret map hides every string in it", () => {
    expect(secretStrings({ values: { a: { b: ["one", { c: "two" }], d: 3 } }, secrets: [["a"]] })).toEqual(["one", "two"]);
  });
});
