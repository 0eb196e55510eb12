import fc from "fast-check";
import { formatSize, parseSize } from "./size";

test.each([
  { text: "20GiB", bytes: 21474836480, because: "binary unit" },
  { text: "512MiB", bytes: 536870912, because: "binary unit" },
  { text: "1.5TiB", bytes: 1649267441664, because: "a fraction that is whole in bytes" },
  { text: "10GB", bytes: 10000000000, because: "decimal unit" },
  { text: "1kB", bytes: 1000, because: "the SI's kilo" },
  { text: "1KB", bytes: 1000, because: "the kilo that people write" },
  { text: " 20 GiB ", bytes: 21474836480, because: "room around the parts" },
  { text: "512B", bytes: 512, because: "bytes by name" },
  { text: "9007199254740991B", bytes: Number.MAX_SAFE_INTEGER, because: "the largest exact number" },
  { text: "0.001kB", bytes: 1, because: "decimals are exact, not floating point" },
])("$text is $bytes bytes: $because", ({ text, bytes }) => {
  expect(parseSize(text)).toEqual({ bytes });
});

test.each([
  { text: "20", says: '"20GiB"', because: "a plain number: of what?" },
  { text: "1073741824", says: '"1073741824B"', because: "bytes want their unit as well" },
  { text: "20G", says: "GiB", because: "G is GB to some and GiB to others" },
  { text: "20gib", says: "GiB", because: "units are written in one way" },
  { text: "-1GiB", says: '"20GiB"', because: "negative" },
  { text: "", says: '"20GiB"', because: "empty" },
  { text: "big", says: '"20GiB"', because: "no number" },
  { text: "1e3MiB", says: '"20GiB"', because: "no exponents" },
  { text: ".5GiB", says: '"20GiB"', because: "no number before the point" },
  { text: "0GiB", says: "more than zero", because: "nothing" },
  { text: "0.3B", says: "smaller unit", because: "a part of a byte" },
  { text: "0.1GiB", says: "smaller unit", because: "107374182.4 bytes" },
  { text: "8PiB", says: "too much", because: "2^53 is not exact any more" },
  { text: "1constructor", says: "no unit", because: "a word that objects know" },
])('"$text" is refused with a way out: $because', ({ text, says }) => {
  const parsed = parseSize(text);
  expect("problem" in parsed && parsed.problem).toContain(says);
});

test.each([
  { bytes: 21474836480, text: "20GiB", because: "whole in GiB" },
  { bytes: 1610612736, text: "1536MiB", because: "whole in MiB only" },
  { bytes: 1000, text: "1000B", because: "no binary unit" },
])("$bytes is written $text: $because", ({ bytes, text }) => {
  expect(formatSize(bytes)).toBe(text);
});

test("what is written is read back", () => {
  fc.assert(
    fc.property(
      fc.maxSafeNat().filter((bytes) => bytes > 0),
      (bytes) => expect(parseSize(formatSize(bytes))).toEqual({ bytes }),
    ),
  );
});
