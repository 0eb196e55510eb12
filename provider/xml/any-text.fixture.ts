// Any text that XML can hold, for the fixtures that need some.
import fc from "fast-check";

/** Any text that XML can hold, hostile bits more often than chance would have them. */
export const anyText = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom(
        "</name>",
        "<evil a='1'/>",
        "]]>",
        "<![CDATA[",
        "<!--",
        "&amp;#65;",
        "&lt;",
        "&x;",
        "&#10;",
        "'",
        '"',
        "\n",
        "\t",
        "\r",
        "  ",
      ),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join("").replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "?"));
