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
  const wakes = new Set<MessagePort>();
  let ticks: NodeJS.Timeout | undefined;

  function send(message: FromWorker, transfer: ArrayBuffer[]): void {
    port.postMessage(message, transfer);
    Atomics.add(signal, Signal.News, 1);
    Atomics.notify(signal, Signal.News);
    wake();
  }

  // Only while something is both under way and waited for by a turning event loop.
  function tick(): void {
    if (wakes.size > 0 && running.size > 0) ticks ??= setInterval(wake, TICK_MS);
    else if (ticks !== undefined) {
      clearInterval(ticks);
      ticks = undefined;
    }
  }

  function wake(): void {
    for (const waiting of wakes) waiting.postMessage(null);
  }

  async function answer(id: number, s3: S3, call: Call, timeoutMs: number): Promise<void> {
    const deadline = new Deadline(timeoutMs);
    running.set(id, deadline);
    tick();
    let reply: Reply;
    try {
      const work = inOrder(s3.place, call, () => perform(s3, call, deadline.signal));
      // Calls on many keys look at the deadline themselves, and tell what they have done until then.
      const value = await (call.op === "getMany" || call.op === "setMany" ? work : deadline.race(work));
      reply = { type: "reply", id, ok: true, value };
    } catch (error) {
      reply = { type: "reply", id, ok: false, failure: toFailure(error, isWrite(call)) };
    }
    running.delete(id);
    tick();
    deadline.clear();
    send(reply, reply.ok ? bodiesOf(reply.value) : []);
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
      case "wake": {
        const waiting = message.port;
        wakes.add(waiting);
        waiting.on("close", () => wakes.delete(waiting));
        tick();
        // What it waits for may have been answered just before.
        waiting.postMessage(null);
        break;
      }
      case "cancel":
        running.get(message.id)?.cancel();
        break;
    }
  });
}

function bodiesOf(value: Results[Call["op"]]): ArrayBuffer[] {
  if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer];
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) => ("body" in one && one.body ? [one.body.buffer as ArrayBuffer] : []));
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
    case "getMany":
      return s3.getMany(call.keys, call.maxBytes, signal);
    case "setMany":
      return s3.setMany(call.objects, signal);
    case "deleteMany":
      return s3.deleteMany(call.keys, signal);
    case "list":
      return s3.list(call, signal);
    case "listSpans":
      return s3.listSpans(call, signal);
  }
}
