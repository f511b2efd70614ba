import type { Readable } from "node:stream";
import { gathering, isTooLong } from "./exchange.js";
import type { Exchange } from "./messages.js";

interface Handler {
  handle(
    request: {
      method: string;
      path: string;
      query: Record<string, string>;
      headers: Record<string, string>;
      body?: Buffer;
    },
    options: { abortSignal: AbortSignal },
  ): Promise<{ response: { statusCode: number; headers: Record<string, string>; body: Readable } }>;
}

/** Exchanges with a handler in this thread, as the local S3 is. */
export function throughHandler(handler: Handler): Exchange {
  return async (request, maxBytes, signal) => {
    const { response } = await handler.handle(
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
