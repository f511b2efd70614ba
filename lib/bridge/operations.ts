import type {
  Arrived,
  CopyPair,
  EntryPage,
  Failure,
  Finding,
  Head,
  KeyFailure,
  LentBody,
  Link,
  Listed,
  ListedSpan,
  ObjectHeaders,
  ObjectToStore,
  Page,
  PageStart,
  Reading,
  RequestCount,
  SourceBucket,
  Span,
  StoreResult,
  Verdict,
  Version,
  Versioning,
  VersionMarker,
  VersionPage,
} from "./protocol.js";

type Body = string | Uint8Array | LentBody;

/** Each operation's request and result. Keys are whole keys: prefixes are the map's concern. */
interface Operations {
  /** `"unchanged"` only with `ifNoneMatch`, if the object still has that ETag. */
  get: {
    request: { key: string; maxBytes: number; ifNoneMatch?: string };
    result: Reading | "unchanged" | undefined;
  };
  /** Reads a key of a run, and starts reading the keys that are likely to follow. */
  getAhead: {
    request: { key: string; maxBytes: number; run: number; upcoming: Listed[]; keepMs: number };
    /** `ahead` has the values of `upcoming` that have arrived, up to the first one that has not arrived. */
    result: { first: Arrived; ahead: Arrived[] };
  };
  has: { request: { key: string }; result: boolean };
  head: { request: { key: string; versionId?: string }; result: Head | undefined };
  set: { request: { key: string; body: Body; headers: ObjectHeaders }; result: undefined };
  delete: { request: { key: string }; result: undefined };
  getMany: {
    /** `withHeaders`: each value is read with the headers that a copy keeps. */
    request: { keys: string[]; maxBytes: number; withHeaders?: true };
    /** In the order of the keys. */
    result: ({ read: Reading | undefined } | { failure: Failure })[];
  };
  setMany: { request: { objects: ObjectToStore[] }; result: KeyFailure[] };
  deleteMany: { request: { keys: string[] }; result: KeyFailure[] };
  /** One version of each key. */
  getVersions: {
    request: { keys: string[]; versionIds: string[]; maxBytes: number };
    /** In the order of the keys. */
    result: ({ read: Reading | undefined } | { failure: Failure })[];
  };
  versions: { request: { prefix: string; after?: VersionMarker }; result: VersionPage };
  versioning: { request: object; result: Versioning };
  list: { request: { prefix: string; limit: number } & PageStart; result: Page };
  entries: { request: { prefix: string; delimiter?: string; limit: number } & PageStart; result: EntryPage };
  listSpans: {
    request: {
      prefix: string;
      spans: Span[];
      /** Requests sent and keys listed so far, and a sample of those keys. */
      requests: number;
      listed: number;
      sample: string[];
      /** No page is requested after this time, so that all pages arrive before the deadline. */
      beginForMs: number;
    };
    /**
     * For each span, the parts that it was split into, in order. "sequential": the service cannot start a listing at a
     * given key.
     */
    result: { spans: ListedSpan[][]; requests: number } | { sequential: true };
  };
  /** Reads a value and its version for `update`, after a pause. */
  read: { request: { key: string; maxBytes: number; delayMs: number }; result: Reading | undefined };
  /** Writes if the object still has the version `base`. Probes of the service write only under `prefix`, the map's. */
  store: { request: { base: Version; prefix: string } & ObjectToStore; result: StoreResult };
  /** Deletes each key if it still has the given ETag. ETags are without quotes. */
  removeMany: {
    request: { versions: { key: string; etag: string }[]; prefix: string };
    /** In the order of the versions. */
    result: ({ verdict: Verdict } | { failure: Failure })[];
  };
  remove: { request: { key: string; base: Version; prefix: string }; result: StoreResult };
  /** Copies an object within its bucket, and returns whether it did. */
  copy: {
    request: { key: string; to: string; ifAbsent: boolean; prefix: string };
    /** "by value": the service does not support this copy, and nothing was copied. */
    result: boolean | "by value";
  };
  copyMany: {
    /** `source`: the bucket, if it is a different one. */
    request: { pairs: CopyPair[]; source?: SourceBucket };
    /** In the order of the pairs. */
    result: ({ copied: boolean } | { failure: Failure })[];
  };
  /** Copies a version of an object over the current one, and returns whether that version exists. */
  restore: { request: { key: string; versionId: string }; result: boolean };
  /** Copies an object, then deletes the source. Returns whether there was a source. */
  rename: { request: { key: string; to: string; prefix: string }; result: boolean };
  /**
   * The first step of a rename whose value is copied through the program. Returns whether the source exists. Throws if
   * the service does not honour conditional deletes.
   */
  proveRename: { request: { key: string; prefix: string }; result: boolean };
  /** The last step: deletes the source of a copy if it is still the same. */
  removeCopied: { request: { key: string; to: string; base: Version; prefix: string }; result: StoreResult };
  /** Signs a link. Nothing is sent to S3. */
  url: { request: { key: string; link: Link }; result: string };
  /** Stores a file. With a `base`, only if the object still has that version. */
  putFile: {
    request: { key: string; path: string; headers: ObjectHeaders; base?: Version; prefix: string };
    result: Verdict;
  };
  /** Writes an object into a file. False for a missing key. */
  getFile: { request: { key: string; path: string }; result: boolean };
  /** A page of the account's buckets. The settings name none. */
  listBuckets: { request: { token?: string }; result: { names: string[]; token?: string } };
  headBucket: { request: object; result: boolean };
  /** Succeeds if the bucket is already this account's. */
  createBucket: { request: object; result: undefined };
  deleteBucket: { request: object; result: undefined };
  /** The requests of interactive maps since the worker started, by S3 operation. */
  requests: { request: object; result: RequestCount[] };
  /** `trialKey`: a key that only the library uses, for test writes. */
  diagnose: { request: { prefix: string; trialKey: string; readOnly: boolean }; result: Finding[] };
}

