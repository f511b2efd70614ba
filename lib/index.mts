// The same classes, worker and state as by `require`: this file only passes them on.
export {
  AccessDeniedError,
  asMap,
  asObject,
  batch,
  NoSuchBucketError,
  PartialFailureError,
  PreconditionFailedError,
  s3Bucket,
  S3BucketMap,
  S3BucketMapError,
  TimedOutError,
} from "./index.js";
export type {
  BucketObject,
  Bytes,
  ListOptions,
  ObjectHead,
  ReadAs,
  S3BucketMapErrorDetails,
  S3BucketOptions,
  S3Credentials,
  SetOptions,
  SyncMap,
  ValueOf,
} from "./index.js";
