// Plan <-> the small devices of the platform: <rng>, <watchdog>, <panic> and <memballoon>.
import { balloonModels, panicModels, watchdogActions, watchdogModels, type DomainPlatform } from "../../plan/platform";
import { addInOrder, ensureChild } from "../child-order";
import { addChild, attributeOf, childOf, childrenOf, remove, removeChildren, setAttributes, setText, type XmlElement } from "../document";
import { integerOf } from "../size";
import { blockOf, onOff, switchOf, wordOf } from "./words";

/** It never blocks, and is as good as /dev/random once the host has booted. */
const entropySource = "/dev/urandom";

/** Every q35 machine has one of these built in, which newer libvirt shows. */
const builtInWatchdog = "itco";

const watchdogOf = (devices: XmlElement) =>
  childrenOf(devices, "watchdog").filter((watchdog) => attributeOf(watchdog, "model") !== builtInWatchdog);

export function parsePlatformDevices(devices: XmlElement): Pick<DomainPlatform, "rng" | "watchdog" | "panic" | "balloon"> {
  const [watchdog] = watchdogOf(devices);
  const panic = childOf(devices, "panic");
  const balloon = childOf(devices, "memballoon");
  const model = <Model extends string>(models: readonly (Model | "none")[], element: XmlElement | undefined) =>
    element === undefined ? ("none" as const) : wordOf(models, attributeOf(element, "model"));
  return {
    rng: childOf(devices, "rng") !== undefined,
    ...blockOf("watchdog", {
      model: model(watchdogModels, watchdog),
      action: watchdog && wordOf(watchdogActions, attributeOf(watchdog, "action") ?? "reset"),
    }),
    ...blockOf("panic", { model: model(panicModels, panic) }),
    ...blockOf("balloon", {
      // libvirt gives one to every machine that does not decline it.
      model: wordOf(balloonModels, balloon === undefined ? "virtio" : attributeOf(balloon, "model")),
      freePageReporting: switchOf(balloon, "freePageReporting") ?? false,
      statsPeriodSeconds: integerOf(attributeOf(balloon && childOf(balloon, "stats"), "period")) ?? 0,
    }),
  };
}

export function configureRng(domain: XmlElement, { rng }: DomainPlatform): void {
  if (rng === undefined) return;
  const devices = ensureChild(domain, "devices");
  if (!rng) removeChildren(devices, "rng");
  if (!rng || childOf(devices, "rng") !== undefined) return;
  setText(addChild(addInOrder(devices, "rng", { model: "virtio" }), "backend", { model: "random" }), entropySource);
}

/** Another model is another device: its address may be on another bus. */
function setModel(element: XmlElement, model: string): void {
  if (attributeOf(element, "model") === model) return;
  removeChildren(element, "address");
  setAttributes(element, { model });
}

export function configureWatchdog(domain: XmlElement, { watchdog: { model, action } = {} }: DomainPlatform): void {
  if (model === undefined) return;
  const devices = ensureChild(domain, "devices");
  const present = watchdogOf(devices);
  if (model === "none") {
    remove(...present);
    return;
  }
  const watchdog = present[0] ?? addInOrder(devices, "watchdog");
  setModel(watchdog, model);
  if (action !== undefined) setAttributes(watchdog, { action });
}

export function configurePanic(domain: XmlElement, { panic: { model } = {} }: DomainPlatform): void {
  if (model === undefined) return;
  const devices = ensureChild(domain, "devices");
  if (model === "none") removeChildren(devices, "panic");
  else setModel(childOf(devices, "panic") ?? addInOrder(devices, "panic"), model);
}

export function configureBalloon(domain: XmlElement, { balloon: wanted }: DomainPlatform): void {
  if (wanted === undefined) return;
  const { model, freePageReporting, statsPeriodSeconds } = wanted;
  const devices = ensureChild(domain, "devices");
  const isUsual = (model ?? "virtio") === "virtio" && freePageReporting !== true && (statsPeriodSeconds ?? 0) === 0;
  if (isUsual && childOf(devices, "memballoon") === undefined) return;
  const balloon = ensureChild(devices, "memballoon");
  if (model !== undefined) setModel(balloon, model);
  if (attributeOf(balloon, "model") === "none") {
    removeChildren(balloon, "stats", "driver", "alias");
    setAttributes(balloon, { freePageReporting: undefined, autodeflate: undefined });
    return;
  }
  const isReporting = switchOf(balloon, "freePageReporting") ?? false;
  if (freePageReporting !== undefined && isReporting !== freePageReporting)
    setAttributes(balloon, { freePageReporting: onOff(freePageReporting) });
  if (statsPeriodSeconds === 0) removeChildren(balloon, "stats");
  else if (statsPeriodSeconds !== undefined) setAttributes(ensureChild(balloon, "stats"), { period: statsPeriodSeconds });
}
