// Keeps what writes with O_DIRECT told of this machine's mounts: many disks lie on one of them, and one write tells of all.
import { createAskOnce } from "./ask-once";
import type { AskOnce } from "./ask-once";
import type { LocalProbe } from "./local-write-probe";
import type { Machine } from "./machine";
import { mountOfPath } from "./mount-of-path";

export interface WriteOptions {
  /** Where the file system has no nameless files, a file with a name may be made. */
  readonly mayNameFiles: boolean;
  /** The answer from before is not heard, but replaced. */
  readonly afresh?: boolean | undefined;
}

export interface LocalWrites {
  probe(folder: string, options: WriteOptions): Promise<LocalProbe>;
  forget(): void;
}

/** "Not tried" and "unknown" may be the folder's trouble, or this moment's. */
const isCertain = (probe: LocalProbe) => "directIo" in probe && probe.directIo !== "unknown";

export function createLocalWrites(machine: Machine): LocalWrites {
  const byMount = new Map<string, AskOnce<LocalProbe>>();
  return {
    probe: async (folder, { mayNameFiles, afresh = false }) => {
      const ask = () => machine.probeLocalWrite(folder, { mayNameFiles });
      const mount = await mountOfPath(machine, folder);
      if (mount === undefined) return ask();
      // All of it: what is mounted there instead of it differs in something.
      const key = JSON.stringify(mount);
      const once = (afresh ? undefined : byMount.get(key)) ?? createAskOnce(isCertain);
      byMount.set(key, once);
      return once(ask);
    },
    forget: () => byMount.clear(),
  };
}
