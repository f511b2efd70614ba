// @ts-check
const { listings } = require("./listings.js");
const { reads } = require("./reads.js");
const { writes } = require("./writes.js");

/** Every service there is. */
const quirks = [...listings, ...writes, ...reads];

module.exports = { quirks };
