import { setMaxListeners } from "node:events";
import { comesBefore } from "../../../text/utf8-order.js";
import type { Result } from "../../../bridge/operations.js";
import type { ListedSpan, Page, Span } from "../../../bridge/protocol.js";
import { Seen } from "./alphabet.js";
import { follow } from "../follow.js";
import { IgnoresStartAfter, listObjects } from "../operations/list-objects.js";
import type { Target } from "../target.js";
import { estimate, predictableEnd, splitPoint } from "./split-point.js";
import type { Unlisted } from "./split-point.js";

/** How many pages one call begins at most, before it says what it has found and is called again. */
const SLICE_PAGES = 200;

/** S3 gives so many keys on a page, and what is likely to have fewer than two pages is not divided. */
const PAGE = 1000;
const WORTH_DIVIDING = 2 * PAGE;

/** One key of a page in so many tells what the others are like. */
const SAMPLE_EVERY = 20;

/** How many ranges may be guesses at one time, of which no page has come yet; as many as are none in any case. */
const GUESSES = 6;

/** So many keys after a range are enough to find one of them again in those that follow. */
const MOST_BEYOND = 100;

export interface SpansRequest {
  prefix: string;
  spans: Span[];
  /** How many requests the listing has cost so far. */
  requests: number;
  /** How many keys it has given so far. */
  listed: number;
  /** Some of those keys. */
  sample: string[];
  /** For how long pages are begun. */
  beginForMs: number;
}

/** A range that is being listed. */
interface Open extends Span, Pick<ListedSpan, "beyond"> {
  /** Which of the spans that were asked for it is a part of. */
  of: number;
  keys: string[];
  sizes: number[];
  /** About how many keys are left. */
  left: number;
  underWay: boolean;
  /** Whether it is known to have keys. */
  proved: boolean;
  done: boolean;
}

/**
 * Lists ranges of the keys, several at a time, and divides those of which much seems to be left. It is not known
 * beforehand how the keys are distributed: the first page of a range shows whether dividing there was right,
 * and each page counts, none is fetched only to look.
 *
 * A range costs at most one page that is not full. So as long as all requests until now, and one more for each
 * range, are not more than 1.3 a thousand keys listed, and 10, the whole listing will not cost more.
 *
 * @returns "sequential" where the service cannot list from a key on
 */
export async function listSpans(
  target: Target,
  request: SpansRequest,
  signal: AbortSignal,
): Promise<Result<"listSpans">> {
  const run = new Run(target, request, signal);
  try {
    return await run.result();
  } catch (error) {
    if (error instanceof IgnoresStartAfter) return { sequential: true };
    throw error;
  }
}

class Run {
  readonly #target: Target;
  readonly #prefix: string;
  readonly #seen: Seen;
  readonly #spans: Open[];
  readonly #ends: number;
  readonly #abort: AbortController = new AbortController();
  readonly #unfollow: () => void;
  readonly #asked: readonly Span[];
  #requests: number;
  #listed: number;
  #sent = 0;
  #underWay = 0;

