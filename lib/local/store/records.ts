/**
 * Version of the storage format. Raise it with any change that an older version of this library would misread.
 *
 * Objects: `bucket NUL key` → ObjectRecord. UTF-8 never contains the byte 0xFF, so `prefix 0xFF` sorts after every key with
 * that prefix. Bodies: `body id (16 bytes), chunk number (4 bytes)` → at most CHUNK_SIZE bytes.
 */
export const FORMAT = 1;

// Fills 256 pages of LMDB, the header of a chunk's first page included (16 bytes; 24 in newer formats).
export const CHUNK_SIZE: number = 256 * 4096 - 64;

/** A stored body: the one of an object, or that of one part of an upload. */
export interface BodyRecord {
  /** In hex. For an object made of parts, the upload's id. */
  id: string;
  size: number;
  /** Without quotes. */
  etag: string;
  /** Milliseconds since 1970. */
  modified: number;
  checksums?: Checksums;
}

/** What HEAD and LIST need. The body is stored separately, so neither has to read it. */
export interface ObjectRecord extends BodyRecord {
  /** Returned as they were sent: content-type, …, x-amz-meta-*. */
  headers: Record<string, string>;
  storageClass?: string;
  /** The number of parts of an object that was uploaded in parts. */
  parts?: number;
}

/** A CRC32 of the whole object. Older versions also stored others, which are returned as they are. */
export interface Checksums {
  type: "FULL_OBJECT" | "COMPOSITE";
  /** By algorithm, in base64. A composite value ends with `-` and the number of parts. */
  values: Record<string, string>;
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

/** A body that is being written in several transactions. Its chunks are removed if the writer dies. */
export interface PendingRecord {
  host: string;
  pid: number;
  /** When its last chunks were stored, in milliseconds since 1970. */
  active: number;
}
