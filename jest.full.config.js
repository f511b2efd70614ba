/**
 * The whole suite with its long specs at full length: `npm run test:all`. See spec/support/size.ts.
 *
 * @type {import("jest").Config}
 */
process.env["S3BUCKETMAP_SPEC_SIZE"] = "full";
module.exports = require("./jest.config.js");
