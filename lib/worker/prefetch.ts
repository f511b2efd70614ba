import type { Call, Result } from "../bridge/operations.js";
import type { Arrived, Listed, Reading } from "../bridge/protocol.js";
import { Deadline } from "./deadline.js";
import { getObject } from "./s3/operations/get-object.js";
import type { S3 } from "./s3/s3.js";
import type { Task } from "./s3/task.js";
import { inOrder } from "./write-ordering.js";

// Prefetches the keys that the calling thread names. Whether a value may be used, and how far to read ahead, is decided
// there (bucket/prefetch-run.ts).

interface Early {
  /** Never rejects: a read that failed is repeated when its key is requested. */
  readonly end: Promise<void>;
  /** The listed size. */
  readonly bytes: number;
  result?: { body: Reading | undefined; at: number };
}

/** The smallest limit for a prefetched body, so that the body of an error fits. */
const MIN_MAX_BYTES = 64 * 1024;

/** Beyond this many runs, or bytes, the least recently used runs are dropped. A program may abandon its iterators. */
const MOST_RUNS = 64;
const MOST_BYTES = 64 * 1024 * 1024;

/** The prefetched values of one run of reads, by key. */
class Run {
  readonly early: Map<string, Early> = new Map();
  readonly deadlines: Set<Deadline> = new Set();
  expiry: NodeJS.Timeout | undefined;

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.early.values()) sum += bytes;
    return sum;
  }

  end(): void {
    clearTimeout(this.expiry);
    for (const deadline of this.deadlines) deadline.cancel();
  }
}

// The runs of all maps. The most recently used run is the last one.
const runs = new Map<number, Run>();

/** Returns a value, and the values of the next keys that have arrived, up to the first one that has not arrived. */
export async function getAhead(
  s3: S3,
  { key, maxBytes, run: number, upcoming, keepMs }: Call<"getAhead">,
  task: Task,
  timeoutMs: number,
): Promise<Result<"getAhead">> {
  const cameAt = performance.now();
  const arrived = ({ body, at }: { body: Reading | undefined; at: number }): Arrived => ({
    body,
    afterMs: at - cameAt,
  });
  const readNow = async (): Promise<NonNullable<Early["result"]>> => {
    const body = await read(s3, key, maxBytes, task);
    return { body, at: performance.now() };
  };
  const run = use(number);
  const early = run.early.get(key);
  run.early.delete(key);
  const asked = early === undefined ? readNow() : undefined;
  begin(s3, run, upcoming, timeoutMs);
  await early?.end;
  const first = arrived(await (asked ?? early?.result ?? readNow()));
  // This lets values that arrive at the same time be part of the result.
  await new Promise(setImmediate);
  const ahead: Arrived[] = [];
  for (const { key: upcomingKey } of upcoming) {
    const there = run.early.get(upcomingKey)?.result;
    if (there === undefined) break;
    ahead.push(arrived(there));
    run.early.delete(upcomingKey);
  }
  keep(number, run, keepMs);
  return { first, ahead };
}

/** Starts reading keys that are likely to be requested. */
export function prepare(
  s3: S3,
  number: number,
  upcoming: readonly Listed[],
  timeoutMs: number,
  keepMs: number,
): void {
  const run = use(number);
  begin(s3, run, upcoming, timeoutMs);
  keep(number, run, keepMs);
}

export function leave(number: number): void {
  runs.get(number)?.end();
  runs.delete(number);
}

function begin(s3: S3, run: Run, upcoming: readonly Listed[], timeoutMs: number): void {
  for (const { key, bytes } of upcoming) {
    if (run.early.has(key)) continue;
    const deadline = new Deadline(timeoutMs);
    run.deadlines.add(deadline);
    const task = { signal: deadline.signal, doubt: undefined };
    const early: Early = {
      bytes,
      // The value may have grown since it was listed, and memory is limited.
      end: deadline.race(read(s3, key, Math.max(bytes, MIN_MAX_BYTES), task)).then(
        (body) => void (early.result = { body, at: performance.now() }),
        () => {},
      ),
    };
    run.early.set(key, early);
    void early.end.then(() => {
      deadline.clear();
      run.deadlines.delete(deadline);
    });
  }
  giveWay(run);
}

function read(s3: S3, key: string, maxBytes: number, task: Task): Promise<Reading | undefined> {
  return inOrder(s3.settings.bucket, { op: "get", key, maxBytes }, () =>
    s3.run((target) => getObject(target, key, maxBytes, task)),
  );
}

function use(number: number): Run {
  const run = runs.get(number) ?? new Run();
  runs.delete(number);
  runs.set(number, run);
  clearTimeout(run.expiry);
  return run;
}

function keep(number: number, run: Run, keepMs: number): void {
  clearTimeout(run.expiry);
  if (runs.get(number) !== run) return;
  run.expiry = setTimeout(() => leave(number), keepMs);
}

function giveWay(to: Run): void {
  let bytes = 0;
  let count = 0;
  for (const [number, run] of [...runs].reverse()) {
    bytes += run.bytes;
    count += 1;
    if (run !== to && (count > MOST_RUNS || bytes > MOST_BYTES)) leave(number);
  }
}
