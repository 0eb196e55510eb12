// docs/errors.md against the code: every message in it is one that the provider writes, or one of QEMU's that it recognises.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { directIoRefusal } from "../../provider/libvirt/direct-io-refusal";
import { storageRefusal } from "../../provider/libvirt/storage-refusal";
import { foreignFormat } from "../../provider/images/foreign-formats";

const repoDir = join(__dirname, "..", "..");
const sourceDirs = ["provider", "node-libvirt/src"].map((folder) => join(repoDir, folder));

/** Texts as they come out: escapes of the language and the seams of long strings taken away. */
const sources = sourceDirs
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)))
  .filter((file) => file.endsWith(".ts") && !/\.(test|fixture|d)\.ts$/.test(file) && !/\/(testing|dist|node_modules)\//.test(file))
  .map((file) =>
    readFileSync(file, "utf8")
      .replaceAll(/\\(["`'])/g, "$1")
      .replaceAll(/["`] \+\s*["`]/g, ""),
  )
  .join("\n");

interface Row {
  readonly section: string;
  readonly message: string;
}

function rowsOf(page: string): readonly Row[] {
  const sections = page.split(/^## /m).slice(1);
  return sections.flatMap((text) => {
    const [section = "", ...lines] = text.split("\n");
    const cells = lines.filter((line) => line.startsWith("| `")).map((line) => line.split(" | ")[0] ?? "");
    return cells.map((cell) => ({ section, message: [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code).join(" … ") }));
  });
}

const foreignSection = "What QEMU and libvirt say when a VM starts";
const rows = rowsOf(readFileSync(join(repoDir, "docs", "errors.md"), "utf8"));
const isForeign = ({ section }: Row) => section === foreignSection;

test("the page has rows of both kinds", () => {
  expect(rows.filter(isForeign).length).toBeGreaterThan(5);
  expect(rows.filter((row) => !isForeign(row)).length).toBeGreaterThan(20);
});

test.each(rows.filter(isForeign))("recognised: $message", ({ message }) => {
  expect(directIoRefusal(message) ?? storageRefusal(message)).toBeDefined();
});

const head = Buffer.from("KDMV".padEnd(512));
/** Sentences that are put together from a table's words. */
const composed = [`it is ${foreignFormat(head, head)?.name ?? "no foreign format"}.`];

test.each(rows.filter((row) => !isForeign(row)))("written by the provider: $message", ({ message }) => {
  const missing = message
    .split("…")
    .map((piece) => piece.trim())
    .filter((piece) => /\w/.test(piece) && !sources.includes(piece) && !composed.includes(piece));
  expect(missing).toEqual([]);
});
