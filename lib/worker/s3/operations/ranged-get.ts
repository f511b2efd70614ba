import { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { sdk } from "../sdk.js";
import type { GetObjectCommand, GetObjectCommandInput } from "@aws-sdk/client-s3";
import type { KeyInput } from "../bucket-input.js";
import type { Client } from "../client.js";
import { bodyOf, collect, InPlace } from "../body/whole-body.js";
import type { AnswerHead, InParts } from "../direct/messages.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { gettingPart } from "../direct/reads.js";
import type { Part } from "../direct/reads.js";
import { statusOf } from "../sdk-errors.js";
import type { Task } from "../task.js";
import { backOff } from "../pause.js";

/** Larger bodies are read over several connections, because services limit the speed of each connection. */
export const RANGED_ABOVE: number = 32 * 1024 ** 2;

/** The size of all ranges but the last one asked for, which is what the others leave. */
const RANGE_BYTES = 8 * 1024 ** 2;

/** How many ranges are in flight at once. They are written into the one buffer, so they need no further memory. */
const PARTS_AT_ONCE = 7;

/**
 * Above this speed, further connections would only cost requests: services limit each connection to about 90 MB a
 * second, and this thread handles 400 MB a second at most. Connections start slowly, so LEAD_BYTES count as received
 * from the beginning. The speed is checked every PACE_MS.
 */
const QUICK_BYTES_PER_MS = 150_000;
const LEAD_BYTES = 3_000_000;
const PACE_MS = 10;

/** How often a part is requested at most. */
const TRIES = 3;

/** Fills a buffer with the bytes from `start` on. If it rejects, the content of the buffer is undefined. */
type Fetch = (start: number, into: Uint8Array, signal: AbortSignal) => Promise<void>;

/**
 * Reads the body of a slow GET with the help of further GETs. They request ranges of the same version of the object
 * (If-Match), beginning at the end. At most one more GET for each 8 MiB.
 *
 * @param connections - the maximum number of connections, including that of the plain GET
 * @see
 * https://docs.aws.amazon.com/whitepapers/latest/s3-optimizing-performance-best-practices/use-byte-range-fetches.html
 */
export function inParts(client: Client, object: KeyInput, connections: number, task: Task): InParts {
  return (plain, { statusCode, headers }) => {
    const IfMatch = headers["etag"];
    const length = Number(headers["content-length"]);
    if (statusCode !== 200 || IfMatch === undefined || !(length > RANGED_ABOVE)) return undefined;
    const atOnce = Math.min(PARTS_AT_ONCE, connections - 1);
    return readBoth(plain, length, atOnce, task.signal, async (start, into, signal) => {
      const range = `${start}-${start + into.length - 1}`;
      const asked = { ...object, IfMatch, Range: `bytes=${range}` };
      const part = { contentRange: `bytes ${range}/${length}`, into };
      for (let tries = 1; ; tries += 1) {
        try {
          await fetchPart(client, asked, part, { ...task, signal });
          return;
        } catch (error) {
          if (tries === TRIES || !(error instanceof RangeFailed && error.mayPass)) throw error;
        }
        await backOff(tries, signal);
      }
    });
  };
}

/** The SDK does not retry this error. The plain GET delivers the bytes that a range does not. */
class RangeFailed extends Error {
  readonly mayPass: boolean;

  constructor(mayPass: boolean) {
    super("a range could not be read");
    this.mayPass = mayPass;
  }
}

type PartInput = GetObjectCommandInput & { IfMatch: string; Range: string };

async function fetchPart(client: Client, input: PartInput, part: Part, task: Task): Promise<void> {
  const { result, outcome } = await directAttempt(client, input, gettingPart(input, part), task);
  if (result !== undefined) return;
  if (outcome === undefined) return fetchPartBySdk(client, new sdk.GetObjectCommand(input), part, task);
  throw new RangeFailed(
    outcome instanceof Error || outcome.broken !== undefined || outcome.statusCode >= 500,
  );
}

async function fetchPartBySdk(
  client: Client,
  command: GetObjectCommand,
  { contentRange, into }: Part,
  task: Task,
): Promise<void> {
  const left = new AbortController();
  command.middlewareStack.add(
    (next) => async (args) => {
      try {
        const result = await next(args);
        const { Body, ContentLength, ContentRange, ETag, $metadata } = result.output;
        const body = Body as Readable;
        if (
          $metadata.httpStatusCode !== 206 ||
          ETag !== command.input.IfMatch ||
          ContentRange !== contentRange ||
          ContentLength !== into.length
        ) {
          // The body is not read, so the connection is closed.
          body.on("error", () => {});
          left.abort();
          throw new RangeFailed(false);
        }
        await collect(body, into.length, into);
        return result;
      } catch (error) {
        const status = statusOf(error);
        throw error instanceof RangeFailed ? error : new RangeFailed(status === undefined || status >= 500);
      }
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapRange" },
  );
  await client.send(command, { ...task, signal: AbortSignal.any([task.signal, left.signal]) });
}

/** Makes the SDK read a large body this way, within its attempt. It then verifies the whole body as usual. */
export function readInParts(command: GetObjectCommand, maxBytes: number, read: InParts): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as AnswerHead & { body: unknown };
      const { headers, body } = response;
      if (!(body instanceof IncomingMessage) || Number(headers["content-length"]) > maxBytes) return result;
      await read(body, response)?.then(
        (bytes) => (response.body = bodyOf({ body: bytes })),
        (broken: Error) => (response.body = bodyOf({ body: new Uint8Array(), broken })),
      );
      return result;
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapRangedGet" },
  );
}

