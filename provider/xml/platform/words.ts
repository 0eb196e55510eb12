// Reading words, switches and blocks of a definition: small helpers of the platform's parts.
import { attributeOf, type XmlElement } from "../document";

export const wordOf = <Word extends string>(words: readonly Word[], found: string | undefined): Word | undefined =>
  words.find((word) => word === found);

const switches: Readonly<Record<string, boolean>> = { on: true, yes: true, off: false, no: false };

/** libvirt's on/off and yes/no; undefined where the attribute is absent. */
export const switchOf = (element: XmlElement | undefined, name: string): boolean | undefined => switches[attributeOf(element, name) ?? ""];

export const onOff = (isOn: boolean) => (isOn ? "on" : "off");
export const yesNo = (isYes: boolean) => (isYes ? "yes" : "no");

type Known<Block extends object> = { [Key in keyof Block]?: Exclude<Block[Key], undefined> };

/** The keys that have a value. */
export const known = <Block extends object>(block: Block): Known<Block> =>
  Object.fromEntries(Object.entries(block).filter(([, value]) => value !== undefined)) as Known<Block>;

/** A block under its name, or nothing where it says nothing. */
export function blockOf<const Name extends string, Block extends object>(
  name: Name,
  block: Block,
): Readonly<Partial<Record<Name, Known<Block>>>> {
  const said = known(block);
  const blocks = Object.keys(said).length === 0 ? {} : { [name]: said };
  return blocks as Partial<Record<Name, Known<Block>>>;
}
