import { setMaxListeners } from "node:events";
import type { GetObjectCommandInput } from "@aws-sdk/client-s3";
import { crc32 } from "node:zlib";
import { crc32Text } from "../../../local/body/crc32.js";
import { OperationError } from "../../operation-error.js";
import { BrokenBody } from "../bad-answers.js";
import type { Client } from "../client.js";
import { follow } from "../follow.js";
import { partSize } from "../operations/multipart-upload.js";
import { RANGED_ABOVE } from "../operations/ranged-get.js";
import { backOff } from "../pause.js";
import { isNoSuchKey, statusOf } from "../sdk-errors.js";
import type { Task } from "../task.js";
import { openBody } from "./open-body.js";
import type { OpenAnswer } from "./open-body.js";
import type { TargetFile } from "./target-file.js";

/** How many ranges are in flight at once, besides the plain GET. */
const RANGES_AT_ONCE = 7;

/**
 * How many bytes of a part are collected before they are written. Separate writes of each 64 KiB chunk would cost more.
 */
const WRITE_BYTES = 1024 * 1024;

/** How often in a row a range may deliver fewer than MIN_BYTES. */
const TRIES = 3;
const MIN_BYTES = 64 * 1024;

/** The download failed for a reason that may be gone when it is restarted. */
export class Again extends Error {
  readonly because: Error;

  constructor(because: Error) {
    super(because.message);
    this.because = because;
  }
}

interface Given {
  client: Client;
  input: GetObjectCommandInput;
  file: TargetFile;
  /** The response to a plain GET. */
  answer: OpenAnswer;
  /** The Content-Length of that response. */
  length: number;
  task: Task;
  moved: () => void;
}

/** A part that is being read, by a range, by the plain GET, or by both. Each byte of it is written once. */
interface Part {
  readonly index: number;
  /** The bytes before this one have arrived. */
  at: number;
  /** The CRC32 of the bytes before `at`. */
  crc: number;
  /** The last chunks before `at`, which are not yet written. */
  unwritten: Buffer[];
  unwrittenBytes: number;
  /** How many bytes of the part are in the file. */
  writtenBytes: number;
}

/**
 * Writes one version of an object into a file: the plain GET from the beginning, and ranges of the same ETag from the
 * end. The plain GET also delivers the parts that ranges have begun, so a range that is late or fails does no harm. If
 * the plain GET breaks off, ranges deliver the rest.
 */
export class Download {
  readonly #given: Given;
  readonly #size: number;
  /** The parts that were begun, by index. */
  readonly #parts: (Part | undefined)[];
  /** How many parts are not in the file yet. */
  #left: number;
  /** Ranges have begun all parts from this one on. */
  #back: number;
  /** The part that the plain GET is delivering. */
  #front = 0;
  /** Why no more ranges are requested. */
  #stopped: Error | undefined;
  readonly #over = new AbortController();

