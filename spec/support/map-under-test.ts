import type { SyncMap } from "../../lib/index.js";

/** What of the contract a map can be held to. */
export interface MapUnderTest {
  /** An empty map; the suite closes it. */
  make(): SyncMap<string>;
  /** Keys come in the order of their UTF-8 bytes; a native Map's come in the order of insertion. */
  sorted?: boolean;
  /** Iteration takes `{ prefix, startAfter, limit }`, and there are `head`, `subMap` and `close`. */
  extended?: boolean;
  /** The map is the part of another under a prefix. */
  prefixed?: boolean;
  /** Why there are no `create`, `update`, `list`, nor `ifMatch`, where there are none. */
  withoutConditions?: string;
  /** `create`, `ifMatch` and what `update` stores are refused, for the service lacks conditions of a PUT. */
  refusesConditionalPut?: boolean;
  /** Deleting by `update` is refused, for the service lacks If-Match of a DELETE. */
  refusesConditionalDelete?: boolean;
  /** Listing these keys is refused, for the service lists them wrongly. */
  cannotList?: (keys: readonly string[]) => boolean;
  /** Refuses keys and values that S3 cannot keep. */
  strict?: boolean;
  /** What `delete` says of a key that is not there. */
  deleteMissing?: boolean;
  /** What `head` says of the value "ú". */
  headOf?: { size?: number; contentType?: string };
  /** Those of the values that a bucket refuses which this map takes. */
  takes?: readonly string[];
}

/** Keys that something on the way from here to S3 and back could change. */
export const oddKeys: readonly string[] = [
  "plain",
  "with space",
  "a+b&c=d?e#f",
  "%2F",
  "%",
  "//",
  "/",
  "a//b",
  ".",
  "..",
  "../x",
  "./x",
  "a/../b",
  "trailing/",
  "\r",
  "\n",
  "a\r\nb",
  "\t",
  "\u0001",
  "\u007f",
  "ú",
  "u\u0301",
  "\ufeff",
  "\uffff",
  "\ufffd",
  "😀",
  "<key>&amp;</key>",
  "\"quoted\" 'single'",
  "back\\slash",
  "__proto__",
  "constructor",
  "then",
  "toJSON",
  "hasOwnProperty",
  "0",
  "10",
  "9",
];

export function inUtf8Order(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
