import { createBucket, deleteBucket, headBucket, listBuckets } from "./operations/buckets.js";
import { completeMultipartUpload } from "./operations/complete-multipart.js";
import { copyObject, uploadPartCopy } from "./operations/copy-object.js";
import { deleteObject, deleteObjects } from "./operations/delete.js";
import { getObject, headObject } from "./operations/get-object.js";
import { listObjectsV2 } from "./operations/list-objects.js";
import { abortMultipartUpload, createMultipartUpload, uploadPart } from "./operations/multipart.js";
import { putObject } from "./operations/put-object.js";
import type { Context, Reply, S3Request } from "./request.js";

type Run = (context: Context, request: S3Request) => Reply | Promise<Reply>;

/**
 * Every operation that the local S3 implements, with the query parameters it accepts. A request with any other parameter
 * fails with NotImplemented, because `GET key?acl`, for example, does not ask for the object.
 */
export const operations = {
  ListBuckets: [listBuckets, "max-buckets", "continuation-token"],
  CreateBucket: [createBucket],
  HeadBucket: [headBucket],
  DeleteBucket: [deleteBucket],
  ListObjectsV2: [
    listObjectsV2,
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "encoding-type",
    "start-after",
    "continuation-token",
  ],
  DeleteObjects: [deleteObjects, "delete"],
  GetObject: [getObject],
  HeadObject: [headObject],
  PutObject: [putObject],
  CopyObject: [copyObject],
  DeleteObject: [deleteObject],
  CreateMultipartUpload: [createMultipartUpload, "uploads"],
  UploadPart: [uploadPart, "uploadId", "partNumber"],
  UploadPartCopy: [uploadPartCopy, "uploadId", "partNumber"],
  CompleteMultipartUpload: [completeMultipartUpload, "uploadId"],
  AbortMultipartUpload: [abortMultipartUpload, "uploadId"],
} satisfies Record<string, readonly [run: Run, ...parameters: string[]]>;

export type Operation = keyof typeof operations;

/** The operation that a request asks for, or undefined if the local S3 does not implement it. */
export function operationOf(request: S3Request): Operation | undefined {
  const operation = candidate(request);
  if (operation === undefined) return undefined;
  const [, ...parameters]: readonly [Run, ...string[]] = operations[operation];
  // The SDK adds x-id for people who read access logs.
  const isKnown = (name: string): boolean => parameters.includes(name) || name === "x-id";
  return Object.keys(request.query).every(isKnown) ? operation : undefined;
}

function candidate({ method, bucket, key, query, headers }: S3Request): Operation | undefined {
  const has = (name: string): boolean => Object.hasOwn(query, name);
  if (bucket === "") return method === "GET" && key === "" ? "ListBuckets" : undefined;
  switch (`${method} ${key === "" ? "bucket" : "object"}`) {
    case "HEAD bucket":
      return "HeadBucket";
    case "PUT bucket":
      return "CreateBucket";
    case "DELETE bucket":
      return "DeleteBucket";
    case "POST bucket":
      return has("delete") ? "DeleteObjects" : undefined;
    case "GET bucket":
      return query["list-type"] === "2" ? "ListObjectsV2" : undefined;
    case "GET object":
      return "GetObject";
    case "HEAD object":
      return "HeadObject";
    case "DELETE object":
      return has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
    case "PUT object":
      if (headers["x-amz-copy-source"] !== undefined)
        return has("uploadId") ? "UploadPartCopy" : "CopyObject";
      return has("uploadId") ? "UploadPart" : "PutObject";
    case "POST object":
      if (has("uploads")) return "CreateMultipartUpload";
      return has("uploadId") ? "CompleteMultipartUpload" : undefined;
    default:
      return undefined;
  }
}
