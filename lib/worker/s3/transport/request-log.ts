import fs from "node:fs";
import { debuglog } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";
import { attemptsOf } from "../attempts/attempt-count.js";
import { isReplay } from "../direct/replay.js";
import { areRequestsWatched, sayRequest, watchRequests } from "./seen-requests.js";

const log = debuglog("s3bucketmap");
let isLogging = false;

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
export function logRequests(): void {
  if (!log.enabled || isLogging) return;
  isLogging = true;
  watchRequests(({ operation, key, outcome, ms, attempt, bytesSent, bytesReceived }) => {
    const bytes = typeof outcome === "number" ? ` ${bytesSent ?? bytesReceived ?? "?"} bytes,` : "";
    const line = `${operation} ${JSON.stringify(key)} ${outcome},${bytes} ${ms.toFixed(1)} ms, attempt ${attempt}`;
    fs.writeSync(2, `S3BUCKETMAP ${process.pid}: ${line}\n`);
  });
}

/** Lets those who watch requests know of one. */
export function tellRequest(
  operation: string,
  input: object,
  attempt: number,
  started: number,
  sent: Message,
  received: Error | Message,
): void {
  if (!areRequestsWatched()) return;
  const { Key, Prefix } = input as Input;
  const bytesSent = bytesOf(sent);
  const seen = {
    operation,
    key: Key ?? Prefix ?? "",
    attempt,
    ms: performance.now() - started,
    ...(bytesSent === undefined ? {} : { bytesSent }),
  };
  if (received instanceof Error) {
    const { name, code } = received as Error & { code?: unknown };
    sayRequest({ ...seen, outcome: typeof code === "string" ? `${name} (${code})` : name });
    return;
  }
  const bytesReceived = received.statusCode === 204 ? 0 : bytesOf(received);
  sayRequest({
    ...seen,
    outcome: received.statusCode ?? "no status",
    ...(bytesReceived === undefined ? {} : { bytesReceived }),
  });
}

/** Lets those who watch requests know of each that this client sends. */
export function tellRequests(client: S3Client): void {
  if (!areRequestsWatched()) return;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (isReplay(context)) return next(args);
      const attempt = attemptsOf(context);
      const operation = String(context["commandName"]).replace(/Command$/, "");
      const started = performance.now();
      const sent = args.request as Message;
      try {
        const result = await next(args);
        tellRequest(operation, args.input, attempt, started, sent, result.response as Message);
        return result;
      } catch (error) {
        tellRequest(operation, args.input, attempt, started, sent, error as Error);
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapRequestLog" },
  );
}

function bytesOf({ headers }: Message): number | undefined {
  const length = headers?.["content-length"];
  return length === undefined ? undefined : Number(length);
}
