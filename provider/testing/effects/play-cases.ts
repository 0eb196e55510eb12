// What the tables of plan/field-effects.ts promise, as something that happens: one input of a machine that runs is changed, and everything that can be seen is told.
import { deviceMapNames } from "../../plan/devices";
import type { ChangeEffect } from "../../plan/field-effects";
import type { DomainRecord, Libvirt } from "../../libvirt/port";
import type { ResourceDriver, Step } from "../resource-driver";
import type { Values } from "../../resources/resource";

/** Where a case is played: its machine's name, and what stands ready for it alone on the host. */
export interface Place {
  readonly name: string;
  /** The key of the case's own disk or network card, and the beginning of its volumes' names: others play on the same machine. */
  readonly key: string;
  /** A folder with one.raw, two.raw, one.qcow2 and two.qcow2 (1 MiB each), kernel, initrd and their copies other-kernel and other-initrd. */
  readonly folder: string;
  /** Two pools of folders; each holds the volumes <key>-one.raw and <key>-two.raw, the first one the images <key>-one.qcow2 and <key>-two.qcow2 too. */
  readonly pool: string;
  readonly otherPool: string;
  /** Two networks of libvirt's with bridges and a DHCP server, 192.0.2.0/24 the first; it has the port groups "slow" and "fast". */
  readonly network: string;
  readonly otherNetwork: string;
  /** Two bridges of the host. */
  readonly bridge: string;
  readonly otherBridge: string;
}

/** The change of one field. */
export interface EffectCase {
  readonly because: string;
  /** What the program says before, and after; over the least machine. */
  readonly before?: Values;
  readonly after: Values;
  /** What is in a definition that has the change and in no other, and what is in the others only. Neither: no definition shows it. */
  readonly brings?: RegExp;
  readonly takes?: RegExp;
  /** What libvirt says of the machine after a live change. */
  readonly record?: Partial<DomainRecord>;
  /** It does not wait for the next cold start, whatever `applyChanges` says. */
  readonly atOnce?: true;
  /** It changes too much to share its machine with other cases. */
  readonly alone?: true;
  /** A guest has to lend a hand: the small test guest runs. */
  readonly guest?: true;
  /** Why not every machine can run it: it is played on the fake host instead. */
  readonly onFake?: string;
}

/** The cases of each row of a table; a row without does not compile. */
export type EffectCases<Table> = { readonly [Field in keyof Table]: readonly [EffectCase, ...EffectCase[]] };

/** The least machine: everything that a case does not speak of. It ends at once, as there is nobody in it. */
const leastMachine = {
  memory: "64MiB",
  machine: "pc",
  accelerator: "qemu",
  power: "paused",
  shutdownTimeoutSeconds: 0,
  unplugTimeoutSeconds: 1,
} as const satisfies Values;

/** The same with the small test guest in it. */
const guestMachine = (place: Place): Values => ({
  ...leastMachine,
  memory: "96MiB",
  power: "running",
  unplugTimeoutSeconds: 20,
  directBoot: { kernel: `${place.folder}/kernel`, initrd: `${place.folder}/initrd`, cmdline: "console=ttyS0 quiet" },
  serial: { file: guestLogOf(place) },
});

export const guestLogOf = ({ folder }: Place) => `${folder}/console.log`;

/** One case with the place that is ready for it. */
export interface Played {
  readonly row: EffectRow;
  readonly place: Place;
  readonly each: EffectCase;
}

export interface Ground {
  readonly libvirt: Libvirt;
  readonly web: ResourceDriver;
  /** Waits until the test guest is there; for cases that need one. */
  guestIsThere(): Promise<void>;
  /** Waits until this is so: what a guest has a hand in takes a moment to be seen. */
  until(isSo: () => Promise<boolean>): Promise<void>;
}

/** What a change came to. The records are those before it, right after it, and after what it takes to be there at the latest. */
export interface Outcome {
  /** What waited before the change. */
  readonly waited: readonly string[];
  readonly preview: Step;
  readonly change: Step;
  readonly start: DomainRecord;
  readonly now: DomainRecord;
  readonly taken?: { readonly preview: Step; readonly step: Step; readonly record: DomainRecord };
  /** One more run with the same program. */
  readonly again: Step;
}

function done(step: Step, what: string): Step {
  if (step.error !== undefined) throw new Error(`${what}: ${step.error.message}`);
  if (step.problems.length > 0) throw new Error(`${what}: ${step.problems.map(({ path, reason }) => `${path}: ${reason}`).join("; ")}`);
  return step;
}

/** Inputs of which each case has an entry of its own. */
const maps: readonly string[] = ["disks", "networks", ...deviceMapNames];

