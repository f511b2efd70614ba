import { checkText } from "../arguments/checks.js";
import { kindOf } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";
import { wholeKey } from "../arguments/keys.js";
import { mapOf } from "../global/facades.js";
import { ownInternals } from "../map/internals.js";

/**
 * Makes an older version of a key its newest version again. A deleted key exists again after that. S3 copies the
 * version, so its value does not leave S3. Content-Type, Content-Encoding, Cache-Control and metadata are copied, too.
 * The versions in between are kept. This costs 1 HEAD and 1 CopyObject, and above 5 GiB the same as `copy`.
 *
 * @param objectOrMap - a map or a bucket object, with or without layers
 * @param versionId - as `map.versions(key)` returns it
 * @throws S3BucketMapError `NoSuchVersion` if there is no such version, or it is a delete marker; `VersioningOff` if
 * the bucket keeps no versions. In both cases nothing was written
 * @example
 * const [, before] = map.versions("todo");
 * if (before) restore(map, "todo", before.versionId);
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/RestoringPreviousVersions.html
 */
export function restore(objectOrMap: object, key: string, versionId: string): void {
  const inner = ownInternals(mapOf(objectOrMap));
  const objects = inner?.objects;
  if (inner === undefined || objects === undefined)
    throw argumentError(
      `restore requires an S3BucketMap, a layer over one, or a bucket object of either, not ${kindOf(objectOrMap)}.`,
    );
  wholeKey(inner.place?.prefix ?? "", key);
  checkText(versionId, "versionId");
  inner.writing("restore", [key], () => {
    // Otherwise a write that is still in a buffer would overwrite the restored version.
    inner.settle();
    objects.restore(key, versionId);
  });
}
