import type { IncomingMessage } from "node:http";
import type { Sending } from "../attempts/doubt.js";
import { bucketHeaders } from "../bucket-input.js";

export interface Server {
  protocol: string;
  hostname: string;
  port: number | undefined;
}

/** A request before it is signed. */
export interface Request {
  method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Percent-encoded. */
  path: string;
  /** The query string, without its question mark: percent-encoded, and sorted by name as a signature requires. */
  search: string;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  /** The part of the body that was received. */
  body: Uint8Array;
  /** Why the body is incomplete. */
  broken?: Error;
  /** The body exceeds the limit and was not read. */
  tooLong?: true;
}

/** A response whose body has not been read yet. */
export type AnswerHead = Pick<Answer, "statusCode" | "headers">;

/** Reads a large body in parallel ranges, instead of the caller. Returns undefined if it does not. */
export type InParts = (plain: IncomingMessage, answer: AnswerHead) => Promise<Uint8Array> | undefined;

/**
 * Sends a request once. Rejects if there is no response.
 *
 * @param maxBytes - the limit for an object's body; undefined if the response does not contain an object
 */
export type Exchange = (
  request: Request,
  sending: Sending,
  maxBytes: number | undefined,
  signal: AbortSignal,
  inParts?: InParts,
) => Promise<Answer>;

/** Percent-encodes all characters except the unreserved ones of RFC 3986, as Signature Version 4 requires. */
export function escapeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The path of a key, or of the bucket. "." and ".." are ordinary key segments, and are not resolved. */
export function pathOf(basePath: string, key: string | undefined): string {
  return key === undefined ? `${basePath}/` : `${basePath}/${key.split("/").map(escapeUri).join("/")}`;
}

/** The query string for {@link Request.search}. */
export function toSearch(query: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(query)
    .flatMap(([name, value]) => (value === undefined ? [] : [[escapeUri(name), escapeUri(value)] as const]))
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

const noNames: Readonly<Record<string, string>> = {};
const noMembers: readonly string[] = [];

/**
 * Maps the members of an SDK command's input to headers.
 *
 * @param names - the header for each member that not every request of the bucket has
 * @param elsewhere - members that are sent elsewhere in the request, besides Bucket and Key
 * @returns undefined if a member is unknown or its value is not {@link isPlain}
 */
export function plainHeaders(
  input: object,
  names = noNames,
  elsewhere = noMembers,
): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (const [member, value] of Object.entries(input)) {
    if (value === undefined || member === "Bucket" || member === "Key" || elsewhere.includes(member))
      continue;
    const name = bucketHeaders[member] ?? names[member];
    if (name === undefined || !isPlain(value)) return undefined;
    headers[name] = value;
  }
  return headers;
}

/**
 * Whether a value is visible ASCII with single spaces. Servers do not normalize such values, so the signature stays
 * valid.
 */
export function isPlain(value: unknown): value is string {
  return typeof value === "string" && /^[!-~]+(?: [!-~]+)*$/.test(value);
}

/** The user metadata in a response's headers, by lower-case name. */
export function metadataIn(headers: Record<string, string>): Record<string, string> {
  const prefix = "x-amz-meta-";
  // A null prototype, so that "__proto__" is an ordinary name.
  const metadata = Object.create(null) as Record<string, string>;
  for (const name in headers) {
    if (name.startsWith(prefix)) metadata[name.slice(prefix.length)] = headers[name]!;
  }
  return metadata;
}
