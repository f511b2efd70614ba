import type { Readable } from "node:stream";
import type { GetObjectCommand } from "@aws-sdk/client-s3";
import { OperationError } from "../../operation-error.js";
import { isOfWhole } from "../direct/replay.js";
import { InPlace } from "./in-place.js";
import { BadAnswer, TooLong, BrokenBody } from "../bad-answers.js";
import { MAX_UNTOLD_BYTES } from "./bounded.js";

/**
 * Reads a command's body within its try: the SDK repeats a request, but not one whose answer broke off in
 * the middle, for it gives out the answer as soon as its headers are there.
 *
 * @returns what gives the bytes once the command has been sent
 */
export function readWhole(command: GetObjectCommand, maxBytes: number): () => Uint8Array {
  let bytes: Uint8Array = new Uint8Array();
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const output = result.output;
      const body = output.Body as Readable;
      const length = output.ContentLength;
      if (length !== undefined && length > maxBytes) {
        body.destroy();
        throw tooLong(`${length}`, maxBytes);
      }
      const response = result.response as Response;
      try {
        bytes =
          length === undefined ? await collectChunks(body, response, maxBytes) : await collect(body, length);
      } catch (error) {
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

function tooLong(length: string, maxBytes: number): OperationError {
  return new OperationError("ValueTooLong", `it has ${length} bytes, and at most ${maxBytes} can be read`);
}

/** Whether a body whose length is not known says where it ends. */
export function isChunked(headers: Record<string, string>): boolean {
  return /\bchunked$/i.test(headers["transfer-encoding"] ?? "");
}

async function collectChunks(
  body: Readable,
  { statusCode, headers }: Response,
  maxBytes: number,
): Promise<Uint8Array> {
  if (!isChunked(headers)) {
    body.on("error", () => {}).destroy();
    throw new Error("the answer does not say how long it is, and would look whole wherever it broke off");
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLong(`more than ${maxBytes}`, maxBytes);
    if (length > MAX_UNTOLD_BYTES) throw new TooLong(statusCode, MAX_UNTOLD_BYTES);
    chunks.push(chunk);
  }
  const whole = new InPlace(new Uint8Array(length));
  for (const chunk of chunks) whole.add(chunk);
  return whole.bytes;
}

/**
 * All of a body.
 *
 * @param into - a buffer for it, where there is one
 */
export async function collect(body: Readable, length: number, into?: Uint8Array): Promise<Uint8Array> {
  let parts = into && new InPlace(into);
  let whole: Uint8Array | undefined;
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > length)
      throw new Error(`the body is longer than its Content-Length of ${length}`);
    // What was put together before is not copied again.
    if (parts === undefined && isOfWhole(chunk, length)) whole = new Uint8Array(chunk.buffer);
    else (parts ??= new InPlace(new Uint8Array(length))).add(chunk);
    at += chunk.length;
  }
  if (at !== length) throw new Error(`the body ended after ${at} of ${length} bytes`);
  return whole ?? parts?.bytes ?? new Uint8Array();
}
