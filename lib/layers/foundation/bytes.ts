import { checkValue, toView } from "../../arguments/values.js";
import type { Bytes } from "../../arguments/values.js";
import type { ObjectOptions, SetOptions, SyncMap } from "../../map/sync-map.js";

/**
 * A map that returns Buffers, and accepts strings (as UTF-8) and any bytes, like S3BucketMap with `readAs: "bytes"`.
 */
export interface BytesMap extends SyncMap<Buffer> {
  set(key: string, value: string | Bytes, options?: SetOptions): this;
  setMany(entries: Iterable<readonly [string, string | Bytes]>, options?: ObjectOptions): this;
  create(key: string, value: string | Bytes, options?: ObjectOptions): boolean;
  subMap(prefix: string): BytesMap;
}

/** The bytes of a value that a layer over bytes is to store. @throws TypeError if it is neither a string nor bytes */
export function toBytes(value: unknown, key: string): Uint8Array {
  checkValue(value, key);
  return bytesOf(value);
}

export function bytesOf(value: string | Bytes): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : toView(value);
}
