import type { Mapping } from "../facade/bucket-object.js";
import type { SyncMap } from "../map/sync-map.js";
import { comesBefore } from "../text/utf8-order.js";

/** One line of a listing: a key with what S3 says of it, or a folder. */
export interface Entry {
  /** Relative to the map. */
  key: string;
  isFolder: boolean;
  size?: number;
  lastModified?: Date;
}

export interface Peeked {
  /** In the order of their keys. */
  entries: Entry[];
  isMore: boolean;
}

export interface PeekRequest {
  prefix: string;
  delimiter?: string;
  /** One fewer is given, where that is not all. */
  limit: number;
  /** The last key or folder that was given before. */
  startAfter?: string;
}

/** How many keys of a map that lists no folders are looked at to find them. */
const LOOKED_AT = 1000;

/** The first keys and folders of a map under a prefix. 1 LIST of `limit`, for any map over S3. */
export function peekAt(map: Mapping<unknown>, request: PeekRequest): Peeked {
  const entries = isSyncMap(map) ? fromList(map, request) : fromKeys(map, request);
  const isMore = entries.length >= request.limit;
  return { entries: isMore ? entries.slice(0, request.limit - 1) : entries, isMore };
}

function isSyncMap(map: object): map is SyncMap<unknown> {
  return typeof (map as Partial<SyncMap<unknown>>).list === "function";
}

function fromList(map: SyncMap<unknown>, request: PeekRequest): Entry[] {
  return Array.from(map.list({ ...request }), (listed) =>
    listed.key === undefined
      ? { key: listed.prefix, isFolder: true }
      : { key: listed.key, isFolder: false, size: listed.size, lastModified: listed.lastModified },
  );
}

// A native Map behind a facade, for example.
function fromKeys(map: Mapping<unknown>, { prefix, delimiter, limit, startAfter }: PeekRequest): Entry[] {
  const entries = new Map<string, Entry>();
  let looked = 0;
  for (const key of map.keys()) {
    if ((looked += 1) > LOOKED_AT || entries.size === limit) break;
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    const isFolder = delimiter !== undefined && end !== -1;
    const name = isFolder ? key.slice(0, end + delimiter.length) : key;
    if (startAfter === undefined || comesBefore(startAfter, name)) entries.set(name, { key: name, isFolder });
  }
  return [...entries.values()];
}
