// The bridge's round trip of a call that needs nothing of S3, beside a bare ping-pong between two threads: postMessage
// there, postMessage and Atomics.notify back. In one process, in turns.
const path = require("node:path");
const {
  Worker,
  MessageChannel,
  isMainThread,
  receiveMessageOnPort,
  workerData,
} = require("node:worker_threads");
const { median, printTable, spread } = require("./support/statistics.js");

if (isMainThread) run();
else {
  const { port, signal } = workerData;
  port.on("message", (/** @type {object} */ message) => {
    port.postMessage(message);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
}

function run() {
  const smoke = process.argv.includes("--smoke");
  const [rounds, calls, warmUp] = smoke ? [2, 5, 2] : [100, 50, 30];
  const names = ["a bare ping-pong", "an empty call, atomics", "an empty call, deasync"];
  /** @type {(() => unknown)[]} */
  const runs = [barePingPong(), emptyCall("atomics"), emptyCall("deasync")];
  /** @type {number[][][]} */
  const times = names.map(() => []);
  for (let round = 0; round < rounds + warmUp; round += 1) {
    runs.forEach((call, who) => {
      const took = Array.from({ length: calls }, () => {
        const started = performance.now();
        call();
        return (performance.now() - started) * 1000;
      });
      if (round >= warmUp) times[who]?.push(took);
    });
  }
  const bare = (times[0] ?? []).map(median);
  const rows = names.map((name, who) => {
    const own = times[who] ?? [];
    const us = spread(own.flat(), 0);
    const ratio = spread(own.map((round, at) => median(round) / (bare[at] ?? NaN)));
    return [name, us.middle, us.range, ratio.middle, ratio.range];
  });
  printTable(
    `the bridge, ${rounds} rounds of ${calls} calls`,
    ["what", "µs", "middle half", "× bare", "middle half of the rounds"],
    rows,
  );
}

function barePingPong() {
  const { port1, port2 } = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(__filename, { workerData: { port: port2, signal }, transferList: [port2] });
  worker.unref();
  port1.unref();
  return () => {
    const before = Atomics.load(signal, 0);
    port1.postMessage({ type: "call", id: 1 });
    Atomics.wait(signal, 0, before);
    return receiveMessageOnPort(port1);
  };
}

/** @param {"atomics" | "deasync"} wait */
function emptyCall(wait) {
  const { sharedBridge } = require(path.join(__dirname, "../dist/bridge.js"));
  const client = { bucket: "bench-bucket", region: "us-east-1", concurrency: 1 };
  const caller = { settings: { client, wait, timeoutMs: 60_000 } };
  return () => sharedBridge().call(caller, { op: "getMany", keys: [], maxBytes: 0 });
}
