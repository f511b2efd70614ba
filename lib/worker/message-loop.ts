import type { MessagePort } from "node:worker_threads";
import { adoptEnvironment } from "../bridge/environment.js";
import { Signal } from "../bridge/protocol.js";
import type { Call, FromWorker, Reply, Results, ToWorker } from "../bridge/protocol.js";
import { inOrder, isWrite } from "./order.js";
import { Deadline } from "./deadline.js";
import { toFailure } from "./failure.js";
import { S3 } from "./s3/s3.js";

/** How often a wait that turns an event loop is woken, so that Ctrl-C can end it. */
const TICK_MS = 100;

/** Answers the calls that come in by `port`, and rings the signal after each answer. */
export function serve(port: MessagePort, signal: Int32Array): void {
  const services = new Map<number, S3>();
  const running = new Map<number, Deadline>();
  let ticks: NodeJS.Timeout | undefined;

  function send(message: FromWorker, transfer: ArrayBuffer[]): void {
    port.postMessage(message, transfer);
    Atomics.add(signal, Signal.News, 1);
    Atomics.notify(signal, Signal.News);
  }

  async function answer(id: number, s3: S3, call: Call, timeoutMs: number): Promise<void> {
    const deadline = new Deadline(timeoutMs);
    running.set(id, deadline);
    ticks ??= setInterval(() => port.postMessage({ type: "tick" } satisfies FromWorker), TICK_MS);
    let reply: Reply;
    try {
      const value = await deadline.race(inOrder(s3.place, call, () => perform(s3, call, deadline.signal)));
      reply = { type: "reply", id, ok: true, value };
    } catch (error) {
      reply = { type: "reply", id, ok: false, failure: toFailure(error, isWrite(call)) };
    }
    running.delete(id);
    if (running.size === 0) {
      clearInterval(ticks);
      ticks = undefined;
    }
    deadline.clear();
    const body = reply.ok && reply.value instanceof Uint8Array ? [reply.value.buffer as ArrayBuffer] : [];
    send(reply, body);
  }

  port.on("message", (message: ToWorker) => {
    switch (message.type) {
      case "settings":
        adoptEnvironment(process.env, message.environment);
        services.set(message.number, new S3(message.settings));
        break;
      case "call": {
        const s3 = services.get(message.settings);
        if (s3 === undefined) throw new Error(`call ${message.id} came before its settings`);
        const waited = performance.timeOrigin + performance.now() - message.sentAt;
        void answer(message.id, s3, message.call, Math.max(1, message.timeoutMs - Math.max(0, waited)));
        break;
      }
      case "cancel":
        running.get(message.id)?.cancel();
        break;
    }
  });
}

function perform(s3: S3, call: Call, signal: AbortSignal): Promise<Results[Call["op"]]> {
  switch (call.op) {
    case "get":
      return s3.get(call.key, call.maxBytes, signal);
    case "has":
      return s3.has(call.key, signal);
    case "head":
      return s3.head(call.key, signal);
    case "set":
      return s3.set(call.key, call.body, call.headers, signal);
    case "delete":
      return s3.delete(call.key, signal);
    case "deleteMany":
      return s3.deleteMany(call.keys, signal);
    case "list":
      return s3.list(call, signal);
  }
}
