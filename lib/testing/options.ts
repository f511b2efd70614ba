import type { SyncMap } from "../map/sync-map.js";

/** Defines a group of tests, or a test: Jest's, Vitest's or node:test's `describe` and `it`. */
export type Define = (name: string, body: () => void) => unknown;

/** The map that `contract` tests, and the functions that define the tests. */
export interface ContractOptions {
  /** Defines a group of tests. */
  describe: Define;
  /** Defines a test. */
  it: Define;
  /** Creates an empty map for each test. `contract` empties it and closes it after the test. */
  make: () => SyncMap<string>;
  /** The name of the map in the names of the tests. */
  name?: string | undefined;
  /**
   * Whether keys are in the order of their UTF-8 bytes, as S3 lists them. Default: true. Otherwise, in insertion
   * order.
   */
  sorted?: boolean | undefined;
  /**
   * Whether the map has more than a native `Map`: iteration accepts `{ prefix, startAfter, limit }`, and there are
   * `getMany`, `setMany`, `deleteMany`, `head`, `subMap` and `close`. Default: true.
   */
  extended?: boolean | undefined;
  /** Whether the empty string is a valid key, as it is under a prefix. Default: false. */
  prefixed?: boolean | undefined;
  /** Why the map has no `create`, `update`, `list` and `ifMatch`, if it has none. */
  withoutConditions?: string | undefined;
  /**
   * Whether the service lacks conditions of a PUT. Then `create`, `ifMatch` and storing by `update` throw. Default:
   * false.
   */
  refusesConditionalPut?: boolean | undefined;
  /** Whether the service lacks conditions of a DELETE. Then deleting by `update` throws. Default: false. */
  refusesConditionalDelete?: boolean | undefined;
  /** Returns whether the service lists these keys wrongly, so that listing them throws. */
  cannotList?: ((keys: readonly string[]) => boolean) | undefined;
  /** Whether the map rejects keys and values that S3 cannot store. Default: true. */
  strict?: boolean | undefined;
  /** What `delete` returns for a missing key. Default: true. */
  deleteMissing?: boolean | undefined;
  /**
   * What `head` returns for the value "ú". Default: 2 bytes and `"text/plain; charset=utf-8"`. For a layer that
   * converts values, it is the size and type of what is stored. `"any"` stands for a size that differs from write to
   * write.
   */
  headOf?: { size?: number | "any" | undefined; contentType?: string | undefined } | undefined;
  /** Values that the map accepts, although a map of strings rejects them. */
  takes?: readonly RefusedValue[] | undefined;
}

/** A value that a map of strings rejects. */
export type RefusedValue =
  "undefined" | "null" | "a number" | "a Date" | "a plain object" | "an array" | "a lone surrogate";

/** What each part of the contract receives. */
export interface Suite extends ContractOptions {
  /** Defines a test with its own map. */
  test: (what: string, run: (map: SyncMap<string>) => void) => void;
  /** Does the same. If the service lists these keys wrongly, the test checks that listing them throws. */
  testListing: (what: string, keys: readonly string[], run: (map: SyncMap<string>) => void) => void;
  /** Sorts keys as the map does. */
  order: (keys: Iterable<string>) => string[];
}
