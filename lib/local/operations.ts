import type { S3Request } from "./request.js";

export type Operation =
  | "ListBuckets"
  | "CreateBucket"
  | "HeadBucket"
  | "DeleteBucket"
  | "GetBucketLocation"
  | "ListObjectsV2"
  | "DeleteObjects"
  | "GetObject"
  | "HeadObject"
  | "PutObject"
  | "CopyObject"
  | "DeleteObject"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload";

// Of each operation, the query parameters that it knows: those that the library sends, or the SDK for it. A parameter beyond those makes it another operation, which
// is answered by NotImplemented: a GET with ?acl is not a GET of the object.
const parameters: Record<Operation, readonly string[]> = {
  ListBuckets: [],
  CreateBucket: [],
  HeadBucket: [],
  DeleteBucket: [],
  GetBucketLocation: ["location"],
  ListObjectsV2: [
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "encoding-type",
    "start-after",
    "continuation-token",
  ],
  DeleteObjects: ["delete"],
  GetObject: [],
  HeadObject: [],
  PutObject: [],
  CopyObject: [],
  DeleteObject: [],
  CreateMultipartUpload: ["uploads"],
  UploadPart: ["uploadId", "partNumber"],
  CompleteMultipartUpload: ["uploadId"],
  AbortMultipartUpload: ["uploadId"],
};

/** The S3 operation that a request asks for, or undefined for one that the local S3 does not have. */
export function operationOf(
  request: Pick<S3Request, "method" | "bucket" | "key" | "query" | "headers">,
): Operation | undefined {
  const operation = candidate(request);
  if (!operation) return undefined;
  const known = parameters[operation];
  // x-id names the operation for people who read logs.
  const isKnown = (name: string): boolean => known.includes(name) || name === "x-id";
  return Object.keys(request.query).every(isKnown) ? operation : undefined;
}

function candidate({
  method,
  bucket,
  key,
  query,
  headers,
}: Parameters<typeof operationOf>[0]): Operation | undefined {
  const has = (name: string): boolean => Object.hasOwn(query, name);
  const copies = headers["x-amz-copy-source"] !== undefined;
  if (bucket === "") return method === "GET" && key === "" ? "ListBuckets" : undefined;
  if (key === "") {
    if (method === "HEAD") return "HeadBucket";
    if (method === "PUT") return "CreateBucket";
    if (method === "DELETE") return "DeleteBucket";
    if (method === "POST") return has("delete") ? "DeleteObjects" : undefined;
    if (method !== "GET") return undefined;
    if (has("location")) return "GetBucketLocation";
    return query["list-type"] === "2" ? "ListObjectsV2" : undefined;
  }
  if (method === "GET") return "GetObject";
  if (method === "HEAD") return "HeadObject";
  if (method === "DELETE") return has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
  if (method === "PUT") {
    if (copies) return "CopyObject";
    return has("uploadId") ? "UploadPart" : "PutObject";
  }
  if (method === "POST") {
    if (has("uploads")) return "CreateMultipartUpload";
    if (has("uploadId")) return "CompleteMultipartUpload";
  }
  return undefined;
}
