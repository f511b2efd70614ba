import type { IncomingMessage } from "node:http";

/** A signed request, ready to be sent. */
export interface Request {
  method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** As it goes over the wire, each character that needs it escaped. */
  path: string;
  /** What comes after the question mark, sorted and escaped. */
  search: string;
  headers: Record<string, string>;
  body?: Buffer;
}

/** What came back, the body as far as it came. */
export interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: Uint8Array;
  /** Why the body did not come whole. */
  broken?: Error;
  /** The body is longer than what may be read, and was not read. */
  tooLong?: true;
}

/** Reads a body that has begun to come in parts as well; undefined, and nothing is done, where it is not a long one. */
export type InParts = (
  plain: IncomingMessage,
  answer: Pick<Answer, "statusCode" | "headers">,
) => Promise<Uint8Array> | undefined;

/**
 * Carries a request over, once; rejects where no answer came.
 *
 * @param maxBytes - of an object's body; undefined where the answer is not one
 */
export type Exchange = (
  request: Request,
  maxBytes: number | undefined,
  signal: AbortSignal,
  inParts?: InParts,
) => Promise<Answer>;

export interface Server {
  protocol: string;
  hostname: string;
  port: number | undefined;
}
