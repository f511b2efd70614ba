import { Readable } from "node:stream";
import type { GetObjectCommand } from "@aws-sdk/client-s3";
import { OperationError } from "../../operation-error.js";
import { BadAnswer, BrokenBody, MAX_UNTOLD_BYTES, TooLong } from "../bad-answers.js";

/** From this size on, a body is written into its final buffer as it arrives. */
const IN_PLACE_FROM = 1024 * 1024;

/** The SDK hashes each chunk in one call, and Node's crypto accepts less than 2 GiB. */
const CHUNK_BYTES = 64 * 1024 ** 2;

/**
 * The last chunks that arrived, 1 MiB at most. malloc returns free memory at the top of a thread's heap to the system.
 * To get cleared memory again for the next chunks took a sixth of the time of a large body. Live chunks near the top
 * prevent that.
 */
const lastChunks = new Array<Uint8Array>(16);
let count = 0;

/** A body that is assembled in one buffer as it arrives, so that it is in memory only once. */
export class InPlace {
  readonly bytes: Uint8Array;
  /** How many bytes have arrived. */
  length = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  add(chunk: Uint8Array): void {
    this.bytes.set(chunk, this.length);
    this.length += chunk.length;
    lastChunks[count % lastChunks.length] = chunk;
    count += 1;
  }
}

interface Gathering {
  add(chunk: Uint8Array): void;
  /** The body, in a buffer that holds nothing else, because the buffer is transferred to the calling thread. */
  whole(): Uint8Array;
}

/** @param length - the body's Content-Length; NaN if it has none */
export function gathering(length = NaN): Gathering {
  return length >= IN_PLACE_FROM ? inPlace(length) : inChunks();
}

function inChunks(): Gathering {
  const chunks: Uint8Array[] = [];
  return {
    add: (chunk) => void chunks.push(chunk),
    whole: () => {
      const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const chunk of chunks) {
        bytes.set(chunk, at);
        at += chunk.length;
      }
      return bytes;
    },
  };
}

// The HTTP parser delivers no more than Content-Length.
function inPlace(length: number): Gathering {
  // Allocated with the first chunk, because the response to a HEAD has a length, but no body.
  let parts: InPlace | undefined;
  return {
    add: (chunk) => (parts ??= new InPlace(new Uint8Array(length))).add(chunk),
    whole: () => {
      if (parts === undefined) return new Uint8Array();
      return parts.length === length ? parts.bytes : parts.bytes.slice(0, parts.length);
    },
  };
}

/**
 * Reads a body of known length.
 *
 * @param into - the buffer to use, if there is one
 */
export async function collect(body: Readable, length: number, into?: Uint8Array): Promise<Uint8Array> {
  let parts = into && new InPlace(into);
  let whole: Uint8Array | undefined;
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > length)
      throw new Error(`the body is longer than its Content-Length of ${length}`);
    // A replayed body is already in one buffer, and need not be copied.
    if (parts === undefined && isOfWhole(chunk, length)) whole = new Uint8Array(chunk.buffer);
    else (parts ??= new InPlace(new Uint8Array(length))).add(chunk);
    at += chunk.length;
  }
  if (at !== length) throw new Error(`the body ended after ${at} of ${length} bytes`);
  return whole ?? parts?.bytes ?? new Uint8Array();
}

const wholeBuffers = new WeakSet<ArrayBufferLike>();

function isOfWhole({ buffer }: Uint8Array, length: number): boolean {
  return wholeBuffers.has(buffer) && buffer.byteLength === length;
}

interface Received {
  readonly body: Uint8Array;
  readonly broken?: Error;
  readonly tooLong?: true;
}

/**
 * Turns a body that was read before into the stream that the SDK expects. It fails at the byte where the original
 * failed.
 */
export function bodyOf({ body, broken, tooLong }: Received): Readable {
  if (broken === undefined && body.length > 0) wholeBuffers.add(body.buffer);
  let at = 0;
  return new Readable({
    read() {
      // The caller rejects the body because of its Content-Length, and never reads it.
      if (tooLong) return;
      const chunk = body.subarray(at, at + CHUNK_BYTES);
      at += chunk.length;
      if (chunk.length > 0) this.push(chunk);
      else if (broken === undefined) this.push(null);
      else this.destroy(broken);
    },
  });
}

/**
 * Reads a command's body within the attempt. The SDK's own attempt ends when the headers have arrived, so it would not
 * retry a request whose body breaks off.
 *
 * @returns a function that returns the bytes once the command has been sent
 */
export function readWhole(command: GetObjectCommand, maxBytes: number): () => Uint8Array {
  let bytes: Uint8Array = new Uint8Array();
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { Body, ContentLength: length } = result.output;
      const body = Body as Readable; // In Node, always.
      const response = result.response as Response;
      // The caller rejects such a response, whatever its body is.
      if (response.statusCode !== 200) {
        body.on("error", () => {}).destroy();
        return result;
      }
      if (length !== undefined && length > maxBytes) {
        body.destroy();
        throw valueTooLong(`${length}`, maxBytes);
      }
      try {
        bytes = await (length === undefined
          ? collectChunks(body, response, maxBytes)
          : collect(body, length));
      } catch (error) {
        body.on("error", () => {}).destroy();
        const isTold = error instanceof OperationError || error instanceof BadAnswer;
        throw isTold || !(error instanceof Error) ? error : new BrokenBody(error);
      }
      return result;
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapWholeBody" },
  );
  return () => bytes;
}

interface Response {
  statusCode: number;
  headers: Record<string, string>;
}

function valueTooLong(length: string, maxBytes: number): OperationError {
  return new OperationError(
    "ValueTooLong",
    `the value has ${length} bytes, but at most ${maxBytes} can be read`,
  );
}

/** Whether the end of a body without a Content-Length is marked. */
export function isChunked(headers: Record<string, string>): boolean {
  return /\bchunked$/i.test(headers["transfer-encoding"] ?? "");
}

/** Throws for a response without a Content-Length whose body might have been truncated. */
export function checkEndIsMarked({ statusCode, headers }: Response): void {
  if (isChunked(headers)) return;
  throw new BadAnswer("the response does not declare its length, so a truncated body would look complete", {
    httpStatusCode: statusCode,
  });
}

async function collectChunks(body: Readable, response: Response, maxBytes: number): Promise<Uint8Array> {
  checkEndIsMarked(response);
  const bytes = gathering();
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw valueTooLong(`more than ${maxBytes}`, maxBytes);
    if (length > MAX_UNTOLD_BYTES) throw new TooLong(response.statusCode, MAX_UNTOLD_BYTES);
    bytes.add(chunk);
  }
  return bytes.whole();
}
