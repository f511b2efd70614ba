// The SDK in synckit's worker thread.
const { runAsWorker } = require("synckit");
const { awaited } = require("./contestants.js");

/** @type {import("./contestants.js").Contestant | undefined} */
let sdk;
runAsWorker(
  /** @type {(endpoint: string, bucket: string, op: "get" | "set", key: string, value: string) => Promise<unknown>} */
  async (endpoint, bucket, op, key, value) => {
    sdk ??= awaited(endpoint, bucket);
    if (op === "get") return sdk.get(key);
    await sdk.set(key, value);
    return undefined;
  },
);
