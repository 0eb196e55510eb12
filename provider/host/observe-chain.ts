// A disk's image and its backing files, nearest first -> each one's format and storage; what only a probe domain can tell is handed back as a question.
import { dirname } from "node:path";
import type { StorageFacts } from "../plan/facts";
import { blockDeviceFacts, readBlockDevice } from "./block-device";
import type { ProbeTarget } from "./domain-probe";
import { observeLocalStorage, readStorageKind, withDetails } from "./local-storage";
import type { StorageKindFacts } from "./local-storage";
import { locateImage } from "./locate-image";
import type { Image, Located, Locator } from "./locate-image";
import { lookAtPool } from "./observe-pool";
import type { PoolLook, UnansweredPool } from "./observe-pool";
import type { ChainElement, ObserveOptions } from "./observer";
import { backingPlace } from "./backing-place";
import { storageOf } from "./storage-of";
import { whyImpassable } from "./why-impassable";

/** QEMU itself gives up on longer ones. */
const maxChainLength = 200;

type ElementStart = Pick<ChainElement, "format" | "pool" | "capacityBytes">;

/** An element that is known, or one that lacks the answer of a probe domain: about its pool, or about itself. */
export type ChainStep =
  | { readonly element: ChainElement }
  | { readonly start: ElementStart; readonly storage: StorageKindFacts; readonly ask: ProbeTarget; readonly pool?: UnansweredPool };

const nothingKnown = (path: string, why: string): ChainStep => ({
  element: { kind: "other", path, directIo: "unknown", source: "not asked", why, shared: false, format: "other" },
});

export interface ChainLooker {
  readonly locator: Locator;
  readonly options: ObserveOptions;
  /** Pools looked at already in this chain. */
  readonly looks: Map<string, Promise<PoolLook | undefined>>;
}

const startOf = ({ format, capacityBytes }: Image, pool?: string): ElementStart => ({
  format,
  ...(pool === undefined ? {} : { pool }),
  ...(capacityBytes === undefined ? {} : { capacityBytes }),
});

function lookOnce({ locator, options, looks }: ChainLooker, name: string): Promise<PoolLook | undefined> {
  const pool = locator.pools.find((each) => each.name === name);
  const look = looks.get(name) ?? (pool === undefined ? Promise.resolve(undefined) : lookAtPool(locator.eyes, pool, options));
  looks.set(name, look);
  return look;
}

/** The image really lies in another folder than the pool's: a symbolic link in the pool. */
async function liesElsewhere({ locator: { eyes } }: ChainLooker, path: string, poolPath: string): Promise<boolean> {
  const [realPath, realPool] = await Promise.all([eyes.machine.realPath(path), eyes.machine.realPath(poolPath)]);
  return realPath !== undefined && realPool !== undefined && dirname(realPath) !== realPool;
}

async function localStep({ locator, options }: ChainLooker, path: string, start: ElementStart): Promise<ChainStep> {
  const { machine, writes } = locator.eyes;
  const kind = await readStorageKind(machine, path);
  if (kind === undefined) return nothingKnown(path, "it is gone");
  const folder = dirname((await machine.realPath(path)) ?? path);
  const [details, impassable] = await Promise.all([withDetails(machine, kind), whyImpassable(locator.eyes, folder, options.signal)]);
  const known = { ...details, ...(impassable === undefined ? {} : { impassable }) };
  const local = await observeLocalStorage(writes, known, folder, { mayNameFiles: options.depth === "probe" });
  return "facts" in local ? { element: { ...local.facts, ...start } } : { start, storage: local.known, ask: { path } };
}