export type Op = keyof Operations;

export type Call<One extends Op = Op> = { [Each in One]: { op: Each } & Operations[Each]["request"] }[One];

export type Result<One extends Op = Op> = Operations[One]["result"];

/** What an operation does, for messages: "Cannot list the keys in …". */
interface Verb {
  readonly does: string;
  readonly what?: string;
  /** Set if the operation is about no key, but about the bucket itself or about all buckets. */
  readonly of?: "bucket" | "account";
}

interface Facts<One extends Op> extends Verb {
  readonly isWrite: boolean;
  /** Whether its result can show what others have written. Values prefetched before it are then not used. */
  readonly isInformative: boolean;
  /** The keys it reads or writes, or "all" of the bucket. */
  readonly keys: (call: Call<One>) => readonly string[] | "all";
  /** The keys that it only reads. */
  readonly reads?: (call: Call<One>) => readonly string[];
  /** The bucket that it reads those keys from, if it is a different one. */
  readonly readsFrom?: (call: Call<One>) => string | undefined;
  /** The bodies it carries. */
  readonly bodies?: (call: Call<One>) => readonly Body[];
}

const isRead = { isWrite: false, isInformative: true } as const;
const isPlainWrite = { isWrite: true, isInformative: false } as const;
const isConditionalWrite = { isWrite: true, isInformative: true } as const;

const one = ({ key }: { key: string }): readonly string[] => [key];
const many = ({ keys }: { keys: readonly string[] }): readonly string[] => keys;
const all = (): "all" => "all";
const none = (): readonly string[] => [];
const body = (call: { body: Body }): readonly Body[] => [call.body];

/**
 * The facts about each operation that the calling thread needs, and that the worker needs to order writes. The
 * implementations are in worker/perform.ts, which the calling thread does not load.
 */
