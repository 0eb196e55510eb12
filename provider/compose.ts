// The composition root: the only place where the resources and a real host are wired together, for both front doors (main.ts, dynamic-runtime.ts).
import type * as LibvirtModule from "./libvirt/connect";
import type * as ObserverModule from "./host/observe-host";
import type { ImageSources } from "./images/image-source";
import type * as ImagesModule from "./images/image-sources";
import type * as FunctionsModule from "./resources/functions/functions";
import type * as RegistryModule from "./resources/registry";
import type { ProviderConfig, Services } from "./resources/resource";
import type { PluginParts } from "./rpc/session";

// A process of ours is started for every run, and the engine waits for its first answer. What that answer does not need (the contracts with zod,
// XML, the libvirt client) is loaded when it is first asked for; all of it is inside the bundle. Under CommonJS, import() would resolve by other
// rules than every other import here.
/* eslint-disable @typescript-eslint/no-require-imports */
const loadRegistry = () => (require("./resources/registry") as typeof RegistryModule).registry;

const loadFunctions = () => (require("./resources/functions/functions") as typeof FunctionsModule).functions;

const { version } = require("./package.json") as { readonly version: string };

/** Most runs open no image: what downloads them is loaded with the first. */
function lazyImages(): ImageSources {
  let sources: ImageSources | undefined;
  return {
    open: (request) => {
      sources ??= (require("./images/image-sources") as typeof ImagesModule).createImageSources();
      return sources.open(request);
    },
  };
}

/** One lazy connection a provider: nothing is asked of the host before a verb needs it. */
const makeServices = (config: ProviderConfig): Services => {
  const { connectLibvirt } = require("./libvirt/connect") as typeof LibvirtModule;
  const { createHostObserver } = require("./host/observe-host") as typeof ObserverModule;
  const libvirt = connectLibvirt(config);
  return { config, libvirt, host: createHostObserver(libvirt), images: lazyImages() };
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** Everything but the schema, which only the plugin has to show. */
export const realParts: PluginParts = { version, loadRegistry, loadFunctions, makeServices };
