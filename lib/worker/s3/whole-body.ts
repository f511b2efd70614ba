import type { Readable } from "node:stream";
import type { GetObjectCommand, GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { OperationError } from "../failure.js";
import { isWhole } from "./first-try/replay.js";

/** A body that did not come whole, or not as it was stored. */
export class BrokenBody extends Error {
  override name = "BrokenBody";
  readonly code: "ChecksumMismatch" | "NetworkError";
  /** For the SDK: worth another try. */
  readonly $retryable: object = {};

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = /checksum/i.test(cause.message) ? "ChecksumMismatch" : "NetworkError";
  }
}

/**
 * Reads a command's body within its try: the SDK repeats a request, but not one whose answer broke off in
 * the middle, for it gives out the answer as soon as its headers are there.
 *
 * @returns what gives the bytes once the command has been sent
 */
export function readWhole(command: GetObjectCommand, maxBytes: number): () => Uint8Array {
  let bytes: Uint8Array = new Uint8Array();
  readWithin(command, async ({ ContentLength: length = 0 }, body) => {
    if (length > maxBytes) {
      body.destroy();
      throw new OperationError("ValueTooLong", `it has ${length} bytes, and at most ${maxBytes} can be read`);
    }
    bytes = await collect(body, length);
  });
  return () => bytes;
}

/**
 * Reads a command's body into a buffer, within its try.
 *
 * @param isWanted - whether an answer is the one that was asked for; nothing is read of another
 */
export function readInto(
  command: GetObjectCommand,
  into: Uint8Array,
  isWanted: (output: GetObjectCommandOutput) => boolean,
): void {
  readWithin(command, async (output, body) => {
    if (!isWanted(output) || output.ContentLength !== into.length) {
      throw new OperationError("BadAnswer", "the answer is not the range that was asked for");
    }
    await collect(body, into.length, into);
  });
}

function readWithin(
  command: GetObjectCommand,
  read: (output: GetObjectCommandOutput, body: Readable) => Promise<void>,
): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      try {
        await read(result.output, result.output.Body as Readable);
      } catch (error) {
        throw error instanceof Error && !(error instanceof OperationError) ? new BrokenBody(error) : error;
      }
      return result;
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapWholeBody" },
  );
}

/** @param into - where there is a buffer for it */
async function collect(body: Readable, length: number, into?: Uint8Array): Promise<Uint8Array> {
  let bytes = into;
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > length)
      throw new Error(`the body is longer than its Content-Length of ${length}`);
    // What was put together before is not copied again.
    if (bytes === undefined && chunk.length === length && isWhole(chunk)) bytes = chunk;
    else (bytes ??= new Uint8Array(length)).set(chunk, at);
    at += chunk.length;
  }
  if (at !== length) throw new Error(`the body ended after ${at} of ${length} bytes`);
  return bytes ?? new Uint8Array();
}
