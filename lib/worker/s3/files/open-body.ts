import { Readable } from "node:stream";
import { sdk } from "../sdk.js";
import type { GetObjectCommandInput } from "@aws-sdk/client-s3";
import { checkIsWhole } from "../bad-answers.js";
import type { Client } from "../client.js";
import type { Task } from "../task.js";

/** A response whose body has not been read. */
export interface OpenAnswer {
  readonly statusCode: number;
  /** All headers, including checksums. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
}

/**
 * Sends a GET, and leaves the body for the caller to read. The SDK retries the request until it gets headers. The SDK
 * sees an empty body without checksums, because it could verify only a body that is read from beginning to end.
 */
export async function openBody(
  client: Client,
  input: GetObjectCommandInput,
  task: Task,
): Promise<OpenAnswer> {
  const command = new sdk.GetObjectCommand(input);
  let opened: OpenAnswer | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as {
        statusCode: number;
        headers: Record<string, string>;
        body: Readable;
      };
      if (response.statusCode >= 300) return result;
      const { statusCode, headers, body } = response;
      // The body may fail when nothing is reading it.
      body.on("error", () => {});
      opened?.body.destroy();
      opened = { statusCode, headers: { ...headers }, body };
      for (const name in headers) if (name.startsWith("x-amz-checksum-")) delete headers[name];
      response.body = Readable.from([]);
      return result;
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapOpenBody" },
  );
  try {
    const output = await client.send(command, task);
    if (input.Range === undefined) checkIsWhole(output);
    return opened!;
  } catch (error) {
    opened?.body.destroy();
    throw error;
  }
}