async function poolStep(looker: ChainLooker, path: string, pool: string, image: Image): Promise<ChainStep> {
  const start = startOf(image, pool);
  const look = await lookOnce(looker, pool);
  if (look === undefined) return nothingKnown(path, `the pool ${pool} is gone`);
  const poolPath = "facts" in look ? look.facts.path : look.unanswered.path;
  // Only where the folder is seen here can a link in it be followed.
  if (look.isSeenHere && (await liesElsewhere(looker, path, poolPath))) return localStep(looker, path, start);
  // A file keeps the copy-on-write that it was made with, whatever its folder says now.
  const own = async (known: StorageKindFacts) =>
    look.isSeenHere && known.kind === "btrfs" ? { nocow: (await withDetails(looker.locator.eyes.machine, { ...known, path })).nocow } : {};
  if ("facts" in look) return { element: { ...storageOf(look.facts), ...(await own(look.facts)), path, ...start } };
  const { kind, shared, fileSystem, version, nocow, zfsDirect, impassable } = look.unanswered;
  const storage = { kind, shared, path, fileSystem, version, nocow, zfsDirect, impassable };
  return { start, storage, ask: { pool }, pool: look.unanswered };
}

/** What a place holds when it is taken for raw: then nothing in it names a size or another file. */
function takenAs(located: Located, format: Image["format"] | undefined): Located {
  if (format !== "raw" || !("image" in located) || located.image.format === "raw") return located;
  return { ...located, image: { format: "raw" } };
}

async function stepOf(
  looker: ChainLooker,
  path: string,
  located: Exclude<Located, { where: "nowhere" }>,
  format: Image["format"] | undefined,
): Promise<ChainStep> {
  if (located.where === "pool") return poolStep(looker, path, located.pool, located.image);
  if (located.where === "unsure")
    return { start: { format: format ?? "other" }, storage: { kind: "other", path, shared: false }, ask: { path } };
  const start = startOf(located.image);
  if (located.device === undefined) return localStep(looker, path, start);
  const device = await readBlockDevice(looker.locator.eyes.machine, located.device);
  return { element: { ...blockDeviceFacts(path, device), ...start, capacityBytes: device.capacityBytes } };
}

/** Where to look next, and what the element above says of it. */
interface ChainPlace {
  readonly path: string;
  readonly format?: Image["format"] | undefined;
}

/** What comes after an element: the path to go on with, or a last element that cannot be followed. */
function nextOf(at: string, located: Located): Partial<ChainPlace> & { readonly last?: ChainStep } {
  const { backingName, backingFormat: format } = "image" in located ? located.image : {};
  if (backingName === undefined) return {};
  const place = backingPlace(at, backingName);
  return "path" in place ? { ...place, format } : { last: nothingKnown(place.notAFile, "it is no file of the host") };
}

/** The elements from `path` on; `seen` holds the paths before it. */
async function stepsFrom(looker: ChainLooker, { path, format }: ChainPlace, seen: readonly string[]): Promise<readonly ChainStep[]> {
  if (seen.includes(path) || seen.length >= maxChainLength) return [nothingKnown(path, "the backing chain comes back to it")];
  const located = takenAs(await locateImage(looker.locator, path), format);
  if (located.where === "nowhere")
    return seen.length === 0 ? [] : [nothingKnown(path, "the backing file is not there, as far as the host can say")];
  const step = await stepOf(looker, path, located, format);
  const { path: next, last, format: nextFormat } = nextOf(path, located);
  if (next === undefined) return last === undefined ? [step] : [step, last];
  return [step, ...(await stepsFrom(looker, { path: next, format: nextFormat }, [...seen, path]))];
}

/** Every element, as far as the chain can be followed. `format`: what the first is known to be. undefined: there is no image at the path. */
export async function lookAtChain(
  looker: ChainLooker,
  path: string,
  format?: Image["format"],
): Promise<readonly [ChainStep, ...ChainStep[]] | undefined> {
  const [first, ...rest] = await stepsFrom(looker, { path, format }, []);
  return first && [first, ...rest];
}

export const answeredElement = (
  step: Exclude<ChainStep, { element: ChainElement }>,
  answer: Pick<StorageFacts, "directIo" | "source" | "why">,
): ChainElement => ({
  ...step.storage,
  ...answer,
  ...step.start,
});
