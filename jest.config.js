/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/spec"],
  testMatch: ["**/*.spec.ts"],
  // The specs test what users get: an import of lib/ is given the built file, and with it the built worker.
  globalSetup: "<rootDir>/spec/support/build.js",
  moduleNameMapper: { "^(?:\\.\\.?/)+lib/(.*)$": "<rootDir>/dist/$1" },
  // Types are checked by `npm run typecheck`, once, not again in every spec file.
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json", diagnostics: false }] },
};
