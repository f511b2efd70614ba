/** The settings of an S3 client and of its requests. */
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
  createBucket?: boolean;
  concurrency: number;
  /** At a prompt: requests are counted, and long calls show their progress. */
  interactive?: boolean;
}

/** What `set` sends besides the body. */
export interface ObjectHeaders {
  contentType: string;
  contentEncoding?: string;
  cacheControl?: string;
  metadata?: Record<string, string>;
  /** Only `update` sends this header and those below, with the values that it read. */
  contentDisposition?: string;
  contentLanguage?: string;
  /** As stored, even if it is not a date. */
  expires?: string;
  websiteRedirect?: string;
}

/** The headers that `update` preserves, besides the Content-Encoding, which {@link Reading} has. */
export type KeptHeaders = Partial<Omit<ObjectHeaders, "contentEncoding">>;

/** The metadata name, after `x-amz-meta-`, of the ids of the conditional writes that created an object. */
export const WRITES_NAME = "s3bucketmap-writes";

/** Larger values are uploaded in parts. */
export const MULTIPART_ABOVE: number = 16 * 1024 ** 2;

/** A large body that stays in the calling thread, which waits. The worker asks for one part of it after the other. */
export interface LentBody {
  length: number;
}

export interface ObjectToStore {
  key: string;
  body: string | Uint8Array;
  headers: ObjectHeaders;
}

/** Identifies a state of an object. */
export interface Version {
  /** Without quotes. Absent if the key is missing. */
  etag?: string;
  /** The ids of the latest conditional writes, newest first. Absent if they were not read. */
  writes?: string[];
}

/** The state of a key that is missing. */
export const MISSING: Version = { writes: [] };

/** A listed key, with the size of its value at the time of the listing. */
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

/** Another bucket of the same service, from which objects are copied. */
export interface SourceBucket {
  bucket: string;
  region?: string;
}

/** The whole keys of an object to copy and of its copy. */
export interface CopyPair {
  from: string;
  to: string;
}

/** A link that works without credentials until it expires. */
export interface Link {
  method: "GET" | "PUT";
  /** Seconds. */
  expiresIn: number;
  /** The Content-Type of a GET's response. A PUT must send it. */
  contentType?: string;
  /** The Content-Disposition of a GET's response. */
  disposition?: string;
}

/** Where a page of a listing begins, and the previous page, against which it is checked. */
export interface PageStart {
  /** S3's continuation token. */
  token?: string;
  /** Only names after this one are listed. Absent if the previous page had names. */
  startAfter?: string;
  /** The first and the last name of the previous page. */
  before?: { first: string; last: string };
  /** How many empty pages came directly before. */
  emptyPages?: number;
}

export interface Page {
  keys: string[];
  /** The sizes of the values in bytes, in the order of the keys. */
  sizes: Float64Array;
  /** Where the next page begins. Absent on the last. */
  next?: PageStart;
}

/** An object, or only the name of a common prefix. */
export interface Entry {
  name: string;
  object?: { size: number; etag: string; lastModified: number };
}

export interface EntryPage {
  entries: Entry[];
  next?: PageStart;
}

/** One version of an object, or a delete marker, which has no size and no ETag. */
export interface ListedVersion {
  key: string;
  versionId: string;
  isLatest: boolean;
  lastModified: number;
  object?: { size: number; etag: string };
}

/** The version after which a page of versions begins. */
export interface VersionMarker {
  key: string;
  versionId: string;
}

export interface VersionPage {
  versions: ListedVersion[];
  /** The last version on this page: the next page begins after it. Absent on the last page. */
  next?: VersionMarker;
}

/** The state of a bucket's versioning. "off" if it was never enabled. */
export type Versioning = "Enabled" | "Suspended" | "off";

/** A body as it was read, with its headers. */
export interface Reading {
  body: Uint8Array;
  /** Milliseconds since the epoch. */
  lastModified?: number | undefined;
  /** As the service returned it. */
  etag: string;
  contentEncoding?: string;
  kept: KeptHeaders;
  version: Version;
}

/** A body, and when it arrived: in milliseconds after the worker received the call. Negative if it arrived earlier. */
export interface Arrived {
  body: Reading | undefined;
  afterMs: number;
}

/** The outcome of a conditional write. All but "done" mean that nothing was written. */
export type Verdict = "done" | "exists" | "changed" | "missing" | "conflict";

/** The outcome of a conditional PUT or DELETE. */
export interface StoreResult {
  verdict: Verdict;
  /** A DELETE was rejected, but a proxy may have sent it twice. Then the first one was applied. */
  isUnsure?: true;
  /** What was stored. Absent if another write may have followed. */
  version?: Version;
}

/** The requests of one S3 operation. Each attempt is counted. */
export interface RequestCount {
  operation: string;
  requests: number;
  failed: number;
  /** Bytes of bodies, without headers. */
  bytesSent: number;
  bytesReceived: number;
  ms: number;
}

/** A range of keys that is still to be listed. */
export interface Span {
  start: PageStart;
  /** All keys up to this string are known. It need not be a key itself. */
  after: string;
  /** The end of the range, inclusive. The last range has no end. */
  until: string | undefined;
  /** A key before the range. */
  low: string;
  /** The first key of the latest page. */
  near: string;
}

/** The keys of a range that were found, and the range that is left. */
export interface ListedSpan {
  keys: string[];
  /** The sizes of the values in bytes. */
  sizes: Float64Array;
  /** Keys on the last page that are beyond the range. The ranges that follow must contain one of them. */
  beyond?: string[];
  rest?: Span;
}

/** The failure of one key in a call on many keys. */
export interface KeyFailure {
  key: string;
  failure: Failure;
}

/** A line of a diagnosis. */
export interface Finding {
  name: string;
  /** "limited": the library works around it. "unknown": it was not tested. */
  status: "ok" | "limited" | "failed" | "unknown";
  text?: string;
  /** Why the check was not made. */
  untried?: string;
  failure?: Failure;
  todo?: string;
}

/** An error as plain data. Structured cloning would drop its class and code. */
export interface WireError {
  name: string;
  message: string;
  stack?: string;
  code?: string;
  cause?: WireError;
}

/** Why a call failed. */
export interface Failure {
  code: string;
  /** The message from S3, the network or the system. */
  reason?: string;
  statusCode?: number;
  requestId?: string;
  attempts?: number;
  /** Where the library searched for the missing credentials. */
  sought?: string;
  /** Advice that replaces the usual advice for this code. */
  todo?: string;
  /** Whether a write may have happened despite the failure. */
  mayHaveBeenApplied?: boolean;
  /** The source of rejected credentials that cannot be renewed. */
  credentialsGiven?: "option" | "environment";
  cause?: WireError;
}

/** The settings in a program's environment when a map made its first request. */
export interface Environment {
  variables: Record<string, string>;
  /** The text of the shared configuration file, or "" if it cannot be read. */
  config: string;
  /** The text of the shared credentials file, or "" if it cannot be read. */
  credentials: string;
}
