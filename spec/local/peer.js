// @ts-check
// Another process, or another thread, on the directory of a spec.
const { createHash, randomBytes } = require("node:crypto");
const path = require("node:path");
const { isMainThread, parentPort, workerData } = require("node:worker_threads");
const { LocalS3Handler } = require("../../dist/local/handler.js");

const directory = isMainThread ? (process.argv[2] ?? "") : path.resolve(workerData.directory);
const handler = new LocalS3Handler({ directory, createBuckets: true });

/** @param {unknown} message */
const tell = (message) => (isMainThread ? process.send?.(message) : parentPort?.postMessage(message));

/**
 * @param {string} method
 * @param {string} key
 * @param {string | Buffer} [body]
 * @param {Record<string, string>} [headers]
 */
async function send(method, key, body, headers = {}) {
  const query = method === "GET" && key === "" ? { "list-type": "2" } : {};
  const { response } = await handler.handle({ method, path: `/bucket/${key}`, query, headers, body });
  const pieces = [];
  for await (const piece of response.body) pieces.push(piece);
  return { status: response.statusCode, body: Buffer.concat(pieces).toString("latin1") };
}

/** @type {Record<string, (command: any) => Promise<unknown>>} */
const commands = {
  put: ({ key, body, headers }) => send("PUT", key, body, headers),
  get: ({ key }) => send("GET", key),
  list: () => send("GET", ""),

  // Reads what it was just told to have been written, and writes its own.
  async pong({ read, expected, write }) {
    const { body } = await send("GET", read);
    await send("PUT", write, expected);
    return body === expected;
  },

  async createAll({ keys, as }) {
    const won = [];
    for (const key of keys)
      if ((await send("PUT", key, as, { "if-none-match": "*" })).status === 200) won.push(key);
    return won;
  },

  // Increments by compare-and-swap.
  async increment({ key, times }) {
    for (let done = 0; done < times;) {
      const { response } = await handler.handle({ method: "GET", path: `/bucket/${key}`, headers: {} });
      let text = "";
      for await (const piece of response.body) text += piece;
      const headers = { "if-match": response.headers["etag"] ?? "" };
      if ((await send("PUT", key, String(Number(text) + 1), headers)).status === 200) done++;
    }
  },

  // Overwrites until it is killed, each value with its own digest in front.
  async overwrite({ keys, sizes, from }) {
    for (let number = from; ; number++) {
      const key = keys[number % keys.length];
      const rest = Buffer.concat([Buffer.from(`${number}\n`), randomBytes(sizes[number % sizes.length])]);
      const value = Buffer.concat([Buffer.from(createHash("sha256").update(rest).digest("hex")), rest]);
      const { status } = await send("PUT", key, value);
      if (status !== 200) throw new Error(`PUT answered ${status}`);
      tell({ acknowledged: { key, number } });
    }
  },
};

/** @param {{ id: number, name: string }} command */
async function obey(command) {
  try {
    tell({ id: command.id, result: await commands[command.name]?.(command) });
  } catch (error) {
    tell({ id: command.id, error: String(error) });
  }
}

if (isMainThread) process.on("message", obey);
else parentPort?.on("message", obey);
process.on("disconnect", () => process.exit());
