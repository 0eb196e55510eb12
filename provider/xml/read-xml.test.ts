// The reader and the writer: strict, and true to every character.
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { anyText } from "./any-text.fixture";
import { addChild, attributeOf, newRoot, setText, textOf } from "./document";
import { readXml } from "./read-xml";
import { writeXml } from "./write-xml";
import { assertXmlText, decodeXml, xmlTextProblem } from "./xml-text";

test.each([
  { xml: "", because: "there is no element" },
  { xml: "<a>", because: "it is not closed" },
  { xml: "<a></b>", because: "another is closed" },
  { xml: "<a/><b/>", because: "there are two roots" },
  { xml: "x<a/>", because: "there is text around it" },
  { xml: "<a b=c/>", because: "a value has no quotes" },
  { xml: "<a b='<'/>", because: "a value holds <" },
  { xml: "<a b='1' b='2'/>", because: "an attribute is there twice" },
  { xml: "<a b='1'c='2'/>", because: "attributes touch" },
  { xml: "<a", because: "it ends in a tag" },
  { xml: "<a><!-- </a>", because: "a comment is not closed" },
  { xml: "<!DOCTYPE a><a/>", because: "document types are refused" },
  { xml: `<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>`, because: "entities can grow without bounds" },
  { xml: "<a>&x;</a>", because: "the entity is unknown" },
  { xml: "<a>&constructor;</a>", because: "words of JavaScript are no entities" },
  { xml: "<a>a & b</a>", because: "an ampersand stands alone" },
  { xml: "<a>&#0;</a>", because: "XML cannot hold the character" },
  { xml: "<a>&#xD800;</a>", because: "half a pair is no character" },
  { xml: "<a>&#x110000;</a>", because: "Unicode ends before" },
])("refuses $xml, because $because", ({ xml }) => {
  expect(() => readXml(xml)).toThrow(/^XML from the host/);
});

test.each([
  { raw: "&amp;#65;", value: "&#65;", because: "each reference is replaced once" },
  { raw: "&amp;lt;", value: "&lt;", because: "each reference is replaced once" },
  { raw: "&#65;&#x42;&#x1F600;", value: "AB😀", because: "decimal and hexadecimal" },
  { raw: "&lt;&gt;&amp;&quot;&apos;", value: "<>&\"'", because: "the five that XML knows" },
])("$raw is $value: $because", ({ raw, value }) => {
  expect(decodeXml(raw)).toBe(value);
});

test("CDATA is text, blanks in attributes are blanks, line ends are line feeds", () => {
  const element = readXml("<?xml version='1.0'?>\r\n<a b='1\n2&#10;3'>x\r\ny<![CDATA[<&amp;>]]></a>");
  expect(textOf(element)).toBe("x\ny<&amp;>");
  expect(attributeOf(element, "b")).toBe("1 2\n3");
});

test("any text and attribute is read as it was written", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const root = newRoot("a", { b: text });
      setText(addChild(root, "c"), text);
      const read = readXml(writeXml(root));
      expect([attributeOf(read, "b"), textOf(read.firstElementChild ?? undefined)]).toEqual([text, text]);
    }),
    { numRuns: 500 },
  );
});

test("comments, instructions, CDATA, prefixes and mixed text survive; a second pass changes nothing", () => {
  const xml = `<!-- before --><a xmlns:q="urn:q"><?do it?><!-- <in> & --><q:b q:c="&#10;">one <i>two</i> three</q:b><d><![CDATA[<raw>]]></d><e></e></a>`;
  const once = writeXml(readXml(xml));
  expect(once.replaceAll(/>\n *(?=<)/g, ">").trim()).toBe(xml.replace("<e></e>", "<e/>"));
  expect(writeXml(readXml(once))).toBe(once);
});

const xmllint = spawnSync("xmllint", ["--version"]).status === 0;
(xmllint ? test : test.skip)(
  `libxml2 reads what we write as we do${xmllint ? "" : " [skipped: needs xmllint, from libxml2-utils]"}`,
  () => {
    const texts = fc.sample(anyText, 100);
    const root = newRoot("a");
    for (const text of texts) setText(addChild(root, "c", { b: text }), text);
    const { stdout, status } = spawnSync("xmllint", ["--c14n", "-"], { input: writeXml(root), encoding: "utf8" });
    expect(status).toBe(0);
    expect([...readXml(stdout).children].map((child) => [attributeOf(child, "b"), textOf(child)])).toEqual(
      texts.map((text) => [text, text]),
    );
  },
);

test.each([
  { because: "blanks that lead nowhere", xml: `<a ${" ".repeat(100_000)}<` },
  { because: "a name without an end", xml: `<a ${"b".repeat(100_000)}` },
  { because: "attributes without an end", xml: `<a${" b='c'".repeat(30_000)}` },
  { because: "comments without an end", xml: `<a>${"<!-- ".repeat(30_000)}` },
])("hostile text is refused in linear time: $because", ({ xml }) => {
  const startMs = performance.now();
  expect(() => readXml(xml)).toThrow();
  // Quadratic time would take ten times as long and more.
  expect(performance.now() - startMs).toBeLessThan(3_000);
});

test.each([
  { value: "plain\ttext\r\n", problem: undefined, because: "blanks are fine" },
  { value: "😀", problem: undefined, because: "a whole pair is a character" },
  { value: "a\u0000", problem: "holds the character U+0000, which XML cannot hold", because: "NUL has no reference either" },
  { value: "\u001b[0m", problem: "holds the character U+001B, which XML cannot hold", because: "escape sequences" },
  { value: "\ud800x", problem: "holds the character U+D800, which XML cannot hold", because: "half a pair" },
  { value: "\uffff", problem: "holds the character U+FFFF, which XML cannot hold", because: "no character by definition" },
])("xmlTextProblem: $because", ({ value, problem }) => {
  expect(xmlTextProblem(value)).toBe(problem);
  const assertion = () => assertXmlText(value, "disks.root.serial");
  if (problem === undefined) expect(assertion).not.toThrow();
  else expect(assertion).toThrow(`The value of disks.root.serial ${problem}`);
});
