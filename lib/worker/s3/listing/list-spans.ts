import { MAX_KEYS_AT_ONCE } from "../../../arguments/keys.js";
import { setMaxListeners } from "node:events";
import type { Call, Result } from "../../../bridge/operations.js";
import type { ListedSpan, Page, Span } from "../../../bridge/protocol.js";
import { comesBefore } from "../../../text/utf8-order.js";
import { follow } from "../follow.js";
import { IgnoresStartAfter, listObjects } from "../operations/list-objects.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { countWhile, SeenKeys } from "./seen-keys.js";
import { divisionOf, keysLeft, WORTH_DIVIDING } from "./split-point.js";

/** How many pages one call requests at most. The next call continues the listing. */
const SLICE_PAGES = 200;

/** One key in this many is kept as a sample. */
const SAMPLE_EVERY = 20;

/** How many spans may be unproved at a time: this number, or the number of proved spans if that is larger. */
const MAX_UNPROVED = 6;

/** How many keys beyond a span are reported, so that they can be looked for in the spans that follow. */
const MAX_BEYOND = 100;

type SpansRequest = Omit<Call<"listSpans">, "op">;

interface OpenSpan extends Span, Pick<ListedSpan, "beyond"> {
  /** The index of the requested span that it is part of. */
  of: number;
  keys: string[];
  sizes: number[];
  /** An estimate of how many keys are left. */
  left: number;
  isInFlight: boolean;
  /** Whether the span is known to contain keys. */
  isProved: boolean;
  isDone: boolean;
}

/**
 * Lists spans of the keys in parallel, and keeps dividing the span that seems to have most keys left. The distribution
 * of the keys is unknown, so only a span's first page shows whether the division was right. Every page is part of the
 * result. No page is requested only to learn something.
 *
 * A span costs at most one page that is not full. So the listing stays within its bound, 1.3 requests for each 1000
 * keys and 10 more, as long as the requests so far, plus one for each open span, are within it.
 *
 * @returns "sequential" if the service ignores StartAfter
 */
export async function listSpans(
  target: Target,
  request: SpansRequest,
  task: Task,
): Promise<Result<"listSpans">> {
  try {
    return await new Run(target, request).result(task);
  } catch (error) {
    if (error instanceof IgnoresStartAfter) return { sequential: true };
    throw error;
  }
}

class Run {
  readonly #target: Target;
  readonly #request: SpansRequest;
  readonly #seen: SeenKeys;
  readonly #spans: OpenSpan[];
  readonly #abort: AbortController = new AbortController();
  readonly #endsAt: number;
  #requests: number;
  #listed: number;
  #sent = 0;

  constructor(target: Target, request: SpansRequest) {
    this.#target = target;
    this.#request = request;
    this.#requests = request.requests;
    this.#listed = request.listed;
    this.#endsAt = performance.now() + request.beginForMs;
    this.#seen = new SeenKeys(request.sample);
    this.#spans = request.spans.map((span, of) => ({ ...opened(span, of), isProved: true }));
    for (const span of this.#spans) span.left = keysLeft(span, MAX_KEYS_AT_ONCE, request.prefix, this.#seen);
    // Each page in flight listens to this signal.
    setMaxListeners(Infinity, this.#abort.signal);
  }

  async result(task: Task): Promise<Result<"listSpans">> {
    const pages = { ...task, signal: this.#abort.signal };
    const unfollow = follow(task.signal, this.#abort);
    const inFlight = new Set<Promise<void>>();
    try {
      for (;;) {
        while (inFlight.size < this.#target.settings.concurrency) {
          const span = this.#nextSpan();
          if (span === undefined) break;
          const page = this.#list(span, pages).finally(() => inFlight.delete(page));
          inFlight.add(page);
        }
        if (inFlight.size === 0) break;
        await Promise.race(inFlight);
      }
    } catch (error) {
      this.#abort.abort();
      throw error;
    } finally {
      unfollow();
    }
    const spans: ListedSpan[][] = this.#request.spans.map(() => []);
    for (const span of this.#spans) spans[span.of]!.push(listed(span));
    return { spans, requests: this.#requests };
  }

  #nextSpan(): OpenSpan | undefined {
    if (this.#sent >= SLICE_PAGES || (this.#sent > 0 && performance.now() > this.#endsAt)) return undefined;
    return this.#spans.find(({ isInFlight, isDone }) => !isInFlight && !isDone) ?? this.#divide();
  }

  async #list(span: OpenSpan, task: Task): Promise<void> {
    this.#sent += 1;
    span.isInFlight = true;
    const { prefix } = this.#request;
    const request = { prefix, limit: MAX_KEYS_AT_ONCE, ...span.start, checked: true };
    const page = await listObjects(this.#target, request, task);
    span.isInFlight = false;
    this.#requests += 1;
    this.#take(page, span);
  }

  #take({ keys, sizes, next }: Page, span: OpenSpan): void {
    const { until } = span;
    const end =
      until === undefined ? keys.length : countWhile(keys, (key) => key === until || comesBefore(key, until));
    if (end > 0) {
      const sample: string[] = [];
      for (let at = 0; at < end; at += 1) {
        span.keys.push(keys[at]!);
        span.sizes.push(sizes[at]!);
        if (at % SAMPLE_EVERY === 0) sample.push(keys[at]!);
      }
      this.#seen.add(sample);
      this.#listed += end;
      span.near = keys[0]!;
      span.after = keys[end - 1]!;
      span.isProved = true;
      span.left = keysLeft(span, end, this.#request.prefix, this.#seen);
    }
    if (end < keys.length) span.beyond = keys.slice(end, end + MAX_BEYOND);
    span.isDone = next === undefined || end < keys.length || (end > 0 && span.after === until);
    if (next !== undefined) span.start = next;
  }

  /** Divides the span with most keys left, if the bound on requests allows one more span. Returns the upper part. */
  #divide(): OpenSpan | undefined {
    const open = this.#spans.filter(({ isDone }) => !isDone);
    const unproved = open.filter(({ isProved }) => !isProved).length;
    if (unproved >= Math.max(MAX_UNPROVED, open.length - unproved)) return undefined;
    const committed = this.#requests + open.length;
    if (committed + 1 > (1.3 * this.#listed) / MAX_KEYS_AT_ONCE + 10) return undefined;
    for (const span of open.sort((a, b) => b.left - a.left)) {
      if (span.left < WORTH_DIVIDING) return undefined;
      const division = divisionOf(span, this.#request.prefix, this.#seen);
      if (division === undefined) {
        span.left = 0;
        continue;
      }
      const { point, lowerLeft, upperLeft } = division;
      const { until, after, of } = span;
      const upper = opened(
        { start: { startAfter: point }, after: point, until, low: after, near: after },
        of,
      );
      upper.left = upperLeft;
      span.left = lowerLeft;
      span.until = point;
      this.#spans.splice(this.#spans.indexOf(span) + 1, 0, upper);
      return upper;
    }
    return undefined;
  }
}

function opened(span: Span, of: number): OpenSpan {
  const state = { left: Infinity, isInFlight: false, isProved: false, isDone: false };
  return { ...span, ...state, of, keys: [], sizes: [] };
}

function listed({ keys, sizes, beyond, isDone, start, after, until, low, near }: OpenSpan): ListedSpan {
  const found = { keys, sizes: Float64Array.from(sizes), ...(beyond === undefined ? {} : { beyond }) };
  return isDone ? found : { ...found, rest: { start, after, until, low, near } };
}
