/** What crosses between a thread that uses the library and its worker thread, and nothing else. */

/** All that an S3 client and its requests need to know. Made by `options.ts`, cloned to the worker. */
export interface ClientConfig {
  bucket: string;
  region?: string;
  endpoint?: string;
  forcePathStyle?: boolean;
  profile?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  anonymous?: boolean;
  requestPayer?: boolean;
  serverSideEncryption?: string;
  kmsKeyId?: string;
  storageClass?: string;
  local?: string;
  concurrency: number;
  /** Someone watches: requests are counted, and long calls show how far they are. */
  interactive?: boolean;
}

/** What `set` sends beside the body. */
export interface ObjectHeaders {
  contentType: string;
  contentEncoding?: string;
  cacheControl?: string;
  metadata?: Record<string, string>;
  /** These `update` alone sends: what it has read. */
  contentDisposition?: string;
  contentLanguage?: string;
  /** As it was stored, whether it is a date or not. */
  expires?: string;
  websiteRedirect?: string;
}

/** What was stored beside a body, and stays as it was where `update` changes it; the Content-Encoding is told apart. */
export type KeptHeaders = Partial<Omit<ObjectHeaders, "contentEncoding">>;

/** The name, after `x-amz-meta-`, under which an object tells which conditional writes made it. */
export const WRITES_NAME = "s3bucketmap-writes";

export interface ObjectToStore {
  key: string;
  body: string | Uint8Array;
  headers: ObjectHeaders;
}

/** Which state of an object it is. */
export interface Version {
  /** Without quotes; absent where the key is missing. */
  etag?: string;
  /** The latest conditional writes, the newest first; absent where they have not been read. */
  writes?: string[];
}

/** A key that was listed, with the size of its value then. */
export interface Listed {
  key: string;
  bytes: number;
}

export interface Head {
  size: number;
  etag: string;
  lastModified: number;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  cacheControl: string | undefined;
  metadata: Record<string, string>;
}

/** Where a page of a listing begins, and what it is checked against. */
export interface PageStart {
  /** S3's own, where it gave one. */
  token?: string;
  /** Names up to this are not asked for. Absent once others have come. */
  startAfter?: string;
  /** The first and the last name of the page before. */
  before?: { first: string; last: string };
  /** How many pages without a name came just before. */
  emptyPages?: number;
}

export interface Page {
  keys: string[];
  /** Of the values, in bytes, in the order of the keys. */
  sizes: Float64Array;
  /** Where the next page begins; absent on the last. */
  next?: PageStart;
}

/** An object or, with nothing but its name, what keys have in common up to the delimiter. */
export interface Entry {
  name: string;
  object?: { size: number; etag: string; lastModified: number };
}

export interface EntryPage {
  entries: Entry[];
  next?: PageStart;
}

/** A body as it was read, with what was told beside it. */
export interface Reading {
  body: Uint8Array;
  /** As the service gave it. */
  etag: string;
  contentEncoding?: string;
  /** In the answer to "read". */
  kept?: KeptHeaders;
  version: Version;
}

/** A body, and how many milliseconds after the call had come to the worker it was there: below 0 where before. */
export interface Arrived {
  body: Reading | undefined;
  afterMs: number;
}

/** What a conditional write ended in; all but the first: nothing was written, and why. */
export type Verdict = "done" | "exists" | "changed" | "missing" | "conflict";

/** Requests of one of S3's operations, each try counted. */
export interface RequestCount {
  operation: string;
  requests: number;
  failed: number;
  /** Of the bodies. */
  bytesSent: number;
  bytesReceived: number;
  ms: number;
}

/** A part of a listing that is still to be listed. */
export interface Span {
  start: PageStart;
  /** All keys up to this are known; it need not be one itself. */
  after: string;
  /** Keys up to this belong to it; to the last part, all. */
  until: string | undefined;
  /** A key before it. */
  low: string;
  /** The key that its last page began with. */
  near: string;
}

/** What was found of a part, and what is left of it. */
export interface ListedSpan {
  keys: string[];
  /** Of the keys' values, in bytes. */
  sizes: Float64Array;
  /** Keys after the part that its last page had as well. The parts after it must have one of them. */
  beyond?: string[];
  rest?: Span;
}

/** A call on many keys can fail for some of them. */
export interface KeyFailure {
  key: string;
  failure: Failure;
}

/** What was found out about one thing that a map needs, or that a service may lack. */
export interface Finding {
  name: string;
  /** "limited": it works, or the library does without it; "unknown": it was not tried. */
  status: "ok" | "limited" | "failed" | "unknown";
  text?: string;
  failure?: Failure;
  todo?: string;
}

/** An error as plain data: a clone of one would lose its class and its code. */
export interface WireError {
  name: string;
  message: string;
  stack?: string;
  code?: string;
  cause?: WireError;
}

/** Why a call could not be carried out. */
export interface Failure {
  code: string;
  /** What S3, the network or the system said. */
  reason?: string;
  statusCode?: number;
  requestId?: string;
  attempts?: number;
  /** A write that may have happened all the same. */
  mayHaveBeenApplied?: boolean;
  /** Who gave the credentials that were refused, where they cannot be renewed. */
  credentialsGiven?: "option" | "environment";
  cause?: WireError;
}

/** What a program's environment said of how to reach S3 when a map made its first request. */
export interface Environment {
  variables: Record<string, string>;
  /** The text of the shared configuration files, empty for one that cannot be read. */
  config: string;
  credentials: string;
}
