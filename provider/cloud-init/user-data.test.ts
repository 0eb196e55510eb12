// What a program asks, and the texts that come of it; PyYAML, which cloud-init reads with, must read the same out of them.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import type { SeedRequest } from "./user-data";
import { hostnameOf, seedFiles, seedProblems } from "./user-data";
import type { JsonValue } from "./yaml-text";
import { yamlText } from "./yaml-text";
import { sameSeed } from "./seed-image";

const machine = { instanceId: "iid-1", name: "web" };
const files = (request: SeedRequest) => Object.fromEntries(seedFiles(request, machine));

test.each<{ because: string; request: SeedRequest; gives: Record<string, string> }>([
  {
    because: "cloud-init wants both files, however little they say",
    request: {},
    gives: { "user-data": "#cloud-config\n{}\n", "meta-data": "instance-id: iid-1\nlocal-hostname: web\n" },
  },
  {
    because: "a string is written as it is",
    request: { userData: "#!/bin/sh\necho ü", networkConfig: "version: 2", vendorData: "v", hostname: "db" },
    gives: {
      "user-data": "#!/bin/sh\necho ü",
      "meta-data": "instance-id: iid-1\nlocal-hostname: db\n",
      "network-config": "version: 2",
      "vendor-data": "v",
    },
  },
  {
    because: "an object becomes YAML, with the first line where cloud-init looks for it",
    request: {
      userData: { timezone: "UTC" },
      networkConfig: { version: 2 },
      vendorData: { a: 1 },
      metaData: { "instance-id": "mine", x: true },
    },
    gives: {
      "user-data": "#cloud-config\ntimezone: UTC\n",
      "meta-data": "instance-id: mine\nlocal-hostname: web\nx: true\n",
      "network-config": "version: 2\n",
      "vendor-data": "#cloud-config\na: 1\n",
    },
  },
  {
    because: "the image's own user stays beside those of the short form, and keys go to it",
    request: {
      sshKeys: ["ssh-ed25519 AAAA me"],
      users: { ann: { sshKeys: ["k"], sudo: "ALL=(ALL) NOPASSWD:ALL", groups: ["adm"], shell: "/bin/bash" } },
    },
    gives: {
      "user-data": [
        "#cloud-config",
        "users:",
        "  - default",
        "  - name: ann",
        "    groups:",
        "      - adm",
        "    shell: /bin/bash",
        "    sudo: ALL=(ALL) NOPASSWD:ALL",
        "    ssh_authorized_keys:",
        "      - k",
        "ssh_authorized_keys:",
        "  - ssh-ed25519 AAAA me",
        "",
      ].join("\n"),
    },
  },
  {
    because: "a password that is given is not locked unless it is said; lists of the short form go behind the object's",
    request: {
      userData: { users: ["default", "bob"], packages: "vim", ssh_authorized_keys: ["a"] },
      users: { ann: { passwordHash: "$6$x" }, eve: { passwordHash: "$6$y", lockPassword: true } },
      sshKeys: ["b"],
      packages: ["curl"],
    },
    gives: {
      "user-data": [
        "#cloud-config",
        "users:",
        "  - default",
        "  - bob",
        "  - name: ann",
        "    lock_passwd: false",
        "    hashed_passwd: $6$x",
        "  - name: eve",
        "    lock_passwd: true",
        "    hashed_passwd: $6$y",
        "packages:",
        "  - vim",
        "  - curl",
        "ssh_authorized_keys:",
        "  - a",
        "  - b",
        "",
      ].join("\n"),
    },
  },
  {
    because: "PyYAML would take these for a boolean, a number and a time",
    request: { userData: { a: "yes", b: "0777", c: "12:30", d: "on", e: "~", long: "word ".repeat(40) } },
    gives: { "user-data": `#cloud-config\na: "yes"\nb: "0777"\nc: "12:30"\nd: "on"\ne: "~"\nlong: "${"word ".repeat(40)}"\n` },
  },
])("$because", ({ request, gives }) => {
  expect(files(request)).toMatchObject(gives);
});

