import type { Readable } from "node:stream";
import { S3Error } from "./s3-error.js";
import type { Store } from "./store/store.js";
import { xmlDocument } from "./xml.js";

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export type RequestBody = undefined | null | string | Uint8Array | AsyncIterable<Uint8Array | string>;

/** What the AWS SDK passes to a requestHandler, as far as S3 needs it. */
export interface RawRequest {
  method: string;
  /** Percent-encoded, path-style: `/bucket/key`. */
  path: string;
  /** Decoded. */
  query?: Record<string, string | string[] | null | undefined> | undefined;
  headers: Record<string, string>;
  body?: unknown;
}

export interface Reply {
  statusCode: number;
  headers: Record<string, string>;
  body?: Buffer | Readable;
}

export function xmlReply(root: string, content: string, headers: Record<string, string> = {}): Reply {
  return { statusCode: 200, headers, body: xmlDocument(root, content, ` xmlns="${NAMESPACE}"`) };
}

/** A request, parsed for the operations. */
export interface S3Request {
  method: string;
  /** Empty for a request to the service itself. */
  bucket: string;
  /** Empty for a request to a bucket. */
  key: string;
  query: Record<string, string>;
  /** By lower-case name. */
  headers: Record<string, string>;
  body: RequestBody;
}

export interface Context {
  store: Store;
  createBuckets: boolean;
  signal: AbortSignal | undefined;
}

export function parseRequest(request: RawRequest): S3Request {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = String(value);
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.query ?? {}))
    query[name] = (Array.isArray(value) ? value[0] : value) ?? "";
  return {
    method: request.method.toUpperCase(),
    ...parsePath(request.path),
    query,
    headers,
    // The SDK's type is `any`. receiveBody() rejects bodies of other types.
    body: request.body as RequestBody,
  };
}

/** Splits at the first slash after the bucket, and decodes each side once: `.` and `//` in a key are literal. */
export function parsePath(path: string): { bucket: string; key: string } {
  const slash = path.indexOf("/", 1);
  try {
    return {
      bucket: decodeURIComponent(slash < 0 ? path.slice(1) : path.slice(1, slash)),
      key: slash < 0 ? "" : decodeURIComponent(path.slice(slash + 1)),
    };
  } catch {
    throw new S3Error("InvalidURI", { URI: path });
  }
}
