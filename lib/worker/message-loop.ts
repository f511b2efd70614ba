import { tty } from "./late.js";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { spin } from "../bridge/spin.js";
import { Signal } from "../bridge/messages.js";
import type { FromWorker, Reply, ToWorker } from "../bridge/messages.js";
import type { Call } from "../bridge/operations.js";
import type { ClientConfig } from "../bridge/protocol.js";
import { inOrder } from "./write-ordering.js";
import { Deadline, DeadlinePassed } from "./deadline.js";
import { toFailure } from "./failure.js";
import { bodiesOf, perform } from "./perform.js";
import type { Service } from "./perform.js";
import { Prefetch } from "./prefetch.js";
import { Progress } from "./observe/progress.js";
import { countRequests } from "./observe/request-counts.js";
import { Doubt } from "./s3/attempts/doubt.js";
import { watchLoading } from "./s3/loading.js";
import { getObject } from "./s3/operations/get-object.js";
import { S3 } from "./s3/s3.js";

/** How often a wait that turns an event loop is woken, so that Ctrl-C can end it. */
const TICK_MS = 100;

/** How long the thread spins for the next call before it sleeps: a program in a loop makes it at once. */
const LINGER_MS = 0.1;

/** A call that may not last longer shows no progress: it may be for a line on which someone is typing. */
const SOON_OVER_MS = 3000;

/** Answers the calls that come in by `port`, and rings the signal after each answer. */
export function serve(port: MessagePort, signal: Int32Array): void {
  const services = new Map<number, Service>();
  const running = new Map<number, Deadline>();
  const wakes = new Set<MessagePort>();
  let ticks: NodeJS.Timeout | undefined;
  let progress: Progress | undefined;
  let taken = 0;

  function attend(settings: ClientConfig): void {
    if (settings.interactive !== true) return;
    countRequests();
    if (tty.isatty(2)) progress ??= new Progress();
  }

  function send(message: FromWorker, transfer: ArrayBuffer[]): void {
    port.postMessage(message, transfer);
    Atomics.add(signal, Signal.News, 1);
    Atomics.notify(signal, Signal.News);
    wake();
  }

  // Only when nothing is under way that this would hold up.
  function linger(): void {
    if (Deadline.underWay > 0 || !spin(signal, Signal.Sent, taken, LINGER_MS)) return;
    const received = receiveMessageOnPort(port) as { message: ToWorker } | undefined;
    if (received !== undefined) take(received.message);
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

  async function answer(id: number, service: Service, call: Call, timeoutMs: number): Promise<void> {
    const deadline = new Deadline(timeoutMs);
    running.set(id, deadline);
    tick();
    if (timeoutMs > SOON_OVER_MS) progress?.begin(id, call, service.s3.settings);
    // Counted first and checked then: who finds nothing counted once the time is up knows that nothing is sent any more.
    const doubt = new Doubt(() => {
      Atomics.add(signal, Signal.WritesSent, 1);
      if (deadline.isOver || Atomics.load(signal, Signal.Gone) === 1) throw new DeadlinePassed();
    });
    let reply: Reply;
    try {
      const work = inOrder(service.s3.settings.bucket, call, async () => {
        // What it waited for took all its time.
        if (deadline.isOver) throw new DeadlinePassed();
        return doubt.during(() => perform(service, call, deadline.signal, timeoutMs));
      });
      const value = await deadline.race(work);
      reply = { type: "reply", id, ok: true, value };
    } catch (error) {
      reply = { type: "reply", id, ok: false, failure: toFailure(error, doubt.exists) };
    }
    running.delete(id);
    tick();
    progress?.end(id);
    deadline.clear();
    send(reply, reply.ok ? bodiesOf(reply.value) : []);
    setImmediate(linger);
  }

  function take(message: ToWorker): void {
    taken = (taken + 1) | 0;
    switch (message.type) {
      case "settings":
        services.set(message.number, serviceOf(new S3(message.settings, message.environment)));
        attend(message.settings);
        break;
      case "forget":
        services.get(message.settings)?.s3.forget();
        services.delete(message.settings);
        break;
      case "probe":
        break;
      case "call": {
        const service = services.get(message.settings);
        if (service === undefined) throw new Error(`call ${message.id} came before its settings`);
        const waited = performance.timeOrigin + performance.now() - message.sentAt;
        void answer(message.id, service, message.call, message.timeoutMs - Math.max(0, waited));
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
      case "ahead":
        services
          .get(message.settings)
          ?.prefetch.prepare(message.run, message.next, message.timeoutMs, message.keepMs);
        break;
      case "leave":
        services.get(message.settings)?.prefetch.leave(message.run);
        break;
      case "cancel":
        running.get(message.id)?.cancel();
        progress?.cancel(message.id);
        break;
    }
  }

  watchLoading((isLoading) => Atomics.store(signal, Signal.Loading, isLoading ? 1 : 0));
  port.on("message", take);
}

function serviceOf(s3: S3): Service {
  const prefetch = new Prefetch((key, maxBytes, signal) =>
    inOrder(s3.settings.bucket, { op: "get", key, maxBytes }, () =>
      s3.run((target) => getObject(target, key, maxBytes, signal)),
    ),
  );
  return { s3, prefetch };
}
