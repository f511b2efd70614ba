import fs from "node:fs";
import { debuglog } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";
import { wasTried } from "./first-try/replay.js";

const log = debuglog("s3bucketmap");

interface Input {
  Key?: string;
  Prefix?: string;
}

interface Sent {
  body?: unknown;
  headers: Record<string, string>;
}

interface Received {
  statusCode?: number;
  headers: Record<string, string>;
}

/** Logs one request, if requests are logged. */
export function logRequest(
  operation: string,
  input: object,
  attempt: number,
  started: number,
  outcome: Error | { sent: Sent; received: Received },
): void {
  if (!log.enabled) return;
  const ms = (performance.now() - started).toFixed(1);
  const { Key, Prefix } = input as Input;
  const line = `${operation} ${JSON.stringify(Key ?? Prefix ?? "")} ${told(outcome)} ${ms} ms, attempt ${attempt}`;
  fs.writeSync(2, `S3BUCKETMAP ${process.pid}: ${line}\n`);
}

function told(outcome: Error | { sent: Sent; received: Received }): string {
  if (outcome instanceof Error) {
    const { name, code } = outcome as Error & { code?: unknown };
    return typeof code === "string" ? `${name} (${code}),` : `${name},`;
  }
  const { sent, received } = outcome;
  const { headers } = sent.body === undefined ? received : sent;
  const bytes = headers["content-length"] ?? (received.statusCode === 204 ? "0" : "?");
  return `${received.statusCode}, ${bytes} bytes,`;
}

/**
 * With `NODE_DEBUG=s3bucketmap`, one line on stderr for each request that is sent: operation, key, status,
 * milliseconds, attempt and bytes. Never a header, so never a credential. It is written at once: what a
 * worker logs otherwise waits for the blocked thread, and is lost when the program exits.
 */
export function logRequests(client: S3Client): void {
  if (!log.enabled) return;
  const attempts = new WeakMap<object, number>();
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const attempt = (attempts.get(args.input) ?? 0) + 1;
      attempts.set(args.input, attempt);
      if (attempt === 1 && wasTried(context)) return next(args);
      const operation = String(context["commandName"]).replace(/Command$/, "");
      const started = performance.now();
      try {
        const result = await next(args);
        const [sent, received] = [args.request as Sent, result.response as Received];
        logRequest(operation, args.input, attempt, started, { sent, received });
        return result;
      } catch (error) {
        logRequest(operation, args.input, attempt, started, error as Error);
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapRequestLog" },
  );
}
