import type { Mapping } from "../facade/bucket-object.js";
import type { SyncMap } from "../map/sync-map.js";
import { asBytes, asName, asTime } from "../text/format.js";
import { comesBefore } from "../text/utf8-order.js";
import { paint } from "./prompt.js";

/** A key, or a folder. */
export interface Entry {
  /** Relative to the map. */
  key: string;
  isFolder: boolean;
  size?: number;
  lastModified?: Date;
}

export interface Listing {
  /** In order. */
  entries: Entry[];
  isMore: boolean;
}

export interface ListRequest {
  prefix: string;
  delimiter?: string;
  /** If there are more entries, one fewer is returned. */
  limit: number;
  /** The last key or folder of the previous listing. */
  startAfter?: string;
}

/** How many keys of a map without `list` are read to find entries. */
const MAX_KEYS_READ = 1000;

/** A narrower terminal would break each line in two. */
const MIN_COLUMNS_FOR_TIMES = 60;

const TIME_WIDTH = "2026-01-01 00:00:00".length;

/** The first keys and folders under a prefix. 1 LIST of `limit` for any map on S3. */
export function listFirst(map: Mapping<unknown>, request: ListRequest): Listing {
  const entries = isSyncMap(map) ? fromList(map, request) : fromKeys(map, request);
  const isMore = entries.length >= request.limit;
  return { entries: isMore ? entries.slice(0, request.limit - 1) : entries, isMore };
}

function isSyncMap(map: object): map is SyncMap<unknown> {
  return typeof (map as Partial<SyncMap<unknown>>).list === "function";
}

function fromList(map: SyncMap<unknown>, request: ListRequest): Entry[] {
  return Array.from(map.list({ ...request }), (listed) =>
    listed.key === undefined
      ? { key: listed.prefix, isFolder: true }
      : { key: listed.key, isFolder: false, size: listed.size, lastModified: listed.lastModified },
  );
}

// For a native Map behind a facade, for example.
function fromKeys(map: Mapping<unknown>, { prefix, delimiter, limit, startAfter }: ListRequest): Entry[] {
  const entries = new Map<string, Entry>();
  let read = 0;
  for (const key of map.keys()) {
    if ((read += 1) > MAX_KEYS_READ || entries.size === limit) break;
    if (!key.startsWith(prefix)) continue;
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
    const isFolder = delimiter !== undefined && end !== -1;
    const name = isFolder ? key.slice(0, end + delimiter.length) : key;
    if (startAfter === undefined || comesBefore(startAfter, name)) entries.set(name, { key: name, isFolder });
  }
  return [...entries.values()];
}

/** A heading, and a row for each entry: size, date of last change, key. The key comes last because it may be long. */
export function tableOf(
  colors: { readonly useColors: boolean },
  entries: readonly Entry[],
): { heading: string; rows: string[] } {
  const sizes = entries.map(({ size }) => (size === undefined ? "" : asBytes(size)));
  const width = Math.max(...sizes.map(({ length }) => length), "size".length);
  const hasTimes = (process.stdout.columns ?? Infinity) >= MIN_COLUMNS_FOR_TIMES;
  const facts = (size: string, time: string): string =>
    `  ${size.padStart(width)}${hasTimes ? `  ${time.padEnd(TIME_WIDTH)}` : ""}`;
  const rows = entries.map(({ key, isFolder, lastModified }, at) => {
    const time = lastModified === undefined ? "" : asTime(lastModified);
    const shown = asName(key);
    return `${paint(colors, "gray", facts(sizes[at]!, time))}  ${isFolder ? paint(colors, "blue", shown) : shown}`;
  });
  return { heading: paint(colors, "gray", `${facts("size", "modified")}  key`), rows };
}
