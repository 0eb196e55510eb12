// The tables of effects -> the page that says of each input what a change costs a running machine, and why.
import type { FieldEffect } from "../../provider/plan/field-effects";
import { diskFieldEffects, fieldEffects, networkFieldEffects } from "../../provider/plan/field-effects";
import { generatedMark, table } from "./markdown";

const legend = `What a change of each input of a [VirtualMachine](resources/virtual-machine.md) costs while it runs:

- **live**: the running machine takes it.
- **suspend**: a save and restore takes it; the guest goes on without a reboot. Where \`applyChanges\` is \`nextBoot\`, it waits for the next cold start.
- **restart**: only a cold start takes it; \`applyChanges\` says when that is.
- **replace**: the machine is made anew.

[Changing a running VM](changes.md) explains the ways. A stopped machine takes everything at once.`;

/** Parts of what the planner decided, which no program writes. */
const notInputs: readonly string[] = [
  "target",
  "requested",
  "reason",
  "network",
  "guestWriteCache",
  "notVerified",
  "warnings",
  "migration",
] satisfies (keyof typeof diskFieldEffects)[];

/** Rows that stand for the whole thing. */
const wholes = { added: "added", removed: "removed", changed: "to another kind of network" } as const;

const section = (title: string, effects: Readonly<Record<string, FieldEffect>>, left: readonly string[] = []): string => {
  const rows = Object.entries(effects)
    .filter(([name]) => !left.includes(name))
    .map(([name, { effect, because }]) => [name in wholes ? wholes[name as keyof typeof wholes] : `\`${name}\``, effect, because]);
  return `## ${title}\n\n${table(["input", "a change is", "because"], rows)}`;
};

export const effectsPage = (): string =>
  [
    "# What each change costs",
    generatedMark("provider/plan/field-effects.ts"),
    legend,
    section("The machine", fieldEffects),
    section("A disk", diskFieldEffects, notInputs),
    section("A network card", networkFieldEffects),
    "",
  ].join("\n\n");
