const { availableParallelism } = require("node:os");

/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // Most specs spend their time waiting: for servers, processes, back-offs and deadlines. But with many more workers the
  // prompt's specs fail, because Tab waits for an answer for a second at most.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // It is only there for tests that hang: on a busy machine a good one can take long.
  testTimeout: 30_000,
  roots: ["<rootDir>/spec"],
  testMatch: ["**/*.spec.ts"],
  // These need a service, jest.service.config.js, or a browser, jest.site.config.js.
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/spec/service/", "<rootDir>/spec/site/"],
  globalSetup: "<rootDir>/spec/support/build.js",
  resolver: "<rootDir>/spec/support/resolver.js",
  // Types are checked by `npm run typecheck`, once, not again in every spec file.
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json", diagnostics: false }] },
};
