import type { S3Client } from "@aws-sdk/client-s3";
import { Readable } from "node:stream";
import { TooLong } from "../bad-answers.js";

/** S3's longest answer but for objects: a page of a thousand keys, each character of them escaped, has 4 MB. */
export const MAX_ANSWER_BYTES: number = 16 * 1024 ** 2;

/** What is read of an object whose length is not told: it may have no end. */
export const MAX_UNTOLD_BYTES: number = 64 * 1024 ** 2;

interface Response {
  statusCode: number;
  body?: unknown;
}

/** Keeps the SDK, which reads errors and pages to their end, from one that does not end. */
export function boundAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as Response;
      const isObject = context["commandName"] === "GetObjectCommand" && response.statusCode < 300;
      if (response.body instanceof Readable && !isObject) {
        response.body = Readable.from(bounded(response.body, response.statusCode));
      }
      return result;
    },
    // After what reads it, on its way in.
    { step: "deserialize", priority: "low", name: "s3bucketmapBounded" },
  );
}

async function* bounded(body: Readable, statusCode: number): AsyncGenerator<Buffer, void, undefined> {
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    // It ends the loop, and with it the body.
    if (length > MAX_ANSWER_BYTES) throw new TooLong(statusCode, MAX_ANSWER_BYTES);
    yield chunk;
  }
}
