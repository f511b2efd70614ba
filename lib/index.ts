export { batch } from "./facade/batch.js";
export { restore } from "./facade/restore.js";
export { copyAll } from "./facade/copy-all.js";
export type { CopyAllOptions } from "./facade/copy-all.js";
export type { CopyOptions } from "./map/copy-types.js";
export { asMap, asObject } from "./facade/bucket-object.js";
export type { BucketObject } from "./facade/bucket-object.js";
export type { DiagnoseOptions, Diagnosis, DiagnosisLine } from "./bucket/diagnosis.js";
export {
  AccessDeniedError,
  NoSuchBucketError,
  PartialFailureError,
  PreconditionFailedError,
  S3BucketMapError,
  TimedOutError,
} from "./errors/errors.js";
export type { S3BucketMapErrorDetails } from "./errors/errors.js";
export type { ReadAs, S3BucketOptions, S3Credentials } from "./arguments/options.js";
export { at } from "./layers/at.js";
export { createBucket, deleteBucket, s3Buckets } from "./entry/s3-buckets.js";
export type { S3Buckets, S3BucketsOptions } from "./entry/s3-buckets.js";
export { s3Bucket } from "./entry/s3-bucket.js";
export { S3BucketMap } from "./bucket/s3-bucket-map.js";
export type { ValueOf } from "./bucket/shared.js";
export type { FileMap } from "./map/file-map.js";
export type {
  GetOptions,
  LinkOptions,
  ListedEntry,
  ListedObject,
  ListedPrefix,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  ObjectVersion,
  SetOptions,
  SyncMap,
} from "./map/sync-map.js";
export type { Bytes } from "./arguments/values.js";
