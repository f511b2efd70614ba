/**
 * Version of the storage format. Raise it with any change that an older version of this library would misread.
 *
 * Objects: `bucket NUL key` → ObjectRecord. UTF-8 never contains the byte 0xFF, so `prefix 0xFF` sorts after every
 * key with that prefix. Uploads: `bucket NUL key NUL upload id` → UploadRecord. Parts and bodies: see {@link partKey}
 * and {@link chunkKey}. Ids have 16 bytes.
 */
export const FORMAT = 1;

// A chunk fills 256 pages of LMDB. The 64 bytes are more than the header of its first page needs (16 or 24 bytes).
export const CHUNK_SIZE: number = 256 * 4096 - 64;

/** The key of a part's BodyRecord. */
export function partKey(uploadId: string, partNumber: number): Buffer {
  return numberedKey(uploadId, partNumber, 2);
}

/** The key of one chunk of a body, which has at most CHUNK_SIZE bytes. */
export function chunkKey(id: string, index: number): Buffer {
  return numberedKey(id, index, 4);
}

function numberedKey(id: string, number: number, bytes: number): Buffer {
  const key = Buffer.alloc(16 + bytes, id, "hex");
  key.writeUIntBE(number, 16, bytes);
  return key;
}

/** A stored body: that of an object, or of one part of an upload. */
export interface BodyRecord {
  /** In hex. For an object that was uploaded in parts, the upload's id. */
  id: string;
  size: number;
  /** Without quotes. */
  etag: string;
  /** Milliseconds since 1970. */
  modified: number;
  /** Of the whole body, in base64. */
  checksums?: { type: "FULL_OBJECT"; values: { crc32: string } };
}

/** What HEAD and LIST need. The body is stored separately, so neither has to read it. */
export interface ObjectRecord extends BodyRecord {
  /** Returned as they were sent: content-type, …, x-amz-meta-*. */
  headers: Record<string, string>;
  storageClass?: string;
  /** The number of parts of an object that was uploaded in parts. */
  parts?: number;
}

export interface UploadRecord {
  headers: Record<string, string>;
  storageClass?: string;
  /** Set if the completed object has a checksum. */
  algorithm?: "crc32";
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
