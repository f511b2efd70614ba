import type { SyncMap } from "../map/sync-map.js";

/** Defines a group of tests, or a test: Jest's, Vitest's or node:test's `describe` and `it`. */
export type Define = (name: string, body: () => void) => unknown;

/** What `contract` tests, and by what. */
export interface ContractOptions {
  /** Defines a group of tests. */
  describe: Define;
  /** Defines a test. */
  it: Define;
  /** Makes an empty map for each test. The contract empties it and closes it after the test. */
  make: () => SyncMap<string>;
  /** What the tests call the map. */
  name?: string | undefined;
  /** Keys come in the order of their UTF-8 bytes, as S3 lists them. Default: true. A native Map's come in the order of insertion. */
  sorted?: boolean | undefined;
  /**
   * The map has more than a native `Map`: iteration takes `{ prefix, startAfter, limit }`, and there are `getMany`, `setMany`,
   * `deleteMany`, `head`, `subMap` and `close`. Default: true.
   */
  extended?: boolean | undefined;
  /** The empty string is a key, as it is under a prefix. Default: false. */
  prefixed?: boolean | undefined;
  /** Why the map has no `create`, `update`, `list` and `ifMatch`, if it has none. */
  withoutConditions?: string | undefined;
  /** The service refuses conditions of a PUT, and so `create`, `ifMatch` and what `update` stores. Default: false. */
  refusesConditionalPut?: boolean | undefined;
  /** The service refuses conditions of a DELETE, and so deleting by `update`. Default: false. */
  refusesConditionalDelete?: boolean | undefined;
  /** Whether the service lists these keys wrongly, so that listing them is refused. */
  cannotList?: ((keys: readonly string[]) => boolean) | undefined;
  /** The map refuses keys and values that S3 cannot keep. Default: true. */
  strict?: boolean | undefined;
  /** What `delete` returns for a missing key. Default: true. */
  deleteMissing?: boolean | undefined;
  /**
   * What `head` says of the value "ú". Default: 2 bytes and `"text/plain; charset=utf-8"`. A layer that converts values says
   * what it stores; `"any"`: a size that differs from write to write.
   */
  headOf?: { size?: number | "any" | undefined; contentType?: string | undefined } | undefined;
  /** Which values the map takes that a bucket of strings refuses. */
  takes?: readonly RefusedValue[] | undefined;
}

/** A value that a bucket of strings refuses. */
export type RefusedValue =
  "undefined" | "null" | "a number" | "a Date" | "a plain object" | "an array" | "a lone surrogate";

/** What a part of the contract is given. */
export interface Suite extends ContractOptions {
  /** Defines a test with a map of its own. */
  test: (what: string, run: (map: SyncMap<string>) => void) => void;
  /** Likewise. Where the service lists these keys wrongly, the test is that listing them is refused. */
  testListing: (what: string, keys: readonly string[], run: (map: SyncMap<string>) => void) => void;
  /** Sorts keys as the map does. */
  order: (keys: Iterable<string>) => string[];
}
