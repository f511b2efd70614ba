import { argumentError } from "../errors/errors.js";
import type { SetOptions, SyncMap } from "./sync-map.js";

/** A map whose values can come from files and go to files, without passing through the memory of the program. */
export interface FileMap<V> extends SyncMap<V> {
  /**
   * Stores the bytes of a file as the value of a key, durable when this returns, for any size that S3 takes. 1 PUT. A file of
   * more than 16 MiB takes 1 CreateMultipartUpload, 1 UploadPart for each 8 MiB (more in each above 80 GB, as S3 takes 10,000),
   * 8 at a time, and 1 CompleteMultipartUpload (1 AbortMultipartUpload if one of them fails). Less than 32 MiB of the file are in
   * memory at a time. The option `timeoutMs` limits how long nothing of the file may move, not the whole.
   *
   * The file may not change meanwhile. What the file system can tell is noticed: another size or time of modification at the
   * end, or other bytes in a part between its two readings, of which the first makes its checksums. Then nothing is stored.
   *
   * @param path - a string, relative to the working directory of the program, or a `file:` URL
   * @param options - those of {@link SyncMap.set}. The default of `contentType` is `application/octet-stream`. With `ifMatch`, the
   * file may have 64 MiB, is one PUT and is in memory as a whole
   * @throws TypeError for a wrong key, path or option, and from a layer that changes values, such as `gzip` or `json`
   * @throws S3BucketMapError `FileNotRead` if there is no such file, it may not be read, or it is a directory, a FIFO or a
   * device: nothing was sent. `FileChanged` if it changed, or `EntityTooLarge`: nothing was stored
   * @example
   * map.putFile("backups/monday.tar", "/var/backups/monday.tar", { contentType: "application/x-tar" });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
   */
  putFile(key: string, path: string | URL, options?: SetOptions): this;
  /**
   * Writes the value of a key into a file, for any size. False if there is no such key: then no file is made or changed. 1 GET.
   * A value of more than 32 MiB takes at most 1 more for each 8 MiB, 8 at a time. Less than 32 MiB are in memory at a time. The
   * option `timeoutMs` limits how long nothing of the file may move, not the whole.
   *
   * It is written under a temporary name beside the target, `.s3bucketmap-….tmp`, which is renamed when it is whole and its
   * checksum is right. A file at `path` is replaced only then, and lends the new one its mode. After a failure, the deadline,
   * or Ctrl-C at the prompt nothing is left, and an old file is as it was. The value is always of one version. If it is
   * overwritten meanwhile and its first version can no longer be read, the download begins anew, up to three times.
   *
   * @param path - a string, relative to the working directory of the program, or a `file:` URL
   * @throws TypeError for a wrong key or path, and from a layer that changes values, such as `gzip` or `json`
   * @throws S3BucketMapError `FileNotWritten` if there is no such directory, the disk is full, the target may not be
   * written, or is a directory, a FIFO or a device. `ObjectChanged` if the value changed each time. `ChecksumMismatch` if what
   * arrived is not what was stored
   * @example
   * if (!map.getFile("backups/monday.tar", "monday.tar")) console.log("There is no such backup.");
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  getFile(key: string, path: string | URL, options?: Record<string, never>): boolean;
  subMap(prefix: string): FileMap<V>;
}

/** A layer's base, which has files only if it is a bucket or a layer that passes them on. */
export function filesOf<V>(map: SyncMap<V>, method: "putFile" | "getFile"): FileMap<V> {
  if (typeof (map as Partial<FileMap<V>>)[method] === "function") return map as FileMap<V>;
  throw argumentError(`${method} needs an S3BucketMap under the layers.`);
}

/** For layers that give other values than are stored. */
export function refuseFiles(method: "putFile" | "getFile", layer: string): never {
  throw argumentError(
    `${method} moves the bytes of a file as they are, past what ${layer} does with values: call it on the S3BucketMap under the layers.`,
  );
}
