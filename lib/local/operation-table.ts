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
type Row = readonly [run: Run, asks: string, required?: string, optional?: string];

/**
 * Every operation that the local S3 implements, with the query parameters that a request must have, and those that it
 * may have. A PUT with x-amz-copy-source is a COPY here. A request that no row describes fails with NotImplemented,
 * because `GET key?acl`, for example, does not ask for the object.
 */
export const operations = {
  ListBuckets: [listBuckets, "GET service", "", "max-buckets continuation-token"],
  CreateBucket: [createBucket, "PUT bucket"],
  HeadBucket: [headBucket, "HEAD bucket"],
  DeleteBucket: [deleteBucket, "DELETE bucket"],
  ListObjectsV2: [
    listObjectsV2,
    "GET bucket",
    "list-type",
    "prefix delimiter max-keys encoding-type start-after continuation-token",
  ],
  DeleteObjects: [deleteObjects, "POST bucket", "delete"],
  GetObject: [getObject, "GET object"],
  HeadObject: [headObject, "HEAD object"],
  PutObject: [putObject, "PUT object"],
  CopyObject: [copyObject, "COPY object"],
  DeleteObject: [deleteObject, "DELETE object"],
  CreateMultipartUpload: [createMultipartUpload, "POST object", "uploads"],
  UploadPart: [uploadPart, "PUT object", "uploadId partNumber"],
  UploadPartCopy: [uploadPartCopy, "COPY object", "uploadId partNumber"],
  CompleteMultipartUpload: [completeMultipartUpload, "POST object", "uploadId"],
  AbortMultipartUpload: [abortMultipartUpload, "DELETE object", "uploadId"],
} satisfies Record<string, Row>;

export type Operation = keyof typeof operations;

/** The operation that a request asks for, or undefined if the local S3 does not implement it. */
export function operationOf({ method, bucket, key, query, headers }: S3Request): Operation | undefined {
  const verb = method === "PUT" && headers["x-amz-copy-source"] !== undefined ? "COPY" : method;
  const asked = `${verb} ${key !== "" ? "object" : bucket !== "" ? "bucket" : "service"}`;
  // The SDK adds x-id for people who read access logs.
  const parameters = Object.keys(query).filter((name) => name !== "x-id");
  const isAsked = ([, asks, required = "", optional = ""]: Row): boolean => {
    if (asks !== asked) return false;
    const names = required.split(" ").filter(Boolean);
    const allowed = [...names, ...optional.split(" ")];
    return (
      names.every((name) => Object.hasOwn(query, name)) && parameters.every((name) => allowed.includes(name))
    );
  };
  return (Object.keys(operations) as Operation[]).find((name) => isAsked(operations[name]));
}
