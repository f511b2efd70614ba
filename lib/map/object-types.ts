/** Options of a listing, relative to the map's prefix. */
export interface ListOptions {
  /** Only keys that begin with this. */
  prefix?: string | undefined;
  /** Only keys after this one, in the order of their UTF-8 bytes. */
  startAfter?: string | undefined;
  /** At most this many keys. */
  limit?: number | undefined;
}

/** Options of `get`. */
export interface GetOptions {
  /** A version's id, as `versions` returns it. */
  versionId?: string;
}

/** A version of a key, as `versions` returns it. A delete marker records that the key was deleted, and has no value. */
export interface ObjectVersion {
  versionId: string;
  /** Whether it is the current version. */
  isLatest: boolean;
  isDeleteMarker: boolean;
  /** When it was stored. AWS reports whole seconds, and for a multipart upload the time when it began. */
  lastModified: Date;
  /** Bytes, as stored. Undefined for a delete marker. */
  size: number | undefined;
  /** The ETag, quotes included. Undefined for a delete marker. */
  etag: string | undefined;
}

/** What is stored with a value. */
export interface ObjectOptions {
  /** The Content-Type. Default: `text/plain; charset=utf-8` for strings, `application/octet-stream` for bytes. */
  contentType?: string | undefined;
  /** The encoding of the value. It must not contain `aws-chunked`, which S3 would drop. */
  contentEncoding?: string | undefined;
  cacheControl?: string | undefined;
  /** User metadata, at most 2 KB. Names are case-insensitive and unique, and are returned in lower case. */
  metadata?: Record<string, string> | undefined;
}

/** Options of `set`. */
export interface SetOptions extends ObjectOptions {
  /**
   * Stores the value only if the key still has this ETag, as `head` and `list` return it. `undefined` throws a
   * TypeError.
   */
  ifMatch?: string;
}

/** Options of `url`. */
export interface LinkOptions {
  /** How many seconds the link works, from 1 to 604,800, which is 7 days. Default: 3600. */
  expiresIn?: number | undefined;
  /** What the link does: reads the value, or stores one. Default: `"GET"`. */
  method?: "GET" | "PUT" | undefined;
  /**
   * For GET, the Content-Type of the response. For PUT, the Content-Type that the request must have, and that the
   * object gets.
   */
  contentType?: string | undefined;
  /** For GET: browsers save the value as a file of this name. */
  filename?: string | undefined;
}

/** Options of `list`, relative to the map's prefix. */
export interface ListEntriesOptions extends ListOptions {
  /**
   * Groups the keys that contain this string after `prefix` into one entry for each "folder", `{ prefix }`. It must not
   * be empty. `startAfter` may be a folder, and `limit` counts folders as well.
   */
  delimiter?: string | undefined;
}

/** An object as `list` returns it. */
export interface ListedObject {
  key: string;
  /** Bytes. */
  size: number;
  /** The ETag, quotes included, as S3 returns it. */
  etag: string;
  lastModified: Date;
  prefix?: undefined;
}

/** A "folder" as `list` returns it: the common beginning of some keys, up to and including the delimiter. */
export interface ListedPrefix {
  prefix: string;
  key?: undefined;
  size?: undefined;
  etag?: undefined;
  lastModified?: undefined;
}

/** A "folder" if `entry.key === undefined`. */
export type ListedEntry = ListedObject | ListedPrefix;

/** What S3 says about an object without its body. */
export interface ObjectHead {
  /** Bytes. */
  size: number;
  /** The ETag, quotes included, as S3 returns it. */
  etag: string;
  lastModified: Date;
  contentType: string | undefined;
  contentEncoding: string | undefined;
  cacheControl: string | undefined;
  metadata: Record<string, string>;
}
