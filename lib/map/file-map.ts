import { argumentError } from "../errors/errors.js";
import type { SetOptions, SyncMap } from "./sync-map.js";

/** A map that can copy files to values and values to files without holding a whole file in memory. */
export interface FileMap<V> extends SyncMap<V> {
  /**
   * Stores the bytes of a file as the value of a key. It is durable when this returns. The file can have any size that
   * S3 accepts. This costs 1 PUT. A file of more than 16 MiB costs 1 CreateMultipartUpload, 1 UploadPart for each 8 MiB
   * (above 80 GB, 10,000 larger parts), 8 at a time, and 1 CompleteMultipartUpload (1 AbortMultipartUpload if one of
   * them fails). Less than 32 MiB of the file is in memory at a time. The option `timeoutMs` limits the time without
   * progress, not the time of the whole call.
   *
   * The file must not change during the call. The library notices a different size or modification time at the end. It
   * reads each part twice, first for the checksums, and notices if the bytes differ. Then nothing is stored.
   *
   * @param path - a string, relative to the working directory of the program, or a `file:` URL
   * @param options - those of {@link SyncMap.set}. The default of `contentType` is `application/octet-stream`. With
   * `ifMatch`, the file may have at most 64 MiB: all of it is in memory, and it costs 1 PUT
   * @throws TypeError for a wrong key, path or option, and from a layer that changes values, such as `gzip` or `json`
   * @throws S3BucketMapError `FileNotRead` if there is no such file, the program is not allowed to read it, or it is a
   * directory, a FIFO or a device: nothing was sent. `FileChanged` if it changed, `EntityTooLarge` if it is larger than
   * the service allows: nothing was stored
   * @example
   * map.putFile("backups/monday.tar", "/var/backups/monday.tar", { contentType: "application/x-tar" });
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
   */
  putFile(key: string, path: string | URL, options?: SetOptions): this;
  /**
   * Writes the value of a key to a file. The value can have any size. Returns false if there is no such key: then no
   * file is created or changed. This costs 1 GET. A value of more than 32 MiB costs at most 1 more for each 8 MiB, 8 at
   * a time. Less than 32 MiB is in memory at a time. The option `timeoutMs` limits the time without progress, not the
   * time of the whole call.
   *
   * The value is written to a temporary file in the same directory, `.s3bucketmap-….tmp`. The temporary file is renamed
   * when it is complete and its checksum is right. Only then is a file at `path` replaced, and the new file gets its
   * mode. After a failure, the deadline, or Ctrl-C at the prompt, no temporary file remains, and an old file is
   * unchanged. The file never mixes two states of the value. If the value is overwritten during the download, and the
   * old one can no longer be read to its end, the download starts again, at most three times in all.
   *
   * @param path - a string, relative to the working directory of the program, or a `file:` URL
   * @throws TypeError for a wrong key or path, and from a layer that changes values, such as `gzip` or `json`
   * @throws S3BucketMapError `FileNotWritten` if there is no such directory, the disk is full, the program is not
   * allowed to write the target, or it is a directory, a FIFO or a device. `ObjectChanged` if the value changed each
   * time. `ChecksumMismatch` if the bytes that arrived are not those that were stored
   * @example
   * if (!map.getFile("backups/monday.tar", "monday.tar")) console.log("There is no such backup.");
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
   */
  getFile(key: string, path: string | URL, options?: Record<string, never>): boolean;
  subMap(prefix: string): FileMap<V>;
}

/** A layer's base, if it has `putFile` and `getFile`: an S3BucketMap, or a layer that passes them on. */
export function filesOf<V>(map: SyncMap<V>, method: "putFile" | "getFile"): FileMap<V> {
  if (typeof (map as Partial<FileMap<V>>)[method] === "function") return map as FileMap<V>;
  throw argumentError(`${method} needs layers over an S3BucketMap.`);
}

/** For layers whose values differ from the stored bytes. */
export function refuseFiles(method: "putFile" | "getFile", layer: string): never {
  throw argumentError(
    `${method} copies the bytes of a file unchanged, but ${layer} changes values. Call ${method} on the base S3BucketMap.`,
  );
}
