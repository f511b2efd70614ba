const { availableParallelism } = require("node:os");

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // Most specs wait: for servers and processes of their own, for back-offs, for deadlines. Many more workers, and what the
  // prompt has a second for, such as Tab, comes too late.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // Ends what hangs. A busy machine may take its time.
  testTimeout: 30_000,
  roots: ["<rootDir>/spec"],
  testMatch: ["**/*.spec.ts"],
  // These need a service: jest.service.config.js.
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/spec/service/"],
  globalSetup: "<rootDir>/spec/support/build.js",
  resolver: "<rootDir>/spec/support/resolver.js",
  // Types are checked by `npm run typecheck`, once, not again in every spec file.
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json", diagnostics: false }] },
};
