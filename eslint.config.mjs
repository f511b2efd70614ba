import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

const nodeGlobals = Object.fromEntries(
  [
    "require",
    "module",
    "process",
    "console",
    "Buffer",
    "__dirname",
    "__filename",
    "setTimeout",
    "setImmediate",
    "setInterval",
    "clearInterval",
    "clearImmediate",
    "performance",
    "TextEncoder",
    "fetch",
    "URL",
  ].map((name) => [name, /** @type {const} */ ("readonly")]),
);

export default tseslint.config(
  { ignores: ["dist", "coverage", "node_modules"] },
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
    },
  },
  {
    // Scripts, examples and test fixtures: plain JavaScript, as users write it.
    files: ["**/*.js", "**/*.cjs", "**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: nodeGlobals },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  {
    files: ["lib/worker/**/*.ts"],
    ignores: ["lib/worker/s3/sdk.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          paths: ["@aws-sdk/client-s3", "@aws-sdk/credential-provider-node"].map((name) => ({
            name,
            message: "Import it from sdk.ts.",
            allowTypeImports: true,
          })),
        },
      ],
    },
  },
  // Jest's asymmetric matchers are of type any.
  { files: ["spec/**/*.ts"], rules: { "@typescript-eslint/no-unsafe-argument": "off" } },
  { files: ["**/*.js", "**/*.cjs"], languageOptions: { sourceType: "commonjs" } },
);