test.each([
  { name: "web_1", gives: "web-1", because: "no host name holds _" },
  { name: "-a b-", gives: "a-b", because: "a host name neither begins nor ends with a hyphen" },
  { name: "ü", gives: "localhost", because: "nothing is left" },
  { name: "x".repeat(80), gives: "x".repeat(63), because: "a label has 63 characters" },
])("the host name of $name: $gives ($because)", ({ name, gives }) => {
  expect(hostnameOf(name)).toBe(gives);
});

test("requests that make the same files are the same seed", () => {
  expect(sameSeed({ userData: "#cloud-config\ntimezone: UTC\n" }, { userData: { timezone: "UTC" } }, machine)).toBe(true);
  expect(sameSeed({ hostname: "web" }, {}, machine)).toBe(true);
  expect(sameSeed({ userData: "a" }, { userData: "b" }, machine)).toBe(false);
  expect(sameSeed({ networkConfig: "a" }, {}, machine)).toBe(false);
});

const notKnown = Symbol("not known yet");

test.each<{ because: string; request: Record<string, unknown>; at: string[] }>([
  { because: "nothing can be merged into a string", request: { userData: "x", sshKeys: ["k"], users: {} }, at: ["users", "sshKeys"] },
  { because: "which of the two is meant", request: { users: { ann: {} }, userData: { users: [{ name: "ann" }] } }, at: ["users.ann"] },
  { because: "a user can be a word", request: { users: { ann: {} }, userData: { users: ["default", "ann"] } }, at: ["users.ann"] },
  { because: "the host name is part of the meta-data", request: { metaData: "instance-id: x", hostname: "a" }, at: ["hostname"] },
  { because: "which of the two is meant", request: { metaData: { "local-hostname": "b" }, hostname: "a" }, at: ["hostname"] },
  { because: "cloud-init would take all machines for one", request: { metaData: "local-hostname: x" }, at: ["metaData"] },
  { because: "JSON is YAML", request: { metaData: '{"instance-id": "x"}' }, at: [] },
  { because: "no YAML at all", request: { metaData: "{[" }, at: ["metaData"] },
  {
    because: "what is not known yet is not judged",
    request: { userData: notKnown, sshKeys: notKnown, metaData: notKnown, users: notKnown },
    at: [],
  },
  { because: "a host name goes with a script", request: { userData: "#!/bin/sh", hostname: "a" }, at: [] },
])("problems at $at: $because", ({ request, at }) => {
  const problems = seedProblems(request);
  expect(problems.map(({ path }) => path.join("."))).toEqual(at);
});

const python = "import json, sys, yaml; print(json.dumps([yaml.safe_load(text) for text in json.load(sys.stdin)]))";
const pyYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;

describe("PyYAML", () => {
  (pyYaml ? test : test.skip)(`reads what was written${pyYaml ? "" : " [skipped: needs python3-yaml]"}`, () => {
    // A control character, or half of a surrogate pair, is in no YAML of PyYAML's.
    const text = fc.string({ unit: "grapheme", maxLength: 40 });
    const special = fc.constantFrom(
      "yes",
      "No",
      "on",
      "0777",
      "1_000",
      "12:30",
      "1e3",
      "~",
      "null",
      "",
      " ",
      "#x",
      "- a",
      "a: b",
      "@",
      "%",
      "2001-01-01",
      "<<",
      "=",
      "a\nb\n",
      "\ttab",
      "!x",
      "&a",
      "*a",
      ".inf",
    );
    const word = fc.oneof(text, special);
    const leaf = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null));
    const tree = fc.letrec<{ node: JsonValue }>((tie) => ({
      node: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(
          word.filter((key) => key !== "__proto__"),
          tie("node"),
          { maxKeys: 4 },
        ),
      ),
    })).node;
    const values = fc.sample(
      fc.dictionary(
        word.filter((key) => key !== "__proto__"),
        tree,
        { maxKeys: 4 },
      ),
      { numRuns: 300, seed: 1 },
    );
    const { stdout, stderr } = spawnSync("python3", ["-c", python], {
      input: JSON.stringify(values.map(yamlText)),
      encoding: "utf8",
      maxBuffer: 2 ** 26,
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(values);
  });
});
