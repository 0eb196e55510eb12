// A request for an image -> the image: the one door that resources come through.
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment, FetchOnce, FetchTiming } from "./fetch";
import { defaultTiming } from "./fetch";
import { fetchHttpOnce } from "./http-fetch";
import type { Checksum, ImageRequest, ImageSources, LocalImage } from "./image-source";
import { createKnownDigests } from "./known-digests";
import { asImageError, openLocalImage } from "./local-image";
import { createQueue } from "./queue";
import type { RemoteRequest } from "./remote-image";
import { cacheKey, ensureInCache } from "./remote-image";
import { fetchSftpOnce } from "./sftp-fetch";
import type { SourceLocation } from "./source-location";
import { sourceLocation } from "./source-location";

export interface ImageSourcesOptions {
  /** A folder for downloaded images; default: pulumi-kvm/images in $XDG_CACHE_HOME or ~/.cache. Made when it is needed. */
  readonly cacheDir?: string | undefined;
  /** Default: the process's. */
  readonly env?: Environment | undefined;
  readonly timing?: FetchTiming | undefined;
}

/** XDG's rule: a relative path is no path. */
function defaultCacheDir({ XDG_CACHE_HOME: cacheHome }: Environment): string {
  return join(cacheHome?.startsWith("/") === true ? cacheHome : join(homedir(), ".cache"), "pulumi-kvm", "images");
}

type RemoteLocation = Exclude<SourceLocation, { kind: "file" }>;

const address = (location: RemoteLocation): string =>
  location.kind === "http" ? location.url.href : `sftp://${location.user ?? ""}@${location.host}:${location.port ?? ""}/${location.path}`;

const fetcher = (location: RemoteLocation, env: Environment): FetchOnce =>
  location.kind === "http" ? fetchHttpOnce(location, env) : fetchSftpOnce(location, env);

export function createImageSources({ cacheDir, env = process.env, timing = defaultTiming }: ImageSourcesOptions = {}): ImageSources {
  const folder = cacheDir ?? defaultCacheDir(env);
  const knownDigests = createKnownDigests(join(folder, "digests"));
  const queue = createQueue();

  const findFile = async (location: SourceLocation, checksum: Checksum | undefined, { signal, status }: ImageRequest): Promise<string> => {
    if (location.kind === "file") return location.path;
    const { shown, fileName } = location;
    const fetchOnce = fetcher(location, env);
    const request: RemoteRequest = {
      fetchOnce,
      address: address(location),
      shown,
      fileName,
      checksum,
      folder,
      knownDigests,
      signal,
      status,
      timing,
    };
    try {
      return await queue.run(cacheKey(request), signal, () => ensureInCache(request));
    } catch (error) {
      throw asImageError(error, shown, signal, "downloading");
    }
  };

  return {
    async open(request): Promise<LocalImage> {
      const { signal, status, format } = request;
      const location = sourceLocation(request.source);
      const checksum = request.checksum === "none" ? undefined : request.checksum;
      const path = await findFile(location, checksum, request);
      const { shown, fileName } = location;
      return openLocalImage({ path, shown, fileName, checksum, format, knownDigests, signal, status });
    },
  };
}