export const operations: { readonly [One in Op]: Facts<One> } = {
  get: { does: "read", ...isRead, keys: one },
  // The run itself decides whether its values may be used.
  getAhead: { does: "read", isWrite: false, isInformative: false, keys: one },
  has: { does: "look up", ...isRead, keys: one },
  head: { does: "look up", ...isRead, keys: one },
  set: { does: "write", ...isPlainWrite, keys: one, bodies: body },
  delete: { does: "delete", ...isPlainWrite, keys: one },
  getMany: { does: "read", what: "many keys", ...isRead, keys: many },
  setMany: {
    does: "write",
    what: "many keys",
    ...isPlainWrite,
    keys: ({ objects }) => objects.map(({ key }) => key),
    bodies: ({ objects }) => objects.map((object) => object.body),
  },
  deleteMany: { does: "delete", what: "many keys", ...isPlainWrite, keys: many },
  getVersions: { does: "read", what: "versions", ...isRead, keys: many },
  versions: { does: "list", what: "versions", ...isRead, keys: all },
  versioning: { does: "look up", what: "the versioning", ...isRead, keys: none },
  list: { does: "list", what: "the keys", ...isRead, keys: all },
  entries: { does: "list", what: "the keys", ...isRead, keys: all },
  listSpans: { does: "list", what: "the keys", ...isRead, keys: all },
  read: { does: "read", ...isRead, keys: one },
  store: { does: "write", ...isConditionalWrite, keys: one, bodies: body },
  removeMany: {
    does: "delete",
    what: "many keys",
    ...isConditionalWrite,
    keys: ({ versions }) => versions.map(({ key }) => key),
  },
  remove: { does: "delete", ...isConditionalWrite, keys: one },
  copy: { does: "copy", ...isConditionalWrite, keys: ({ to }) => [to], reads: one },
  copyMany: {
    does: "copy",
    what: "many keys",
    ...isConditionalWrite,
    keys: ({ pairs }) => pairs.map(({ to }) => to),
    reads: ({ pairs }) => pairs.map(({ from }) => from),
    readsFrom: ({ source }) => source?.bucket,
  },
  restore: { does: "restore", ...isConditionalWrite, keys: one },
  rename: {
    does: "rename",
    ...isConditionalWrite,
    keys: ({ key, to }) => [key, to],
    reads: one,
  },
  proveRename: { does: "rename", ...isRead, keys: one },
  removeCopied: { does: "rename", ...isConditionalWrite, keys: one },
  url: { does: "sign a link to", isWrite: false, isInformative: false, keys: none },
  putFile: { does: "upload", what: "a file to", ...isConditionalWrite, keys: one },
  getFile: { does: "download", ...isRead, keys: one },
  listBuckets: { does: "list", what: "the buckets", of: "account", ...isRead, keys: none },
  headBucket: { does: "look up", of: "bucket", ...isRead, keys: none },
  createBucket: { does: "create", of: "bucket", ...isConditionalWrite, keys: all },
  deleteBucket: { does: "delete", of: "bucket", ...isConditionalWrite, keys: all },
  requests: { does: "count", what: "the requests", of: "account", ...isRead, keys: none },
  diagnose: { does: "diagnose", what: "what is possible", ...isRead, keys: none },
};

/** The buffers that are transferred to the worker with a call instead of being copied. */
export function transferred<One extends Op>(call: Call<One>): ArrayBuffer[] {
  const bodies = operations[call.op].bodies?.(call) ?? [];
  return bodies.flatMap((body) => (ArrayBuffer.isView(body) ? [body.buffer as ArrayBuffer] : []));
}

/** Methods of a map for which there is no operation of the same name. */
const composed = {
  create: { does: "create" },
  update: { does: "update" },
  clear: { does: "delete", what: "the keys" },
  copyAll: { does: "copy", what: "the keys" },
  batch: { does: "write", what: "many keys" },
  subMap: { does: "create", what: "a sub-map" },
  as: { does: "create", what: "a map with a different readAs" },
} satisfies Record<string, Verb>;

/** The possible values of an error's `operation`. */
export type Method = Op | keyof typeof composed;

export function verbOf(method: Method): Verb {
  return method in composed ? composed[method as keyof typeof composed] : operations[method as Op];
}

/** The verb of "while listing the keys in …". */
export function doing({ does }: Verb): string {
  return does.replace(/e?( |$)/, "ing$1");
}
