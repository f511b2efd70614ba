import fs from "node:fs";
import { debuglog } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";

const log = debuglog("s3bucketmap");

interface Input {
  Key?: string;
  Prefix?: string;
}

interface Message {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: unknown;
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
      const { Key, Prefix } = args.input as Input;
      const attempt = (attempts.get(args.input) ?? 0) + 1;
      attempts.set(args.input, attempt);
      const started = performance.now();
      const say = (how: string): void => {
        const ms = (performance.now() - started).toFixed(1);
        const operation = String(context["commandName"]).replace(/Command$/, "");
        const line = `${operation} ${JSON.stringify(Key ?? Prefix ?? "")} ${how} ${ms} ms, attempt ${attempt}`;
        fs.writeSync(2, `S3BUCKETMAP ${process.pid}: ${line}\n`);
      };
      try {
        const result = await next(args);
        const sent = args.request as Message;
        const received = result.response as Message;
        const { headers } = sent.body === undefined ? received : sent;
        const bytes = headers?.["content-length"] ?? (received.statusCode === 204 ? "0" : "?");
        say(`${received.statusCode}, ${bytes} bytes,`);
        return result;
      } catch (error) {
        const { name, code } = error as Error & { code?: unknown };
        say(typeof code === "string" ? `${name} (${code}),` : `${name},`);
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapRequestLog" },
  );
}