/** The program with a case's other words: what it said before goes, what it says after comes. */
function withWords(program: Values, before: Values, after: Values): Values {
  const without = (values: Values, names: readonly string[]) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
  const mapOf = (values: Values, name: string) => (values[name] ?? {}) as Values;
  const merged = maps
    .filter((name) => name in before || name in after)
    .map((name) => [name, { ...without(mapOf(program, name), Object.keys(mapOf(before, name))), ...mapOf(after, name) }] as const);
  return {
    ...without(
      program,
      Object.keys(before).filter((name) => !maps.includes(name)),
    ),
    ...after,
    ...Object.fromEntries(merged),
  };
}

/** How what waits is brought to the machine at last: what only a cold start takes cannot be taken by a save and restore. */
const wayOf = (batch: readonly Played[]) => (batch.some(({ row }) => row.effect === "suspend") ? "suspend" : "restart");

/**
 * Makes one machine for cases that do not get in each other's way, changes field by field, and looks after each; then has what waits applied the way
 * that the rows name, and looks again.
 */
export async function playBatch(batch: readonly Played[], ground: Ground): Promise<ReadonlyMap<EffectRow, Outcome | Error>> {
  const { libvirt, web } = ground;
  const [first] = batch;
  if (first === undefined) return new Map();
  const record = async () => {
    const found = await libvirt.findDomain({ uuid: web.now.id });
    if (found === undefined) throw new Error(`the machine ${first.place.name} is gone`);
    return found;
  };
  const isGuest = first.each.guest !== undefined;
  const least: Values = { ...(isGuest ? guestMachine(first.place) : leastMachine), name: first.place.name };
  let program = batch.reduce((made, { each }) => withWords(made, {}, each.before ?? {}), least);
  done(await web.up(program, { skipPreview: true }), "making the machine");
  if (isGuest) await ground.guestIsThere();
  const changed = new Map<EffectRow, Omit<Outcome, "taken" | "again"> | Error>();
  for (const played of batch) {
    const { row, each } = played;
    const next = { ...least, ...withWords(program, each.before ?? {}, each.after) };
    try {
      if (isGuest) await ground.until(async () => hasChange(played, (await record()).liveXml) !== true);
      const [start, waited] = [await record(), waitingIn(web.now.state)];
      const preview = done(await web.preview(next), "previewing the change");
      const change = row.effect === "replace" ? preview : done(await web.up(next, { skipPreview: true }), "changing the field");
      if (row.effect !== "replace") program = next;
      if (isGuest) await ground.until(async () => hasChange(played, (await record()).liveXml) !== false);
      changed.set(row, { waited, preview, change, start, now: await record() });
    } catch (error) {
      changed.set(row, error instanceof Error ? error : new Error(String(error)));
    }
  }
  const asked = { ...program, applyChanges: wayOf(batch) };
  const waits = waitingIn(web.now.state).length > 0;
  const preview = done(await web.preview(asked), "previewing what waits");
  const step = done(await web.up(asked, { skipPreview: true }), "applying what waits");
  const taken = waits ? { preview, step, record: await record() } : undefined;
  const again = done(await web.up(asked, { skipPreview: true }), "a second run");
  return new Map(
    [...changed].map(([row, outcome]) => [row, outcome instanceof Error ? outcome : { ...outcome, ...(taken && { taken }), again }]),
  );
}

const waitingIn = (state: Values) => (state["pendingChanges"] ?? []) as readonly string[];

/** Cases that share no input and want the same kind of machine, together: there are fewer machines to start. */
export function batchesOf(rows: readonly EffectRow[], placeOf: (row: EffectRow, batch: number) => Place): readonly (readonly Played[])[] {
  const batches: { readonly kind: string; readonly inputs: Set<string>; readonly rows: EffectRow[] }[] = [];
  for (const row of rows) {
    const { before = {}, after, guest, alone, atOnce } = row.caseAt(nowhere);
    const inputs = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !maps.includes(name));
    const kind = alone === true || atOnce === true ? row.title : guest === true ? "guest" : row.effect === "suspend" ? "suspend" : "paused";
    const fitting = batches.find(
      (batch) => batch.kind === kind && batch.rows.length < mostInBatch && !inputs.some((name) => batch.inputs.has(name)),
    );
    const batch = fitting ?? { kind, inputs: new Set<string>(), rows: [] };
    if (fitting === undefined) batches.push(batch);
    batch.rows.push(row);
    for (const name of inputs) batch.inputs.add(name);
  }
  return batches.map((batch, index) =>
    batch.rows.map((row) => {
      const place = placeOf(row, index);
      return { row, place, each: row.caseAt(place) };
    }),
  );
}
const mostInBatch = 14;

/** The XML that a row is about: its own disk or card, else all but those. Our notes are no part of the machine. */
function partOf({ row, place }: Played, xml: string): string {
  const machine = xml.replace(/<metadata>[^]*<\/metadata>/, "");
  const devices = [...machine.matchAll(/<(disk|interface) [^]*?<\/\1>/g)].map(([device]) => device);
  const isAliased = (device: string, key: string) => new RegExp(`<alias name=["']ua-${key}["']`).test(device);
  if (row.isDevice) return devices.find((device) => isAliased(device, place.key)) ?? "";
  return devices.filter((device) => isAliased(device, "row[0-9]+")).reduce((rest, device) => rest.replace(device, ""), machine);
}

