import fs from "node:fs";
import { tty } from "../late.js";
import { doing, operations } from "../../bridge/operations.js";
import type { Call } from "../../bridge/operations.js";
import type { ClientConfig } from "../../bridge/protocol.js";
import { bytesOnTheWire } from "../s3/transport/connections.js";
import { watchLengths, watchListed, watchRequests } from "../s3/transport/seen-requests.js";
import { lineOf } from "./progress-line.js";
import type { Done } from "./progress-line.js";

/** Shorter work shows no progress. */
const SHOWN_AFTER_MS = 700;

/** How often the line is redrawn. */
const REDRAWN_EVERY_MS = 100;

/** Calls that follow each other within this time are one piece of work. */
const PAUSE_MS = 200;

/** If calls are shorter than this on average, they do not draw the line when they begin, because it would flicker. */
const SHORT_MS = 5;

/** Moves the cursor to the beginning of the line, and erases it. */
const ERASE = "\r\x1b[K";

/** Kinds of work whose requests have no bodies. */
const onlyReceives: ReadonlySet<string> = new Set(["reading", "downloading", "looking up", "listing"]);

interface Work {
  readonly verb: string;
  readonly where: string;
  readonly startedAt: number;
  readonly wireBefore: { read: number; written: number };
  calls: number;
  requests: number;
  keys: number;
  sent: number;
  received: number;
  /** The total size of the files that it transfers, in bytes. */
  length: number;
  /** When its last call ended. */
  quietSince: number;
}

/**
 * A line on the terminal for work that takes long. The worker draws it, because the calling thread is blocked. It
 * erases the line before it sends the reply, because the calling thread may print after that.
 */
export class Progress {
  readonly #running: Set<number> = new Set();
  #work: Work | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDrawn = false;

  constructor() {
    watchRequests(({ operation, bytesSent = 0, bytesReceived = 0 }) => {
      const work = this.#work;
      if (work === undefined) return;
      work.requests += 1;
      work.sent += bytesSent;
      if (operation !== "HeadObject") work.received += bytesReceived;
    });
    watchListed((keys) => {
      if (this.#work !== undefined) this.#work.keys += keys;
    });
    watchLengths((bytes) => {
      if (this.#work !== undefined) this.#work.length += bytes;
    });
  }

  begin(id: number, call: Call, settings: ClientConfig): void {
    if (call.op === "requests") return;
    this.#running.add(id);
    const now = performance.now();
    const verb = doing(operations[call.op]);
    const where = placeOf(call, settings);
    const before = this.#work;
    const goesOn =
      before !== undefined &&
      before.verb === verb &&
      (this.#running.size > 1 || now - before.quietSince < PAUSE_MS) &&
      root(before.where) === root(where);
    this.#work = goesOn
      ? { ...before, where, calls: before.calls + 1 }
      : {
          verb,
          where,
          startedAt: now,
          wireBefore: bytesOnTheWire(),
          calls: 1,
          requests: 0,
          keys: 0,
          sent: 0,
          received: 0,
          length: 0,
          quietSince: now,
        };
    this.#timer ??= setInterval(() => this.#tick(), REDRAWN_EVERY_MS);
    const age = now - this.#work.startedAt;
    if (age > SHOWN_AFTER_MS && age / this.#work.calls > SHORT_MS) this.#draw();
  }

  end(id: number): void {
    if (!this.#running.delete(id) || this.#running.size > 0) return;
    if (this.#work !== undefined) this.#work.quietSince = performance.now();
    this.#erase();
  }

  /** Ctrl-C ended a call. The next call is a new piece of work. */
  cancel(id: number): void {
    this.end(id);
    if (this.#running.size === 0) this.#work = undefined;
  }

  #tick(): void {
    const work = this.#work;
    const now = performance.now();
    if (this.#running.size > 0) {
      if (work !== undefined && now - work.startedAt > SHOWN_AFTER_MS) this.#draw();
    } else if (work === undefined || now - work.quietSince > PAUSE_MS) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#work = undefined;
    }
  }

  #draw(): void {
    const work = this.#work;
    if (work === undefined) return;
    this.#isDrawn = true;
    write(`${ERASE}${lineOf(doneOf(work), widthOfTerminal())}`);
  }

  #erase(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    write(ERASE);
  }
}

function placeOf(call: Call, { bucket }: ClientConfig): string {
  const rest = "key" in call ? call.key : "prefix" in call ? call.prefix : "";
  return `s3://${bucket}/${rest}`;
}

// Calls on different keys of a bucket can be one piece of work.
function root(where: string): string {
  return where.split("/", 3).join("/");
}

function doneOf(work: Work): Done {
  const wire = bytesOnTheWire();
  const read = wire.read - work.wireBefore.read;
  const written = wire.written - work.wireBefore.written;
  const received = Math.max(work.received, read);
  return {
    ...work,
    ms: performance.now() - work.startedAt,
    // A request without a response has read nothing, however many bytes it has sent.
    bytes: onlyReceives.has(work.verb) ? received : Math.max(work.sent + work.received, read + written),
    isAnswered: received > 0 || work.requests > 0 || !onlyReceives.has(work.verb),
  };
}

// In a worker thread, process.stderr is not the terminal.
function widthOfTerminal(): number {
  try {
    const terminal = new tty.WriteStream(2);
    const { columns } = terminal;
    terminal.destroy();
    return columns || 80;
  } catch {
    return 80;
  }
}

function write(text: string): void {
  try {
    fs.writeSync(2, text);
  } catch {
    // A call must not fail only because the terminal is gone or busy.
  }
}
