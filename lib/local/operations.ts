import type { S3Request } from "./request.js";

export type Operation =
  | "ListBuckets"
  | "CreateBucket"
  | "HeadBucket"
  | "DeleteBucket"
  | "GetBucketLocation"
  | "ListObjectsV2"
  | "ListObjects"
  | "ListMultipartUploads"
  | "DeleteObjects"
  | "GetObject"
  | "HeadObject"
  | "PutObject"
  | "CopyObject"
  | "DeleteObject"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "UploadPartCopy"
  | "ListParts"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload";

// Of each operation, the query parameters that it knows. A parameter beyond those makes it another operation, which
// is answered by NotImplemented: a GET with ?acl is not a GET of the object.
const list = ["prefix", "delimiter", "max-keys", "encoding-type"];
const overrides = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
];
const read = ["versionId", "partNumber", ...overrides.map((name) => `response-${name}`)];
const parameters: Record<Operation, readonly string[]> = {
  ListBuckets: ["max-buckets"],
  CreateBucket: [],
  HeadBucket: [],
  DeleteBucket: [],
  GetBucketLocation: ["location"],
  ListObjectsV2: ["list-type", ...list, "start-after", "continuation-token", "fetch-owner"],
  ListObjects: [...list, "marker"],
  ListMultipartUploads: [
    "uploads",
    "prefix",
    "delimiter",
    "encoding-type",
    "key-marker",
    "upload-id-marker",
    "max-uploads",
  ],
  DeleteObjects: ["delete"],
  GetObject: read,
  HeadObject: read,
  PutObject: [],
  CopyObject: [],
  DeleteObject: ["versionId"],
  CreateMultipartUpload: ["uploads"],
  UploadPart: ["uploadId", "partNumber"],
  UploadPartCopy: ["uploadId", "partNumber"],
  ListParts: ["uploadId", "max-parts", "part-number-marker"],
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
  // x-id names the operation for people who read logs; X-Amz-… belong to a presigned URL.
  const isKnown = (name: string): boolean => known.includes(name) || name === "x-id" || /^x-amz-/i.test(name);
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
    if (has("uploads")) return "ListMultipartUploads";
    return query["list-type"] === "2" ? "ListObjectsV2" : "ListObjects";
  }
  if (method === "GET") return has("uploadId") ? "ListParts" : "GetObject";
  if (method === "HEAD") return "HeadObject";
  if (method === "DELETE") return has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
  if (method === "PUT") {
    if (has("uploadId")) return copies ? "UploadPartCopy" : "UploadPart";
    return copies ? "CopyObject" : "PutObject";
  }
  if (method === "POST") {
    if (has("uploads")) return "CreateMultipartUpload";
    if (has("uploadId")) return "CompleteMultipartUpload";
  }
  return undefined;
}
