// @ts-check
const { deletes } = require("./deletes.js");
const { listings } = require("./listings.js");
const { reads } = require("./reads.js");
const { writes } = require("./writes.js");

/** Every service there is. */
const quirks = [...listings, ...writes, ...deletes, ...reads];

module.exports = { quirks };
