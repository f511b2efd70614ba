import type { IncomingMessage, RequestOptions } from "node:http";
import http from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { https } from "../../late.js";
import { isLost, loseConnection } from "../transport/connections.js";
import { InPlace } from "../body/in-place.js";
import { MAX_ANSWER_BYTES, MAX_UNTOLD_BYTES } from "../body/bounded.js";
import { TooLong } from "../bad-answers.js";
import type { Answer, InParts, Server, Exchange } from "./messages.js";

const onUsed = new WeakSet<Error>();

/** Whether no answer came by a connection that had served others before, and may have been dead already. */
export function wasOnUsedConnection(error: Error): boolean {
  return onUsed.has(error);
}

/** A body of so many bytes is put together as it comes. */
const IN_PLACE_FROM = 1024 * 1024;

/** The connections that the SDK's own handler uses, too. */
export interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: HttpsAgent;
}

export interface TimeLimits {
  readonly connectMs: number;
  readonly idleMs: number;
}

/** Exchanges over HTTP. Its errors are those of the SDK's own handler, which decides by them what it tries again. */
export function overHttp(server: Server, agents: Agents, limits: TimeLimits): Exchange | undefined {
  const secure = server.protocol === "https:";
  if (!secure && server.protocol !== "http:") return undefined;
  const agent = secure ? agents.httpsAgent : agents.httpAgent;
  const send = secure ? https.request : http.request;
  const host = server.hostname.replace(/^\[(.*)\]$/, "$1");

  return ({ method, path, search, headers, body }, maxBytes, signal, inParts) =>
    new Promise((resolve, reject) => {
      const options: RequestOptions = {
        agent,
        host,
        method,
        path: search === "" ? path : `${path}?${search}`,
        headers,
      };
      if (server.port !== undefined) options.port = server.port;
      const request = send(options);
      let response: IncomingMessage | undefined;
      const fail = (error: Error): void => {
        signal.removeEventListener("abort", abort);
        reject(error);
      };
      const abort = (): void => {
        request.destroy();
        fail(Object.assign(new Error("Request aborted"), { name: "AbortError" }));
      };
      signal.addEventListener("abort", abort, { once: true });
      request.on("error", (error: NodeJS.ErrnoException) => {
        // From then on it is the answer that tells.
        if (response !== undefined) return;
        const told = asTimeout(error);
        if (isLost(told) && loseConnection(request)) onUsed.add(told);
        fail(told);
      });
      keepTime(request, limits, (message) => {
        const error = Object.assign(new Error(message), { name: "TimeoutError" });
        response?.destroy(error);
        request.destroy(error);
      });
      request.on("response", (incoming) => {
        response = incoming;
        collect(incoming, maxBytes, inParts).then((answer) => {
          signal.removeEventListener("abort", abort);
          resolve(answer);
        }, fail);
      });
      request.end(body);
    });
}

// The SDK tries again what is called so.
function asTimeout(error: NodeJS.ErrnoException): Error {
  const transient = error.code === "ECONNRESET" || error.code === "EPIPE" || error.code === "ETIMEDOUT";
  return transient ? Object.assign(error, { name: "TimeoutError" }) : error;
}

function keepTime(
  request: http.ClientRequest,
  { connectMs, idleMs }: TimeLimits,
  timedOut: (message: string) => void,
): void {
  request.once("socket", (socket) => {
    const idle = (): void => timedOut(`the socket timed out after ${idleMs} ms of inactivity`);
    // The time itself stays: another request may have the socket by then. One that nobody uses is closed by it.
    request.once("close", () => socket.removeListener("timeout", idle));
    if (!socket.connecting) socket.setTimeout(idleMs, idle);
    else {
      const limit = setTimeout(
        timedOut,
        connectMs,
        `the socket did not establish a connection within ${connectMs} ms`,
      );
      request.once("close", () => clearTimeout(limit));
      socket.once("connect", () => {
        clearTimeout(limit);
        socket.setTimeout(idleMs, idle);
      });
    }
  });
}

function collect(
  response: IncomingMessage,
  maxBytes: number | undefined,
  inParts?: InParts,
): Promise<Answer> {
  return new Promise((resolve) => {
    const answer: Answer = {
      statusCode: response.statusCode ?? -1,
      headers: joined(response.headers),
      body: new Uint8Array(),
    };
    if (isTooLong(answer, maxBytes)) {
      response.on("error", () => {});
      response.destroy();
      answer.tooLong = true;
      resolve(answer);
      return;
    }
    const length = Number(answer.headers["content-length"]);
    const parts = inParts?.(response, answer);
    if (parts !== undefined) {
      parts.then(
        (body) => resolve({ ...answer, body }),
        (broken: Error) => resolve({ ...answer, broken }),
      );
      return;
    }
    const bytes = gathering(length);
    const whole = (): void => {
      answer.body = bytes.whole();
      resolve(answer);
    };
    const limit = limitOf(answer, maxBytes);
    let at = 0;
    response.on("data", (chunk: Buffer) => {
      at += chunk.length;
      if (at <= limit) bytes.add(chunk);
      else response.destroy(new TooLong(answer.statusCode, limit));
    });
    response.on("end", whole);
    response.on("error", (error) => {
      answer.broken = error;
      whole();
    });
  });
}

/** Whether it is an object's body, and longer than may be read; other answers break off where they are too long. */
export function isTooLong(
  { statusCode, headers }: Pick<Answer, "statusCode" | "headers">,
  maxBytes: number | undefined,
): boolean {
  return maxBytes !== undefined && statusCode < 300 && Number(headers["content-length"]) > maxBytes;
}

function limitOf({ statusCode, headers }: Answer, maxBytes: number | undefined): number {
  if (maxBytes === undefined || statusCode >= 300) return MAX_ANSWER_BYTES;
  return headers["content-length"] === undefined ? Math.min(maxBytes, MAX_UNTOLD_BYTES) : maxBytes;
}

/** Gathers the chunks of a body that has so many bytes. */
export function gathering(length: number): Bytes {
  return length >= IN_PLACE_FROM ? inPlace(length) : inChunks();
}

interface Bytes {
  add(chunk: Buffer): void;
  /** In a buffer of its own: it is handed over to the waiting thread. */
  whole(): Uint8Array;
}

function inChunks(): Bytes {
  const chunks: Buffer[] = [];
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

// The HTTP parser gives no more of it than the Content-Length says.
function inPlace(length: number): Bytes {
  let parts: InPlace | undefined; // A HEAD's answer has the length, and no body.
  return {
    add: (chunk) => (parts ??= new InPlace(new Uint8Array(length))).add(chunk),
    whole: () => {
      if (parts === undefined) return new Uint8Array();
      return parts.length === length ? parts.bytes : parts.bytes.slice(0, parts.length);
    },
  };
}

function joined(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(",");
  }
  return plain;
}
