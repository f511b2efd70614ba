/**
 * Format of the stored data. To be raised with any change that an older version of this library would misread.
 * Objects: `bucket NUL key` → ObjectRecord; since UTF-8 never has the byte 0xFF, `prefix 0xFF` is after all keys
 * with that prefix. Bodies: `body id (16 bytes), number of the chunk (4 bytes)` → at most CHUNK_SIZE bytes.
 */
export const FORMAT = 1;

// A page of LMDB has 4096 bytes, and a chunk's first page also a header of 16 (24 in newer formats): no page is wasted.
export const CHUNK_SIZE: number = 256 * 4096 - 64;

/** What HEAD and LIST need to know of an object; the body is kept apart, so that neither reads it. */
export interface ObjectRecord {
  /** Id of the body; that of the upload for an object made of parts. */
  id: string;
  size: number;
  /** Without its quotes. */
  etag: string;
  /** Milliseconds since 1970. */
  modified: number;
  /** Headers answered as they came: content-type, …, x-amz-meta-*. */
  headers: Record<string, string>;
  storageClass?: string;
  checksums?: Checksums;
  /** The number of parts, for an object that was uploaded in parts. */
  parts?: number;
}

/** By now a CRC32 of the whole; others may have been stored by older versions, and are answered as they are. */
export interface Checksums {
  type: "FULL_OBJECT" | "COMPOSITE";
  /** From the algorithm to its value: base64, and for a composite one `-` and the number of parts. */
  values: Record<string, string>;
}

export interface PartRecord {
  /** Id of the part's body. */
  id: string;
  size: number;
  etag: string;
  modified: number;
  checksums?: Checksums;
}

export interface UploadRecord {
  bucket: string;
  key: string;
  initiated: number;
  headers: Record<string, string>;
  storageClass?: string;
  algorithm?: string;
  checksumType?: "FULL_OBJECT" | "COMPOSITE";
}

export interface BucketRecord {
  created: number;
}

/** A body that is being written over several transactions, so that it can be swept when its writer dies. */
export interface PendingRecord {
  host: string;
  pid: number;
  /** Milliseconds since 1970 of the last chunk. */
  active: number;
}