/**
 * Reads from both ends until everything has arrived: the plain GET from the beginning, and ranges from the end. The
 * plain GET also delivers parts whose ranges have not arrived. So a range that fails, or is late, does no harm: at
 * worst the plain GET delivers the whole value.
 */
function readBoth(
  plain: IncomingMessage,
  length: number,
  atOnce: number,
  signal: AbortSignal,
  fetch: Fetch,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const front = new InPlace(new Uint8Array(length));
    let back = length;
    const missing = new Set<{ end: number }>();
    let isGoing = true;
    const over = new AbortController();

    const end = (settle: () => void): void => {
      if (over.signal.aborted) return;
      signal.removeEventListener("abort", abort);
      clearInterval(pace);
      // From now on, nothing must be written to the buffer, because it is transferred to another thread.
      over.abort();
      plain.destroy();
      settle();
    };
    const fail = (error: Error): void => end(() => reject(error));
    const abort = (): void => fail(Object.assign(new Error("Request aborted"), { name: "AbortError" }));
    const look = (): void => {
      for (const part of missing) if (part.end > front.length) return;
      if (front.length >= back) end(() => resolve(front.bytes));
    };
    const run = async (): Promise<void> => {
      while (isGoing && front.length < back && !over.signal.aborted) {
        const start = Math.max(front.length, back - RANGE_BYTES);
        const part = { end: back };
        missing.add(part);
        back = start;
        try {
          await fetch(start, front.bytes.subarray(start, part.end), over.signal);
        } catch {
          isGoing = false; // The object has changed, or the service does not support ranges. The plain GET goes on.
          return;
        }
        missing.delete(part);
        look();
      }
    };

    signal.addEventListener("abort", abort, { once: true });
    plain.on("data", (chunk: Buffer) => {
      if (over.signal.aborted) return;
      front.add(chunk);
      look();
    });
    plain.on("error", fail);
    plain.on("close", () => fail(new Error(`the body ended after ${front.length} of ${length} bytes`)));
    const began = performance.now();
    const pace = setInterval(() => {
      if (front.length + LEAD_BYTES > (performance.now() - began) * QUICK_BYTES_PER_MS) return;
      clearInterval(pace);
      for (let started = 0; started < atOnce; started += 1) void run();
    }, PACE_MS);
  });
}
