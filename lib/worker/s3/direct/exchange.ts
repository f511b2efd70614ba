import type { IncomingMessage, RequestOptions } from "node:http";
import http from "node:http";
import { https } from "../../late.js";
import { MAX_ANSWER_BYTES, MAX_UNTOLD_BYTES, TooLong } from "../bad-answers.js";
import { gathering } from "../body/whole-body.js";
import type { LocalDirectory } from "../local-directory.js";
import { isLost, loseConnection } from "../transport/connections.js";
import type { Connections } from "../transport/connections.js";
import type { Answer, AnswerHead, Exchange, InParts, Server } from "./messages.js";

const onUsed = new WeakSet<Error>();

/** Whether a request failed without a response, on a connection that had been used before and may have been dead. */
export function wasOnUsedConnection(error: Error): boolean {
  return onUsed.has(error);
}

type TimeLimits = Readonly<Record<"connectMs" | "idleMs", number>>;

/**
 * Sends requests over HTTP. Rejects with the same errors as the SDK's own handler, because the SDK decides by them
 * whether to retry.
 *
 * @returns undefined for other protocols
 */
export function overHttp(
  server: Server,
  agents: Pick<Connections, "httpAgent" | "httpsAgent">,
  limits: TimeLimits,
): Exchange | undefined {
  const secure = server.protocol === "https:";
  if (!secure && server.protocol !== "http:") return undefined;
  const agent = secure ? agents.httpsAgent : agents.httpAgent;
  const send = secure ? https.request : http.request;
  const host = server.hostname.replace(/^\[(.*)\]$/, "$1");

  return ({ method, path, search, headers, body }, sending, maxBytes, signal, inParts) =>
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
      sending.watch(request);
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
        // Once there is a response, its own error event reports the failure.
        if (response !== undefined) return;
        const named = asTimeout(error);
        if (isLost(named) && loseConnection(request)) onUsed.add(named);
        fail(named);
      });
      keepTime(request, limits, (message) => {
        const error = Object.assign(new Error(message), { name: "TimeoutError" });
        response?.destroy(error);
        request.destroy(error);
      });
      request.on("response", (incoming) => {
        response = incoming;
        receive(incoming, maxBytes, inParts).then((answer) => {
          signal.removeEventListener("abort", abort);
          resolve(answer);
        }, fail);
      });
      request.end(body);
    });
}

// The SDK retries errors of this name.
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
    // Only the listener is removed. The timeout itself stays: it closes the socket if the socket stays unused, and by
    // now another request may rely on it.
    request.once("close", () => socket.removeListener("timeout", idle));
    if (!socket.connecting) {
      socket.setTimeout(idleMs, idle);
      return;
    }
    const message = `the socket did not establish a connection within ${connectMs} ms`;
    const limit = setTimeout(timedOut, connectMs, message);
    request.once("close", () => clearTimeout(limit));
    socket.once("connect", () => {
      clearTimeout(limit);
      socket.setTimeout(idleMs, idle);
    });
  });
}

function receive(
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
    const parts = inParts?.(response, answer);
    if (parts !== undefined) {
      parts.then(
        (body) => resolve({ ...answer, body }),
        (broken: Error) => resolve({ ...answer, broken }),
      );
      return;
    }
    const bytes = gathering(Number(answer.headers["content-length"]));
    const whole = (): void => {
      answer.body = bytes.whole();
      resolve(answer);
    };
    const limit = limitOf(answer, maxBytes);
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) bytes.add(chunk);
      else response.destroy(new TooLong(answer.statusCode, limit));
    });
    response.on("end", whole);
    response.on("error", (error) => {
      answer.broken = error;
      whole();
    });
  });
}

/** Whether an object's Content-Length exceeds the limit. Other responses are cut off while they are read. */
function isTooLong({ statusCode, headers }: AnswerHead, maxBytes: number | undefined): boolean {
  return maxBytes !== undefined && statusCode < 300 && Number(headers["content-length"]) > maxBytes;
}

function limitOf({ statusCode, headers }: AnswerHead, maxBytes: number | undefined): number {
  if (maxBytes === undefined || statusCode >= 300) return MAX_ANSWER_BYTES;
  return headers["content-length"] === undefined ? Math.min(maxBytes, MAX_UNTOLD_BYTES) : maxBytes;
}

function joined(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(",");
  }
  return plain;
}

/** Sends requests to the local S3, in this thread. */
export function throughHandler(directory: LocalDirectory): Exchange {
  return async (request, _sending, maxBytes, signal) => {
    const { response } = await directory.handle(
      { ...request, query: Object.fromEntries(new URLSearchParams(request.search)) },
      { abortSignal: signal },
    );
    const { statusCode, headers, body } = response;
    if (isTooLong(response, maxBytes)) {
      body.destroy();
      return { statusCode, headers, body: new Uint8Array(), tooLong: true };
    }
    const bytes = gathering(Number(headers["content-length"]));
    let broken: Error | undefined;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) bytes.add(chunk);
    } catch (error) {
      broken = error as Error;
    }
    const answer = { statusCode, headers, body: bytes.whole() };
    return broken === undefined ? answer : { ...answer, broken };
  };
}
