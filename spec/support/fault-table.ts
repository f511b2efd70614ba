import type { FaultAction } from "./http-s3.js";

export const operations = ["get", "set", "has", "delete", "keys"] as const;
export type Operation = (typeof operations)[number];

/** What a call ends in: the value that it has without a fault, an error, or a reason why there is no such cell. */
export type Cell =
  | { is: "value" }
  | {
      is: "error";
      code: string;
      statusCode?: number;
      attempts?: number;
      /** Whether the message of a write says that it may have happened. */
      mayHaveBeenApplied?: true;
      says?: string;
    }
  | { is: "impossible"; because: string };

export type Cells = Record<Operation, Cell>;

/** A row: what befalls the requests of the call, and what each operation then ends in. */
export interface Row extends Cells {
  fault: string;
  action: FaultAction;
  /** To how many requests in a row it happens. */
  times: number;
  timeoutMs?: number;
}

export const value: Cell = { is: "value" };
export const impossible = (because: string): Cell => ({ is: "impossible", because });
export const error = (code: string, statusCode?: number, attempts?: number): Cell => ({
  is: "error",
  code,
  ...(statusCode === undefined ? {} : { statusCode }),
  ...(attempts === undefined ? {} : { attempts }),
});
export const saying = (cell: Cell, says: string): Cell => ({ ...cell, says }) as Cell;
const mayHaveBeenApplied = (cell: Cell): Cell => ({ ...cell, mayHaveBeenApplied: true }) as Cell;

export const everywhere = (cell: Cell): Cells => ({
  get: cell,
  set: cell,
  has: cell,
  delete: cell,
  keys: cell,
});
/** The same error everywhere, after which nobody knows whether a write happened. */
export const unsure = (cell: Cell): Cells => ({
  ...everywhere(cell),
  set: mayHaveBeenApplied(cell),
  delete: mayHaveBeenApplied(cell),
});

const noBody = impossible("the answer has no body");
const onlyListings = impossible("only a listing has pages");
const inBodies = (cell: Cell): Cells => ({
  get: cell,
  set: noBody,
  has: noBody,
  delete: noBody,
  keys: cell,
});
const inListings = (cell: Cell): Cells => ({ ...everywhere(onlyListings), keys: cell });

const page = { body: "<html><body><h1>A page</h1></body></html>" };
const ofProxy = { ...page, headers: { "content-type": "text/html", "x-amz-request-id": "" } };
const inOsaka = { "x-amz-bucket-region": "ap-northeast-3" };
const wrongDate = { date: "Sun, 22 Nov 2020 12:00:00 GMT" };
const forEver = Infinity;
const hint = "S3 also answers 403 for a missing key when s3:ListBucket is not allowed.";

/** A call that must end soon has this deadline. */
export const SHORT_MS = 1200;

