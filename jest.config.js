/** @type {import("jest").Config} */
module.exports = {
  testEnvironment: "node",
  // Most of them wait for processes and servers of their own.
  maxWorkers: "100%",
  roots: ["<rootDir>/spec"],
  testMatch: ["**/*.spec.ts"],
  // These need a service: jest.service.config.js.
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/spec/service/"],
  globalSetup: "<rootDir>/spec/support/build.js",
  resolver: "<rootDir>/spec/support/resolver.js",
  // Types are checked by `npm run typecheck`, once, not again in every spec file.
  transform: { "^.+\\.ts$": ["ts-jest", { tsconfig: "<rootDir>/tsconfig.json", diagnostics: false }] },
};