/** Whether a definition has the change; undefined where none shows it. */
export function hasChange(played: Played, xml = ""): boolean | undefined {
  const { brings, takes } = played.each;
  if (brings !== undefined) return brings.test(partOf(played, xml));
  return takes === undefined ? undefined : !takes.test(partOf(played, xml));
}

/** What each effect is to look like. undefined in a place where nothing is shown. */
export function expectEffect(played: Played, outcome: Outcome): void {
  const { each, row } = played;
  const { preview, change, start, now, taken, again, waited } = outcome;
  if (row.effect === "replace") {
    expect(preview).toMatchObject({ did: "replace", changes: [row.field] });
    return;
  }
  const shows = each.brings !== undefined || each.takes !== undefined;
  const seen = (found: boolean) => (shows ? found : undefined);
  const waits = row.effect !== "live" && each.atOnce === undefined;
  expect({ inactive: hasChange(played, start.inactiveXml), live: hasChange(played, start.liveXml) }).toEqual({
    inactive: seen(false),
    live: seen(false),
  });
  const isOld = (message: string) => waited.some((sentence) => message.startsWith(sentence));
  const waitsSaid = warnings(preview).filter((message) => /: at (the next cold start|once, by)/.test(message) && !isOld(message));
  expect(row.effect === "live" ? waitsSaid : waitsSaid.length > 0).toEqual(row.effect === "live" ? [] : true);
  const waiting = change.did === "same" ? waited : waitingIn(change.state ?? {});
  const more = waiting.filter((sentence) => !waited.includes(sentence));
  expect({
    hasStayed: now.id === start.id,
    initErrors: change.initErrors,
    isSaidToWait: more.length > 0,
    live: hasChange(played, now.liveXml),
    inactive: hasChange(played, now.inactiveXml),
  }).toEqual({ hasStayed: each.atOnce === undefined, initErrors: [], isSaidToWait: waits, live: seen(!waits), inactive: seen(true) });
  if (each.record !== undefined) expect(now).toMatchObject(each.record);
  if (waits) expectTaken(played, more, seen(true), outcome);
  if (taken === undefined) expect(waits).toBe(false);
  expect(again.did).toBe("same");
}

function expectTaken(played: Played, waited: readonly string[], seen: boolean | undefined, { start, taken }: Outcome): void {
  if (taken === undefined) throw new Error("nothing was applied, though something waits");
  const how = played.row.effect === "suspend" ? "by save and restore" : "by a restart";
  const said = warnings(taken.preview).filter((message) => message.includes(how));
  expect(waited.filter((sentence) => !said.some((message) => message.startsWith(sentence)))).toEqual([]);
  expect({ live: hasChange(played, taken.record.liveXml), inactive: hasChange(played, taken.record.inactiveXml) }).toEqual({
    live: seen,
    inactive: seen,
  });
  expect(taken.record.id).not.toBe(start.id);
  expect(taken.step.state).toMatchObject({ restartPending: false, pendingChanges: [] });
}

const warnings = ({ log }: Step) => log.filter(({ level }) => level === "warn").map(({ message }) => message);

/** One case, where it stands in its table, and what the table says. */
export interface EffectRow {
  readonly title: string;
  readonly field: string;
  readonly effect: ChangeEffect;
  readonly onFake?: string | undefined;
  /** It is about one disk or card, the one with the place's key. */
  readonly isDevice: boolean;
  caseAt(place: Place): EffectCase;
}

/** The rows of a table, in which each field has cases. `isDevice`: they are about one disk or card each. */
export function rowsOf<Table extends Readonly<Record<string, { readonly effect: ChangeEffect }>>>(
  title: string,
  table: Table,
  casesAt: (place: Place) => EffectCases<Table>,
  isDevice = title !== "",
): EffectRow[] {
  const shown = casesAt(nowhere);
  return Object.entries(table).flatMap(([field, { effect }]) =>
    shown[field as keyof Table].map((each, index): EffectRow => {
      const caseAt = (place: Place) => {
        const found = casesAt(place)[field as keyof Table][index];
        if (found === undefined) throw new Error(`${field} has no case ${index}`);
        return found;
      };
      return { title: `${title}${field}: ${effect} (${each.because})`, field, effect, onFake: each.onFake, isDevice, caseAt };
    }),
  );
}

/** For the titles alone. */
const nowhere: Place = {
  name: "name",
  key: "row0",
  folder: "/folder",
  pool: "pool",
  otherPool: "other-pool",
  network: "network",
  otherNetwork: "other-network",
  bridge: "bridge",
  otherBridge: "other-bridge",
};
