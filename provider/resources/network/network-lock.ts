// A lock per network: one thing at a time is done with each, as entries are changed one by one.
import { poolLock } from "../pool-lock";
import type { Call } from "../resource";

/** No pool has a slash in its name. */
export const networkLock = <T>({ services }: Call, name: string, work: () => Promise<T>): Promise<T> =>
  poolLock(services.libvirt.uri, `network/${name}`, work);
