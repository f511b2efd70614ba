import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { OperationError } from "../failure.js";
import { limits } from "./client.js";
import { isMissing } from "./missing.js";
import type { Target } from "./s3.js";

/**
 * A whole object's bytes, or undefined where there is no such key. One GET.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getObject(
  target: Target,
  key: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { client, settings } = target;
  for (let attempt = 1; ; attempt += 1) {
    const command = new GetObjectCommand({
      Bucket: settings.bucket,
      Key: key,
      ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
    });
    let length: number;
    let body: Readable;
    try {
      const output = await client.send(command, { abortSignal: signal });
      length = output.ContentLength ?? 0;
      body = output.Body as Readable;
    } catch (error) {
      if (!isMissing(target, error)) throw error;
      return undefined;
    }
    target.bucketProved = true;
    if (length > maxBytes) {
      body.destroy();
      throw new OperationError("ValueTooLong", `it has ${length} bytes, and at most ${maxBytes} can be read`);
    }
    try {
      return await collect(body, length);
    } catch (error) {
      // The SDK repeats a request, but not one whose answer broke off in the middle.
      if (signal.aborted || attempt >= limits.tries) throw brokenBody(error, attempt);
    }
  }
}

async function collect(body: Readable, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (at + chunk.length > length)
      throw new Error(`the body is longer than its Content-Length of ${length}`);
    bytes.set(chunk, at);
    at += chunk.length;
  }
  if (at !== length) throw new Error(`the body ended after ${at} of ${length} bytes`);
  return bytes;
}

function brokenBody(error: unknown, attempts: number): unknown {
  if (!(error instanceof Error)) return error;
  const code = /checksum/i.test(error.message) ? "ChecksumMismatch" : "NetworkError";
  return new OperationError(code, error.message, { attempts });
}
