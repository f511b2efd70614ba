// Jest's globalSetup: the specs run against dist/, so dist/ must be what lib/ says.
const { execFileSync } = require("node:child_process");
const path = require("node:path");

module.exports = () => {
  execFileSync(process.execPath, [path.join(__dirname, "../../scripts/build.js"), "--if-stale"], {
    stdio: "inherit",
  });
};
