/**
 * The specs of the documentation site: `npm run test:site`. They make the site and drive it in Chromium, headless:
 * CHROMIUM says where that is, if not at /usr/bin/chromium, where Debian's package puts it.
 *
 * @type {import("jest").Config}
 */
module.exports = {
  ...require("./jest.config.js"),
  roots: ["<rootDir>/spec/site"],
  testPathIgnorePatterns: ["/node_modules/"],
};
