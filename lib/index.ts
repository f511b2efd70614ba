export { batch } from "./batch.js";
export { asMap, asObject } from "./bucket-object.js";
export type { BucketObject } from "./bucket-object.js";
export type { DiagnoseOptions, Diagnosis, DiagnosisLine } from "./diagnosis.js";
export {
  AccessDeniedError,
  NoSuchBucketError,
  PartialFailureError,
  PreconditionFailedError,
  S3BucketMapError,
  TimedOutError,
} from "./errors.js";
export type { S3BucketMapErrorDetails } from "./errors.js";
export type { S3BucketOptions, S3Credentials } from "./options.js";
export { s3Bucket } from "./s3-bucket.js";
export { S3BucketMap } from "./s3-bucket-map.js";
export type { ReadAs, ValueOf } from "./s3-bucket-map.js";
export type {
  ListedEntry,
  ListedObject,
  ListedPrefix,
  ListEntriesOptions,
  ListOptions,
  ObjectHead,
  ObjectOptions,
  SetOptions,
  SyncMap,
} from "./sync-map.js";
export type { Bytes } from "./values.js";
