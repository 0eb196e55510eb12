// The arrow, as data: which folder of provider/ may import which. Read by the linter and by provider/layers.test.ts.
//
//   rpc -> resources -> plan -> xml -> libvirt        resources -> host -> (plan's types, libvirt)        resources -> images, cloud-init

/** The folders that each folder may import, besides itself, provider/errors.ts and npm packages. */
const allowed = {
  rpc: ["resources"],
  resources: ["plan", "xml", "host", "libvirt", "images", "cloud-init"],
  plan: [],
  xml: ["plan"],
  host: ["plan", "xml", "libvirt"],
  images: ["plan"],
  "cloud-init": ["plan"],
  libvirt: [],
  // The second front door is the first one's verbs in another process: it has no lifecycle of its own.
  dynamic: ["rpc", "resources"],
  // The third: a command for people, over the same observers and planner. Of the wire it takes what the provider's settings mean.
  cli: ["rpc", "resources", "plan", "xml", "host", "libvirt"],
};

const folders = Object.keys(allowed);

/** Packages that only one folder may import. */
const owned = {
  "node-libvirt": ["libvirt"],
  xmlbuilder2: ["xml"],
  yaml: ["cloud-init"],
  commander: ["cli"],
  "cli-table3": ["cli"],
  "@grpc/grpc-js": ["rpc"],
  "@pulumi/pulumi": ["rpc", "dynamic"],
  "^node:fs": ["host", "images"],
};

/** @type {Record<string, { allowed: string[], forbidden: string[] }>} */
export const layers = Object.fromEntries(
  folders.map((folder) => [
    folder,
    {
      allowed: allowed[folder],
      forbidden: [
        ...folders.filter((other) => other !== folder && !allowed[folder].includes(other)).map((other) => `^(\\.\\./)+${other}(/|$)`),
        ...["main", "compose", "dynamic-runtime", "cli-main", "testing"].map((other) => `^(\\.\\./)+${other}(/|$)`),
        ...Object.entries(owned)
          .filter(([, owners]) => !owners.includes(folder))
          .map(([name]) => (name.startsWith("^") ? name : `^${name}(/|$)`)),
      ],
    },
  ]),
);
