// Names a disk's source in one line: what people read, and by which two sources are the same data.
import type { DiskSource, NetworkHost } from "./domain";

const place = ({ name, port }: NetworkHost): string => (port === undefined ? name : `${name}:${port}`);

/**
 * The path of a file or device; "rbd:pool/image", "iscsi://portal:3260/iqn…/1", "nfs://server/path", "https://server/file" for network sources;
 * "nvme://0000:01:00.0/1", "vhostuser:/run/socket". undefined: an empty drive. An RBD image's monitors do not belong to its name: they come and go.
 */
export function sourceName(source: DiskSource): string | undefined {
  switch (source.type) {
    case "file":
    case "block":
      return source.path;
    case "network": {
      if (source.protocol === "rbd") return `rbd:${source.name}`;
      const path = source.name.startsWith("/") ? source.name : `/${source.name}`;
      return `${source.protocol}://${source.hosts.map(place).join(",")}${path}${source.query ?? ""}`;
    }
    case "nvme":
      return `nvme://${source.address}/${source.namespace}`;
    case "vhostuser":
      return `vhostuser:${source.socket}`;
    case "empty":
      return undefined;
  }
}
