import { channel } from "node:diagnostics_channel";
import fs from "node:fs";
import { debuglog } from "node:util";
import type { S3Client } from "@aws-sdk/client-s3";
import { attemptsOf } from "../attempts/watch-attempts.js";
import { isReplay } from "../direct/replay.js";

/** One finished attempt of a request. */
interface SeenRequest {
  /** S3's name of the operation. */
  operation: string;
  /** The key, or the prefix of a listing. */
  key: string;
  attempt: number;
  ms: number;
  /** Content-Length, if there is one. For the response to a HEAD, it is not the number of bytes received. */
  bytesSent?: number;
  bytesReceived?: number;
  /** The HTTP status, or an error. */
  outcome: number | string;
}

// These are channels because the code that sends requests must not know its observers.
const requests = channel("s3bucketmap.request");
const listed = channel("s3bucketmap.listed");
const lengths = channel("s3bucketmap.length");

export function watchRequests(watcher: (request: SeenRequest) => void): void {
  requests.subscribe((request) => watcher(request as SeenRequest));
}

/** Reports how many keys a page of a listing had. */
export function sayListed(keys: number): void {
  if (listed.hasSubscribers) listed.publish(keys);
}

export function watchListed(watcher: (keys: number) => void): void {
  listed.subscribe((keys) => watcher(keys as number));
}

/** Reports the length of a file that is about to be transferred. */
export function sayLength(bytes: number): void {
  if (lengths.hasSubscribers) lengths.publish(bytes);
}

export function watchLengths(watcher: (bytes: number) => void): void {
  lengths.subscribe((bytes) => watcher(bytes as number));
}

interface Message {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: unknown;
}

/** Reports an attempt to the watchers. */
export function tellRequest(
  operation: string,
  input: object,
  attempt: number,
  started: number,
  sent: Message,
  received: Error | Message,
): void {
  if (!requests.hasSubscribers) return;
  const { Key, Prefix } = input as { Key?: string; Prefix?: string };
  const seen: SeenRequest = {
    operation,
    key: Key ?? Prefix ?? "",
    attempt,
    ms: performance.now() - started,
    outcome: outcomeOf(received),
  };
  const bytesSent = bytesOf(sent);
  if (bytesSent !== undefined) seen.bytesSent = bytesSent;
  if (!(received instanceof Error)) {
    const bytesReceived = received.statusCode === 204 ? 0 : bytesOf(received);
    if (bytesReceived !== undefined) seen.bytesReceived = bytesReceived;
  }
  requests.publish(seen);
}

function outcomeOf(received: Error | Message): number | string {
  if (!(received instanceof Error)) return received.statusCode ?? "no status";
  const { name, code } = received as NodeJS.ErrnoException;
  return typeof code === "string" ? `${name} (${code})` : name;
}

function bytesOf({ headers }: Message): number | undefined {
  const length = headers?.["content-length"];
  return length === undefined ? undefined : Number(length);
}

/** Reports each attempt that the SDK's client makes. */
export function tellRequests(client: S3Client): void {
  if (!requests.hasSubscribers) return;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (isReplay(context)) return next(args);
      const operation = String(context["commandName"]).replace(/Command$/, "");
      const attempt = attemptsOf(context);
      const started = performance.now();
      const tell = (received: Error | Message): void =>
        tellRequest(operation, args.input, attempt, started, args.request as Message, received);
      try {
        const result = await next(args);
        tell(result.response as Message);
        return result;
      } catch (error) {
        tell(error as Error);
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapRequestLog" },
  );
}

const log = debuglog("s3bucketmap");
let isLogging = false;

/**
 * With `NODE_DEBUG=s3bucketmap`, writes a line to stderr for each request: operation, key, status, bytes, milliseconds
 * and attempt. It never writes headers, which contain credentials. It writes synchronously, because a worker's console
 * output waits for the blocked calling thread, and is lost when the program exits.
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
