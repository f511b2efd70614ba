import { tty } from "./late.js";
import { receiveMessageOnPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { spin } from "../bridge/spin.js";
import { Signal } from "../bridge/messages.js";
import type { FromWorker, Reply, ToWorker } from "../bridge/messages.js";
import type { Call } from "../bridge/operations.js";
import { inOrder } from "./write-ordering.js";
import { Deadline, DeadlinePassed } from "./deadline.js";
import { toFailure } from "./failure.js";
import { bodiesOf, perform } from "./perform.js";
import type { Lend } from "./s3/operations/multipart-upload.js";
import { leave, prepare } from "./prefetch.js";
import { Progress } from "./observe/progress.js";
import { countRequests } from "./observe/request-counts.js";
import { Doubt } from "./s3/attempts/doubt.js";
import { watchLoading } from "./s3/loading.js";
import { S3 } from "./s3/s3.js";

/** How often `deasync` waits are woken. Ctrl-C can end them only then. */
const TICK_MS = 100;

/** How long the thread spins for the next call before it sleeps. A program in a loop makes the next call at once. */
const LINGER_MS = 0.1;

/**
 * The calling thread is told at most this often that bytes of a file have moved. With short timeouts, it is told more
 * often.
 */
const TELL_MOVED_MS = 500;

/** Calls with a shorter timeout show no progress, because the user may be typing. */
const SOON_OVER_MS = 3000;

/** Answers the calls that arrive at `port`, and raises the signal after each reply. */
export function serve(port: MessagePort, signal: Int32Array): void {
  /** By the number of the settings. */
  const known = new Map<number, S3>();
  const running = new Map<number, Deadline>();
  /** Callbacks that wait for a part of a lent body, by call and start. */
  const parts = new Map<string, (bytes: Uint8Array) => void>();
  const wakes = new Set<MessagePort>();
  let ticks: NodeJS.Timeout | undefined;
  let progress: Progress | undefined;
  let taken = 0;

  function send(message: FromWorker, transfer: ArrayBuffer[]): void {
    port.postMessage(message, transfer);
    Atomics.add(signal, Signal.News, 1);
    Atomics.notify(signal, Signal.News);
    wake();
  }

  // If anything else is under way, spinning would delay it.
  function linger(): void {
    if (Deadline.underWay > 0 || !spin(signal, Signal.Sent, taken, LINGER_MS)) return;
    const received = receiveMessageOnPort(port) as { message: ToWorker } | undefined;
    if (received !== undefined) take(received.message);
  }

  // Runs the timer only while a `deasync` wait is waiting for a call.
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
    if (timeoutMs > SOON_OVER_MS) progress?.begin(id, call, s3.settings);
    // The write is counted before the deadline is checked. So if no write was counted before the deadline, none is sent
    // later.
    const doubt = new Doubt(undefined, () => {
      Atomics.add(signal, Signal.WritesSent, 1);
      if (deadline.isOver || Atomics.load(signal, Signal.Gone) === 1) throw new DeadlinePassed();
    });
    let told = performance.now();
    // Both threads extend the deadline from the same moment, because the worker must not go on after the calling thread
    // has stopped waiting.
    const moved = (): void => {
      const now = performance.now();
      if (now - told < Math.min(TELL_MOVED_MS, timeoutMs / 20) || deadline.isOver) return;
      told = now;
      deadline.extend(timeoutMs);
      send({ type: "moved", id }, []);
    };
    let reply: Reply;
    try {
      const work = inOrder(s3.settings.bucket, call, async () => {
        // Waiting for earlier writes may have taken all of its time.
        if (deadline.isOver) throw new DeadlinePassed();
        const lend: Lend = (start, end, signal) => partOf(id, start, end, signal);
        return perform(s3, call, { signal: deadline.signal, doubt }, timeoutMs, { moved, lend });
      });
      const value = await deadline.race(work);
      reply = { type: "reply", id, ok: true, value, serviceTime: s3.serviceTime };
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

  // Two parts of a call never have the same start.
  async function partOf(id: number, start: number, end: number, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const name = `${id} ${start}`;
      const abort = (): void => {
        parts.delete(name);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", abort, { once: true });
      parts.set(name, (bytes) => {
        parts.delete(name);
        signal.removeEventListener("abort", abort);
        resolve(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
      });
      send({ type: "lend", id, start, end }, []);
    });
  }

  function take(message: ToWorker): void {
    taken = (taken + 1) | 0;
    switch (message.type) {
      case "settings":
        known.set(message.number, new S3(message.settings, message.environment));
        if (message.settings.interactive !== true) break;
        countRequests();
        if (tty.isatty(2)) progress ??= new Progress();
        break;
      case "forget":
        known.get(message.settings)?.forget();
        known.delete(message.settings);
        break;
      case "probe":
        break;
      case "call": {
        const s3 = known.get(message.settings);
        if (s3 === undefined) throw new Error(`call ${message.id} came before its settings`);
        const waited = performance.timeOrigin + performance.now() - message.sentAt;
        void answer(message.id, s3, message.call, message.timeoutMs - Math.max(0, waited));
        break;
      }
      case "wake": {
        const waiting = message.port;
        wakes.add(waiting);
        waiting.on("close", () => wakes.delete(waiting));
        tick();
        // Its call may have been answered before the port arrived.
        waiting.postMessage(null);
        break;
      }
      case "ahead": {
        const s3 = known.get(message.settings);
        if (s3 !== undefined) prepare(s3, message.run, message.upcoming, message.timeoutMs, message.keepMs);
        break;
      }
      case "leave":
        leave(message.run);
        break;
      case "part":
        parts.get(`${message.id} ${message.start}`)?.(message.bytes);
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
