// Typed lint rules, and the layer rule: the folder listing of provider/ is the arrow of README and CONTRIBUTING.
import eslint from "@eslint/js";
import tseslint from "typescript-eslint";
import { layers } from "./tools/layers.mjs";

/** Forbids, for each folder of provider/, every import that does not point down the arrow. */
const layerRules = Object.entries(layers).map(([folder, { forbidden }]) => ({
  files: [`provider/${folder}/**/*.ts`],
  ignores: ["**/*.test.ts"],
  rules: {
    "@typescript-eslint/no-restricted-imports": [
      "error",
      {
        patterns: forbidden.map((name) => ({
          regex: name,
          message: `provider/${folder} may not import this: imports only point down the arrow (tools/layers.mjs).`,
        })),
      },
    ],
  },
}));

export default tseslint.config(
  { ignores: ["examples/**", "**/dist/**", "**/bin/**", "**/node_modules/**", "sdk/**", "coverage/**"] },
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-definitions": ["error", "interface"],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/prefer-nullish-coalescing": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/dot-notation": "off",
    },
  },
  {
    files: ["**/*.test.ts", "provider/testing/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
  {
    files: ["**/*.mjs", "**/*.cjs", "**/*.js"],
    languageOptions: {
      globals: Object.fromEntries(
        [
          "process",
          "console",
          "Buffer",
          "URL",
          "setTimeout",
          "clearTimeout",
          "setInterval",
          "clearInterval",
          "performance",
          "require",
          "module",
          "__dirname",
          "exports",
        ].map((name) => [name, "readonly"]),
      ),
    },
  },
  ...layerRules,
);
