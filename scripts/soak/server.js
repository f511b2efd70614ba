// @ts-check
// The local S3 over HTTP in a process of its own, with the faults of a bad day.
const { fork } = require("node:child_process");
const path = require("node:path");

/** @typedef {import("../../spec/support/http-s3.js").FaultAction} FaultAction */
/** @typedef {import("../../spec/support/http-s3.js").FaultRule} FaultRule */

const html = "<html><body><h1>Bad Gateway</h1></body></html>";
/** @type {[times: number, FaultAction][]} How often each is drawn, of any request. */
const ofAny = [
  [12, { status: 500, code: "InternalError" }],
  [3, { status: 503, code: "SlowDown" }],
  [6, { status: 500, body: "" }],
  [6, { status: 502, body: html, headers: { "content-type": "text/html" } }],
  [4, { status: 200, body: html, headers: { "content-type": "text/html" } }],
  [6, { status: 403, code: "AccessDenied" }],
  [3, { status: 400, code: "ExpiredToken" }],
  [3, { status: 403, body: "" }],
  [12, { reset: "before" }],
  [12, { reset: "after-apply" }],
  [1, { stall: "before" }],
  [1, { stall: "after-apply" }],
];
/** @type {Record<string, [times: number, FaultAction][]>} */
const ofOne = {
  GET: [
    [6, { reset: "mid-body" }],
    [6, { truncate: 1 }],
    [6, { corrupt: true }],
    [1, { stall: "mid-body" }],
  ],
  LIST: [
    [3, { reset: "mid-body" }],
    [3, { truncate: 20 }],
    [2, { transformBody: "unordered" }],
    [2, { transformBody: "duplicate-page" }],
    [2, { transformBody: "truncated-without-token" }],
  ],
};

/** @param {[number, FaultAction][]} weighted */
const drawn = (weighted) =>
  weighted.flatMap(([times, action]) => Array.from({ length: times }, () => action));

/**
 * @param {string} directory
 */
async function startServer(directory) {
  const support = path.join(__dirname, "../../spec/support");
  const child = fork(path.join(support, "http-s3-server.js"), { execArgv: [], serialization: "advanced" });
  /** @param {object} message @returns {Promise<any>} */
  const ask = (message) =>
    new Promise((resolve, reject) => {
      child.once("message", (/** @type {any} */ reply) =>
        reply.error === undefined ? resolve(reply) : reject(new Error(reply.error)),
      );
      child.send(message);
    });
  const { port } = await ask({
    options: { directory },
    handlerFile: path.join(__dirname, "../../dist/local/handler.js"),
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    /** @param {number} probability of each request @param {number} seed */
    async addFaults(probability, seed) {
      /** @type {FaultRule[]} */
      const rules = Object.entries(ofOne).map(([operation, actions]) => ({
        operation,
        probability: probability / 2,
        seed,
        action: drawn(actions),
      }));
      rules.push({ probability: probability / 2, seed: seed + 1, action: drawn(ofAny) });
      // What no rule of its own takes: the whole share.
      for (const operation of ["HEAD", "PUT", "DELETE"])
        rules.push({ operation, probability: probability / 2, seed: seed + 2, action: drawn(ofAny) });
      for (const rule of rules) await ask({ name: "fault", rule });
    },
    /** How many requests there were since the last time; the log says how many of them a fault met. */
    async takeCounts() {
      const { result } = await ask({ name: "counts" });
      await ask({ name: "reset" });
      return /** @type {{ total: number }} */ (result).total;
    },
    async faultedInLog() {
      const { result } = await ask({ name: "log" });
      const log = /** @type {import("../../spec/support/http-s3.js").LoggedRequest[]} */ (result);
      return { requests: log.length, faulted: log.filter(({ faulted }) => faulted).length };
    },
    clearFaults: () => ask({ name: "clearFaults" }),
    stop: () => child.kill("SIGKILL"),
  };
}

module.exports = { startServer };
