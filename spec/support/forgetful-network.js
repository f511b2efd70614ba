// @ts-check
// A network between a map and its service, in a thread of its own: it carries connections to a port of this machine, and
// forgets them as a NAT or a balancer does. What comes by a forgotten one is answered with a reset, or swallowed.
const net = require("node:net");
const { parentPort, workerData } = require("node:worker_threads");

/** @type {{ port: number, then: "resets" | "swallows", afterMs: number }} */
const { port, then, afterMs } = workerData;

/** @type {Set<{ isForgotten: boolean }>} */
const connections = new Set();
let carried = 0;

const server = net.createServer((near) => {
  carried += 1;
  const state = { isForgotten: false };
  connections.add(state);
  const began = Date.now();
  const far = net.connect(port, "127.0.0.1");
  near.on("data", (bytes) => {
    state.isForgotten ||= Date.now() - began > afterMs;
    if (!state.isForgotten) far.write(bytes);
    else if (then === "resets") near.resetAndDestroy();
  });
  far.on("data", (bytes) => {
    if (!state.isForgotten) near.write(bytes);
  });
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    one?.on("error", () => other?.destroy());
    one?.on("close", () => other?.destroy());
  }
  near.on("close", () => connections.delete(state));
});
server.listen(0, "127.0.0.1", () => {
  parentPort?.postMessage(/** @type {net.AddressInfo} */ (server.address()).port);
});
parentPort?.on(
  "message",
  (/** @type {{ answer: Int32Array, isForgetting: boolean }} */ { answer, isForgetting }) => {
    if (isForgetting) for (const state of connections) state.isForgotten = true;
    Atomics.store(answer, 0, carried);
    Atomics.notify(answer, 0);
  },
);
