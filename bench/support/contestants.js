// One contestant of a contest, in a process of its own: `node contestants.js NAME ENDPOINT BUCKET`. It is told by lines on
// stdin what to do, `{"op": "get", "calls": 20}`, and answers each with the milliseconds that each of the calls took.
const fs = require("node:fs");
const path = require("node:path");

const dist = path.join(__dirname, "../../dist/index.js");
const region = "us-east-1";
const credentials = {
  accessKeyId: process.env["AWS_ACCESS_KEY_ID"] ?? "test",
  secretAccessKey: process.env["AWS_SECRET_ACCESS_KEY"] ?? "testtest",
};

/**
 * @typedef {{ get(key: string): unknown, set(key: string, value: string): unknown }} Contestant
 * @typedef {(endpoint: string, bucket: string) => Contestant} Make
 * @typedef {{ op: "get" | "set", calls: number, bytes: number }} Order
 */

/** @type {Make} */
function awaited(endpoint, bucket) {
  const { S3Client, GetObjectCommand, PutObjectCommand } = require("@aws-sdk/client-s3");
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  return {
    async get(key) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return Body?.transformToString();
    },
    set: (key, value) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: value })),
  };
}

/** @type {Make} */
function rawHttp(endpoint, bucket) {
  const http = require("node:http");
  const agent = new http.Agent({ keepAlive: true });
  /** @type {(method: string, key: string, body?: string) => Promise<string>} */
  const send = (method, key, body) =>
    new Promise((resolve, reject) => {
      const request = http.request(`${endpoint}/${bucket}/${key}`, { method, agent }, (answer) => {
        /** @type {Buffer[]} */
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("end", () => resolve(Buffer.concat(chunks).toString()));
        answer.on("error", reject);
      });
      request.on("error", reject);
      request.end(body);
    });
  return { get: (key) => send("GET", key), set: (key, value) => send("PUT", key, value) };
}

/** @type {(wait: "atomics" | "deasync") => Make} */
function library(wait) {
  return (endpoint, bucket) => {
    const { S3BucketMap } = require(dist);
    const map = new S3BucketMap(bucket, { endpoint, region, credentials, wait });
    return { get: (key) => map.get(key), set: (key, value) => map.set(key, value) };
  };
}

/** The SDK on the main thread, its promises waited for by turning the event loop: works in CommonJS only. @type {Make} */
function deasyncAroundSdk(endpoint, bucket) {
  const deasync = require("deasync");
  const sdk = awaited(endpoint, bucket);
  /** @type {(promise: unknown) => unknown} */
  const wait = (promise) => {
    let done = false;
    /** @type {unknown} */
    let value;
    /** @type {unknown} */
    let failure;
    Promise.resolve(promise).then(
      (result) => ((done = true), (value = result)),
      (error) => ((done = true), (failure = error)),
    );
    deasync.loopWhile(() => !done);
    if (failure !== undefined) throw failure;
    return value;
  };
  return { get: (key) => wait(sdk.get(key)), set: (key, value) => wait(sdk.set(key, value)) };
}

/** @type {Make} */
function synckitAroundSdk(endpoint, bucket) {
  const { createSyncFn } = require("synckit");
  const call = createSyncFn(path.join(__dirname, "synckit-worker.js"));
  return {
    get: (key) => call(endpoint, bucket, "get", key),
    set: (key, value) => call(endpoint, bucket, "set", key, value),
  };
}

/** @type {Record<string, Make>} */
const contestants = {
  "s3bucketmap, atomics": library("atomics"),
  "s3bucketmap, deasync": library("deasync"),
  "the SDK, awaited": awaited,
  "raw node:http": rawHttp,
  "deasync around the SDK": deasyncAroundSdk,
  "synckit around the SDK": synckitAroundSdk,
};
const names = Object.keys(contestants);
module.exports = { awaited, names };

/** Reads a line; blocks, so that a contestant that blocks does so from the top level of its script. */
function readLine() {
  const byte = Buffer.alloc(1);
  let line = "";
  while (fs.readSync(0, byte) === 1) {
    if (byte[0] === 0x0a) return line;
    line += byte.toString("latin1");
  }
  return undefined;
}

/** @param {number[]} times */
function answer(times) {
  fs.writeSync(1, `${JSON.stringify(times)}\n`);
}

if (require.main === module) {
  const [name = "", endpoint = "", bucket = ""] = process.argv.slice(2);
  const make = contestants[name];
  if (make === undefined) throw new Error(`no contestant is called ${name}`);
  const contestant = make(endpoint, bucket);
  const value = (/** @type {Order} */ { bytes }) => "x".repeat(bytes);

  if (make === awaited || make === rawHttp) {
    (async () => {
      for (let line = readLine(); line !== undefined; line = readLine()) {
        const order = JSON.parse(line);
        const body = value(order);
        const times = [];
        for (let call = 0; call < order.calls; call += 1) {
          const started = performance.now();
          await (order.op === "get" ? contestant.get("bench/key") : contestant.set("bench/key", body));
          times.push(performance.now() - started);
        }
        answer(times);
      }
      process.exit();
    })();
  } else {
    for (let line = readLine(); line !== undefined; line = readLine()) {
      const order = JSON.parse(line);
      const body = value(order);
      const times = [];
      for (let call = 0; call < order.calls; call += 1) {
        const started = performance.now();
        if (order.op === "get") contestant.get("bench/key");
        else contestant.set("bench/key", body);
        times.push(performance.now() - started);
      }
      answer(times);
    }
    process.exit();
  }
}