// prettier-ignore
export const faultTable: Row[] = [
  // S3 in distress: tried three times, with back-off.
  { fault: "503 SlowDown once",             times: 1,       action: { status: 503, code: "SlowDown" },      ...everywhere(value) },
  { fault: "503 SlowDown for ever",         times: forEver, action: { status: 503, code: "SlowDown" },      ...unsure(error("SlowDown", 503, 3)) },
  { fault: "500 InternalError once",        times: 1,       action: { status: 500, code: "InternalError" }, ...everywhere(value) },
  { fault: "500 InternalError for ever",    times: forEver, action: { status: 500, code: "InternalError" }, ...unsure(error("InternalError", 500, 3)) },
  { fault: "an empty 500 for ever",         times: forEver, action: { status: 500, body: "" },              ...unsure(error("HTTP500", 500, 3)) },
  { fault: "an empty 503 once",             times: 1,       action: { status: 503, body: "" },              ...everywhere(value) },

  // Connections. One that had served others may have been dead, and its try is one more.
  { fault: "reset before the answer once",      times: 1,       action: { reset: "before" },      ...everywhere(value) },
  { fault: "reset before the answer for ever",  times: forEver, action: { reset: "before" },      ...unsure(error("NetworkError", undefined, 4)) },
  { fault: "reset when it is done, once",       times: 1,       action: { reset: "after-apply" }, ...everywhere(value) },
  { fault: "reset when it is done, for ever",   times: forEver, action: { reset: "after-apply" }, ...unsure(error("NetworkError", undefined, 4)) },
  { fault: "reset within the body once",        times: 1,       action: { reset: "mid-body" },    ...inBodies(value) },
  { fault: "reset within the body for ever",    times: forEver, action: { reset: "mid-body" },    ...inBodies(error("NetworkError", undefined, 3)) },
  { fault: "a body cut short once",             times: 1,       action: { truncate: 3 },          ...inBodies(value) },
  { fault: "a body cut short for ever",         times: forEver, action: { truncate: 3 },          ...inBodies(error("NetworkError", undefined, 3)) },
  { fault: "no answer",                    times: forEver, timeoutMs: SHORT_MS, action: { stall: "before" },      ...unsure(error("TimedOut")) },
  { fault: "no answer, though it is done", times: forEver, timeoutMs: SHORT_MS, action: { stall: "after-apply" }, ...unsure(error("TimedOut")) },
  { fault: "a body that stops",            times: forEver, timeoutMs: SHORT_MS, action: { stall: "mid-body" },    ...inBodies(error("TimedOut")) },

  // Damage.
  { fault: "a bit of the body flipped once", times: 1, action: { corrupt: true },
    ...inBodies(value), keys: impossible("S3 sends no checksum of a listing") },
  { fault: "a bit of the body flipped for ever", times: forEver, action: { corrupt: true },
    ...inBodies(error("ChecksumMismatch", undefined, 3)), keys: impossible("S3 sends no checksum of a listing") },
  { fault: "a body that arrived at S3 damaged", times: 1, action: { status: 400, code: "BadDigest" },
    ...everywhere(impossible("the request has no body")), set: error("BadDigest", 400, 1) },
  { fault: "a listing that is no XML, once", times: 1, action: { status: 200, body: "<ListBucketResult><Na" }, ...inListings(value) },
  { fault: "a listing that is no XML, for ever", times: forEver, action: { status: 200, body: "<ListBucketResult><Na" }, ...inListings(error("BadAnswer", 200, 3)) },
  { fault: "an error that is no XML, once", times: 1, action: { status: 404, body: "<Error><Code>NoSuchKey</Cole>" },
    ...everywhere(value), has: impossible("the answer has no body") },

  // Who asks.
  { fault: "an expired token",     times: forEver, action: { status: 400, code: "ExpiredToken" },          ...everywhere(saying(error("ExpiredToken", 400, 1), "log in again")) },
  { fault: "a wrong key id",       times: forEver, action: { status: 403, code: "InvalidAccessKeyId" },    ...everywhere(error("InvalidAccessKeyId", 403, 1)) },
  { fault: "a wrong secret",       times: forEver, action: { status: 403, code: "SignatureDoesNotMatch" }, ...everywhere(error("SignatureDoesNotMatch", 403, 1)) },
  { fault: "403 AccessDenied",     times: forEver, action: { status: 403, code: "AccessDenied" },
    ...everywhere(error("AccessDenied", 403, 1)), get: saying(error("AccessDenied", 403, 1), hint), has: saying(error("AccessDenied", 403, 1), hint) },
  { fault: "a clock that is wrong",              times: 1,       action: { status: 403, code: "RequestTimeTooSkewed", headers: wrongDate }, ...everywhere(value) },
  { fault: "a clock that S3 never finds right",  times: forEver, action: { status: 403, code: "RequestTimeTooSkewed", headers: wrongDate }, ...everywhere(saying(error("RequestTimeTooSkewed", 403), "The clock of this machine is wrong")) },

  // Another region: asked there, once.
  { fault: "301 to a region",              times: 1,       action: { status: 301, code: "PermanentRedirect", headers: inOsaka },            ...everywhere(value) },
  { fault: "301 to a region for ever",     times: forEver, action: { status: 301, code: "PermanentRedirect", headers: inOsaka },            ...everywhere(saying(error("PermanentRedirect", 301, 1), "option region")) },
  { fault: "301 to nowhere",               times: forEver, action: { status: 301, code: "PermanentRedirect" },                              ...everywhere(saying(error("PermanentRedirect", 301, 1), "option region")) },
  { fault: "307 to a region",              times: 1,       action: { status: 307, code: "TemporaryRedirect", headers: inOsaka },            ...everywhere(value) },
  { fault: "a signature for another region, told in a header", times: 1, action: { status: 400, code: "AuthorizationHeaderMalformed", headers: inOsaka }, ...everywhere(value) },
  { fault: "a signature for another region, told in the body", times: 1, action: { status: 400, body: "<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-northeast-3</Region></Error>" }, ...everywhere(value) },

  // No bucket.
  { fault: "404 NoSuchBucket", times: forEver, action: { status: 404, code: "NoSuchBucket" }, ...everywhere(error("NoSuchBucket", 404, 1)) },

  // Answers that are none of S3's, or not what they seem.
  { fault: "a proxy's page with 502 once",     times: 1,       action: { status: 502, ...ofProxy }, ...everywhere(value) },
  { fault: "a proxy's page with 502 for ever", times: forEver, action: { status: 502, ...ofProxy }, ...unsure(error("HTTP502", 502, 3)) },
  { fault: "a proxy's page with 403",          times: forEver, action: { status: 403, ...ofProxy }, ...everywhere(error("HTTP403", 403, 1)) },
  { fault: "a proxy's page with 404",          times: forEver, action: { status: 404, ...ofProxy }, ...everywhere(error("HTTP404", 404, 1)) },
  { fault: "a login page with 200", times: forEver, action: { status: 200, ...ofProxy },
    ...unsure(error("BadAnswer", 200, 3)), get: error("BadAnswer", 200, 1), has: error("BadAnswer", 200, 1) },
  { fault: "a page with 200 that says it is XML", times: forEver, action: { status: 200, ...page },
    ...unsure(error("BadAnswer", 200, 1)), delete: { ...unsure(error("BadAnswer", 200, 3)).delete } },
  { fault: "an error with 200", times: forEver, action: { status: 200, body: "<Error><Code>InternalError</Code><Message>Try again</Message></Error>" },
    ...unsure(error("InternalError", 200, 3)),
    get: impossible("S3 does not, and the value may be just this"), has: impossible("the answer has no body") },

  // Listings.
  { fault: "a page twice",                        times: 1,       action: { transformBody: "duplicate-page" },          ...inListings(value) },
  { fault: "a page again and again",              times: forEver, action: { transformBody: "duplicate-page" },          ...inListings(error("BadListing")) },
  { fault: "truncated and no token, once",        times: 1,       action: { transformBody: "truncated-without-token" }, ...inListings(value) },
  { fault: "truncated and no token, for ever",    times: forEver, action: { transformBody: "truncated-without-token" }, ...inListings(error("BadListing")) },
  { fault: "keys out of order",                   times: forEver, action: { transformBody: "unordered" },               ...inListings(error("BadListing")) },
];