  constructor(target: Target, request: SpansRequest, signal: AbortSignal) {
    this.#target = target;
    this.#prefix = request.prefix;
    this.#asked = request.spans;
    this.#spans = request.spans.map((span, of) => ({
      ...span,
      ...unknown,
      of,
      keys: [],
      sizes: [],
      proved: true,
    }));
    this.#ends = performance.now() + request.beginForMs;
    this.#requests = request.requests;
    this.#listed = request.listed;
    // One for each page under way.
    setMaxListeners(Infinity, this.#abort.signal);
    this.#unfollow = follow(signal, this.#abort);
    this.#seen = new Seen(request.sample);
    for (const span of this.#spans) span.left = this.#estimate(span, PAGE);
  }

  async result(): Promise<Result<"listSpans">> {
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error instanceof Error ? error : new Error(String(error)));
        this.#abort.abort();
      };
      const next = (): void => {
        try {
          this.#begin((page) => void page.then(next, fail));
        } catch (error) {
          fail(error);
        }
        if (this.#underWay === 0) resolve();
      };
      next();
    }).finally(this.#unfollow);
    const spans: ListedSpan[][] = this.#asked.map(() => []);
    for (const span of this.#spans) spans[span.of]!.push(listed(span));
    return { spans, requests: this.#requests };
  }

  #begin(follow: (page: Promise<void>) => void): void {
    while (this.#underWay < this.#target.settings.concurrency) {
      if (this.#sent >= SLICE_PAGES || (this.#sent > 0 && performance.now() > this.#ends)) return;
      const span = this.#spans.find(({ underWay, done }) => !underWay && !done) ?? this.#divide();
      if (span === undefined) return;
      this.#sent += 1;
      this.#underWay += 1;
      span.underWay = true;
      follow(this.#list(span));
    }
  }

  async #list(span: Open): Promise<void> {
    const page = await listObjects(
      this.#target,
      { prefix: this.#prefix, limit: PAGE, ...span.start, checked: true },
      this.#abort.signal,
    );
    span.underWay = false;
    this.#underWay -= 1;
    this.#requests += 1;
    this.#take(page, span);
  }

  #take({ keys, sizes, next }: Page, span: Open): void {
    const end = span.until === undefined ? keys.length : countUpTo(keys, span.until);
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
      span.proved = true;
      span.left = this.#estimate(span, end);
    }
    if (end < keys.length) span.beyond = keys.slice(end, end + MOST_BEYOND);
    span.done = next === undefined || end < keys.length || (end > 0 && span.after === span.until);
    if (next !== undefined) span.start = next;
  }

  /** Divides the range of which most seems to be left, if the requests allow it. */
  #divide(): Open | undefined {
    const open = this.#spans.filter(({ done }) => !done);
    const guesses = open.filter(({ proved }) => !proved).length;
    if (guesses >= Math.max(GUESSES, open.length - guesses)) return undefined;
    const committed = this.#requests + open.length;
    if (committed + 1 > (1.3 * this.#listed) / PAGE + 10) return undefined;
    for (const span of open.sort((a, b) => b.left - a.left)) {
      if (span.left < WORTH_DIVIDING) return undefined;
      const upper = this.#upperOf(span);
      if (upper === undefined) {
        span.left = 0;
        continue;
      }
      span.until = upper.after;
      this.#spans.splice(this.#spans.indexOf(span) + 1, 0, upper);
      return upper;
    }
    return undefined;
  }

  #upperOf(span: Open): Open | undefined {
    const end =
      span.until === undefined
        ? predictableEnd(known(span), PAGE, WORTH_DIVIDING, this.#prefix, this.#seen)
        : "open";
    if (end === undefined) return undefined;
    const point = end === "open" ? splitPoint(known(span), this.#prefix, this.#seen) : end.until;
    if (point === undefined) return undefined;
    span.left = end === "open" ? span.left / 2 : end.left;
    return {
      ...unknown,
      of: span.of,
      start: { startAfter: point },
      after: point,
      until: span.until,
      low: span.after,
      near: span.after,
      keys: [],
      sizes: [],
      // Whether there is anything at all, its first page will tell.
      left: end === "open" ? span.left : 0,
    };
  }

  #estimate(span: Span, count: number): number {
    if (span.until !== undefined) return estimate(known(span), count, this.#prefix, this.#seen);
    const end = predictableEnd(known(span), count, WORTH_DIVIDING, this.#prefix, this.#seen);
    if (end === "open") return estimate(known(span), count, this.#prefix, this.#seen);
    return end?.left ?? 0;
  }
}

const unknown = { left: Infinity, underWay: false, proved: false, done: false };

function known({ after, until, low, near }: Span): Unlisted {
  return { after, until, low, near };
}

function listed({ keys, sizes, beyond, done, start, after, until, low, near }: Open): ListedSpan {
  const found = { keys, sizes: Float64Array.from(sizes), ...(beyond === undefined ? {} : { beyond }) };
  return done ? found : { ...found, rest: { start, after, until, low, near } };
}

function countUpTo(keys: readonly string[], until: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comesBefore(until, keys[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
