/** The table: no number twice, nothing forgotten that the provider needs. */
import { procedures } from "./procedures";
import { encodeArgs } from "./marshal";
import { LibvirtArgumentError } from "./errors";

test("every procedure has a number of its own", () => {
  const numbers = Object.values(procedures).map(({ number }) => number);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test("NULL-able arguments may be left out, others may not", () => {
  const dom = { name: "a", uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f", id: -1 };
  const short = encodeArgs("domainSetMetadata", { dom, type: 0, flags: 0 });
  expect(short).toEqual(encodeArgs("domainSetMetadata", { dom, type: 0, metadata: null, key: null, uri: null, flags: 0 }));
  expect(() => encodeArgs("domainSetMetadata", { dom, type: 0 } as never)).toThrow(LibvirtArgumentError);
});

test("a wrong argument is named", () => {
  expect(() => encodeArgs("domainLookupByUuid", { uuid: "nonsense" })).toThrow(/^domainLookupByUuid: uuid: "nonsense" is no UUID/);
});

test("a text of 4.1 MiB is refused, and the error says by how much", () => {
  const xml = "x".repeat(4.1 * 1024 * 1024);
  expect(() => encodeArgs("domainDefineXmlFlags", { xml, flags: 0 })).toThrow(/xml: the text has 4299161 bytes.*4194304/);
});

test("arguments that are too large only together are refused", () => {
  const uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f";
  const doms = Array.from({ length: 10 }, (_, id) => ({ name: "x".repeat(4 * 1024 * 1024), uuid, id }));
  expect(() => encodeArgs("connectGetAllDomainStats", { doms, stats: 0, flags: 0 })).toThrow(/arguments have \d+ bytes/);
});
