import type { Context, Reply, S3Request } from "../request.js";
import { invalidArgument } from "../s3-error.js";
import { element, xmlDocument } from "../xml.js";
import { openSource } from "./copy-object.js";
import { checksumElements } from "./object-headers.js";
import { storePart } from "./multipart.js";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export async function uploadPartCopy(context: Context, request: S3Request): Promise<Reply> {
  const source = openSource(context, request.headers, rangeOf(request.headers["x-amz-copy-source-range"]));
  try {
    const part = await storePart(context, { ...request, headers: {}, body: source.body });
    const content =
      element("LastModified", new Date(part.modified).toISOString()) +
      element("ETag", `"${part.etag}"`) +
      checksumElements(part.checksums);
    return { statusCode: 200, headers: {}, body: xmlDocument("CopyPartResult", content) };
  } finally {
    source.body.destroy();
  }
}

function rangeOf(header: string | undefined): { first: number; last: number } | undefined {
  if (header === undefined) return undefined;
  const [, first = "", last = ""] = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header) ?? [];
  if (first !== "" && Number(first) <= Number(last)) return { first: Number(first), last: Number(last) };
  const message = "The x-amz-copy-source-range value must be of the form bytes=first-last.";
  throw invalidArgument(message, "x-amz-copy-source-range", header);
}
