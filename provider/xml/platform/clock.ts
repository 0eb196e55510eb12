// Plan <-> <clock>: what the guest's hardware clock shows, and the timers that inputs can say; others (hypervclock, which comes with hyperv) stay.
import { clockOffsets, tickPolicies, timerNames, timerTracks, type DomainPlatform, type TimerPlan } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { attributeOf, childOf, childrenOf, remove, setAttributes, type XmlElement } from "../document";
import { blockOf, known, switchOf, wordOf, yesNo } from "./words";

export const hypervTimer = "hypervclock";

const timersOf = (clock: XmlElement) =>
  childrenOf(clock, "timer").filter((timer) => timerNames.some((name) => name === attributeOf(timer, "name")));

const parseTimer = (timer: XmlElement): TimerPlan =>
  known({
    present: switchOf(timer, "present"),
    tickpolicy: wordOf(tickPolicies, attributeOf(timer, "tickpolicy")),
    track: wordOf(timerTracks, attributeOf(timer, "track")),
  });

export function parseClock(domain: XmlElement): Pick<DomainPlatform, "clock"> {
  const clock = childOf(domain, "clock");
  return blockOf("clock", {
    offset: clock === undefined ? "utc" : wordOf(clockOffsets, attributeOf(clock, "offset")),
    timezone: attributeOf(clock, "timezone"),
    timers: Object.fromEntries(
      (clock === undefined ? [] : timersOf(clock)).map((timer) => [attributeOf(timer, "name") ?? "", parseTimer(timer)]),
    ),
  });
}

function writeTimers(clock: XmlElement, wanted: Readonly<Record<string, TimerPlan>>): void {
  const present = new Map(timersOf(clock).map((timer) => [attributeOf(timer, "name") ?? "", timer]));
  remove(...[...present].filter(([name]) => !Object.hasOwn(wanted, name)).map(([, timer]) => timer));
  for (const [name, { present: isPresent, tickpolicy, track }] of Object.entries(wanted)) {
    const timer = present.get(name) ?? addInOrder(clock, "timer");
    setAttributes(timer, { name, present: isPresent === undefined ? undefined : yesNo(isPresent), tickpolicy, track });
  }
}

export function configureClock(domain: XmlElement, { clock: wanted }: DomainPlatform): void {
  if (wanted === undefined) return;
  const { offset, timezone, timers = {} } = wanted;
  const isUsual = (offset ?? "utc") === "utc" && timezone === undefined && Object.keys(timers).length === 0;
  if (isUsual && childOf(domain, "clock") === undefined) return;
  const clock = ensureChild(domain, "clock");
  if (offset !== undefined && attributeOf(clock, "offset") !== offset)
    // How far a guest may set its clock apart belongs to the old offset.
    setAttributes(clock, { offset, timezone: undefined, basis: undefined, adjustment: undefined, start: undefined });
  if (timezone !== undefined) setAttributes(clock, { timezone });
  if (wanted.timers !== undefined) writeTimers(clock, timers);
}
