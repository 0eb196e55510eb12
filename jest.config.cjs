// Three projects: "unit" needs nothing, "live" needs a libvirt host, "engine" needs the Pulumi CLI and a libvirt host.
const common = {
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" }, sourceMaps: "inline" },
    ],
  },
  moduleNameMapper: { "^node-libvirt$": "<rootDir>/node-libvirt/src/index.ts" },
  modulePathIgnorePatterns: ["/dist/", "/bin/", "<rootDir>/sdk/"],
  testEnvironment: "node",
  injectGlobals: true,
};

/** For tests that need a libvirt host. */
const withHost = { ...common, setupFiles: ["<rootDir>/tools/test/worker-host.cjs"] };

/** @type {import("jest").Config} */
module.exports = {
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/{node-libvirt,provider,tools}/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "\\.live\\.test\\.ts$"],
    },
    { ...withHost, displayName: "live", testMatch: ["<rootDir>/{node-libvirt,provider,tools}/**/*.live.test.ts"] },
    { ...withHost, displayName: "engine", testMatch: ["<rootDir>/tests/**/*.test.ts"] },
  ],
};