  constructor(given: Given) {
    this.#given = given;
    // Node warns of a leak beyond ten listeners.
    setMaxListeners(Infinity, this.#over.signal);
    this.#size = partSize(given.length);
    this.#left = this.#back = Math.ceil(given.length / this.#size);
    this.#parts = new Array<Part | undefined>(this.#left);
  }

  /**
   * @returns the CRC32 and the length of each part, in order
   * @throws Again if some parts could not be read
   */
  async run(concurrency: number): Promise<{ checksum: string; size: number }[]> {
    const { length, task, answer } = this.#given;
    const unfollow = follow(task.signal, this.#over);
    const lanes = [this.#readPlain()];
    const ranges = length > RANGED_ABOVE ? Math.min(RANGES_AT_ONCE, concurrency - 1) : 0;
    for (let started = 0; started < ranges; started += 1) lanes.push(this.#readRanges());
    // When all lanes have settled, nothing writes to the file any longer.
    const ends = await Promise.allSettled(lanes);
    unfollow();
    answer.body.destroy();
    task.signal.throwIfAborted();
    for (const end of ends) if (end.status === "rejected") throw end.reason as Error;
    if (this.#left > 0) throw new Again(this.#stopped ?? new Error("the body ended early"));
    return this.#parts.map((part, index) => ({
      checksum: crc32Text(part!.crc),
      size: this.#end(index) - index * this.#size,
    }));
  }

  #end(index: number): number {
    return Math.min(this.#given.length, (index + 1) * this.#size);
  }

  #part(index: number): Part {
    const at = index * this.#size;
    return (this.#parts[index] ??= { index, at, crc: 0, unwritten: [], unwrittenBytes: 0, writtenBytes: 0 });
  }

  async #readPlain(): Promise<void> {
    const { answer, length, moved } = this.#given;
    let at = 0;
    const stop = (): unknown => answer.body.destroy();
    this.#over.signal.addEventListener("abort", stop, { once: true });
    let broken: Error | undefined;
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        for (let rest = chunk; rest.length > 0 && this.#left > 0;) {
          if (at === length) throw new Error("the body is longer than its Content-Length");
          const bytes = rest.subarray(0, this.#end(this.#front) - at);
          rest = rest.subarray(bytes.length);
          await this.#add(this.#part(this.#front), at, bytes);
          moved();
          at += bytes.length;
          if (at === this.#end(this.#front) && at < length) this.#front += 1;
        }
        if (this.#left === 0) return;
      }
    } catch (error) {
      this.#throwIfFatal(error);
      broken = error as Error;
    }
    if (this.#left === 0 || this.#over.signal.aborted) return;
    broken ??= new Error(`the body ended after ${at} of ${length} bytes`);
    // Ranges that have begun are under way, or have failed. If one has failed, the download is restarted.
    if (this.#stopped === undefined && this.#front < this.#back)
      await this.#readRanges(this.#part(this.#front));
    if (this.#stopped === undefined || this.#stopped instanceof Unsupported)
      this.#stopped = new BrokenBody(broken);
  }

  /** @param first - a part to begin with, before those from the end */
  async #readRanges(first?: Part): Promise<void> {
    for (let part = first ?? this.#takeLast(); part !== undefined; part = this.#takeLast()) {
      try {
        await this.#readRange(part);
      } catch (error) {
        this.#throwIfFatal(error);
        this.#stopped ??= error as Error;
      }
    }
  }

  #takeLast(): Part | undefined {
    if (this.#stopped !== undefined || this.#over.signal.aborted || this.#back <= this.#front + 1)
      return undefined;
    this.#back -= 1;
    return this.#part(this.#back);
  }

  /** Reads a part. If a range breaks off, the rest of it is requested again. */
  async #readRange(part: Part): Promise<void> {
    const { client, input, answer, length, task, moved } = this.#given;
    const { signal } = this.#over;
    const end = this.#end(part.index);
    for (let tries = 1; part.at < end; tries += 1) {
      const range = `${part.at}-${end - 1}`;
      const asked = { ...input, IfMatch: answer.headers["etag"], Range: `bytes=${range}` };
      let broken: unknown;
      const from = part.at;
      let at = from;
      const got = await openBody(client, asked, { ...task, signal }).catch(changedIf);
      const stop = (): unknown => got.body.destroy();
      signal.addEventListener("abort", stop, { once: true });
      try {
        if (
          got.statusCode !== 206 ||
          got.headers["etag"] !== answer.headers["etag"] ||
          got.headers["content-range"] !== `bytes ${range}/${length}`
        )
          throw new Unsupported();
        for await (const chunk of got.body as AsyncIterable<Buffer>) {
          if (chunk.length > end - at) throw new Unsupported();
          await this.#add(part, at, chunk);
          moved();
          at += chunk.length;
        }
      } catch (error) {
        this.#throwIfFatal(error);
        if (error instanceof Unsupported) throw error;
        broken = error;
      } finally {
        signal.removeEventListener("abort", stop);
        got.body.destroy();
      }
      if (at === end) return;
      if (signal.aborted) throw new Error("the download is over");
      if (at - from >= MIN_BYTES) tries = 0;
      else if (tries === TRIES)
        throw new BrokenBody(broken instanceof Error ? broken : new Error("a range was incomplete"));
      await backOff(Math.max(1, tries), signal);
    }
  }

  /** Adds bytes that begin at a position, unless the part's other reader has already added them. */
  async #add(part: Part, position: number, bytes: Buffer): Promise<void> {
    const added = bytes.subarray(part.at - position);
    if (added.length === 0) return;
    part.crc = crc32(added, part.crc);
    part.at += added.length;
    part.unwritten.push(added);
    part.unwrittenBytes += added.length;
    const end = this.#end(part.index);
    if (part.at < end && part.unwrittenBytes < WRITE_BYTES) return;
    const { unwritten, unwrittenBytes } = part;
    part.unwritten = [];
    part.unwrittenBytes = 0;
    await this.#given.file.write(unwritten, part.at - unwrittenBytes);
    part.writtenBytes += unwrittenBytes;
    if (part.writtenBytes < end - part.index * this.#size) return;
    this.#left -= 1;
    if (this.#left === 0) this.#over.abort();
  }

  // If the file system rejects a write, it would reject it again.
  #throwIfFatal(error: unknown): void {
    if (!(error instanceof OperationError) || error.code !== "FileNotWritten") return;
    this.#over.abort();
    throw error;
  }
}

/** The service sends other ranges than those that were requested, or does not support ranges. */
class Unsupported extends Error {
  constructor() {
    super("the service did not send the requested range");
  }
}

function changedIf(error: unknown): never {
  if (statusOf(error) === 412 || isNoSuchKey(error)) {
    throw new OperationError("ObjectChanged", "the object was overwritten or deleted during each attempt");
  }
  throw error;
}
