import { elements, xmlDocument, type Elements } from "./xml.js";

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const messages = {
  BadDigest: "The Content-MD5 you specified did not match what we received.",
  BucketNotEmpty: "The bucket you tried to delete is not empty",
  EntityTooSmall: "Your proposed upload is smaller than the minimum allowed size",
  IncompleteBody: "You did not provide the number of bytes specified by the Content-Length HTTP header",
  InvalidArgument: "Invalid Argument",
  InvalidBucketName: "The specified bucket is not valid.",
  InvalidPart:
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  InvalidPartOrder: "The list of parts was not in ascending order. Parts must be ordered by part number.",
  InvalidRange: "The requested range is not satisfiable",
  InvalidRequest: "Invalid Request",
  InvalidStorageClass: "The storage class you specified is not valid",
  InvalidURI: "Couldn't parse the specified URI.",
  KeyTooLongError: "Your key is too long",
  MalformedXML: "The XML you provided was not well-formed or did not validate against our published schema",
  MetadataTooLarge: "Your metadata headers exceed the maximum allowed metadata size",
  NoSuchBucket: "The specified bucket does not exist",
  NoSuchKey: "The specified key does not exist.",
  NoSuchUpload:
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  NotImplemented: "A header or query you provided implies functionality that is not implemented",
  PreconditionFailed: "At least one of the pre-conditions you specified did not hold",
  RequestTimeout:
    "Your socket connection to the server was not read from or written to within the timeout period.",
  XAmzContentSHA256Mismatch: "The provided 'x-amz-content-sha256' header does not match what was computed.",
} as const;

export type S3ErrorCode = keyof typeof messages;

// Of all others: 400.
const statuses: Partial<Record<S3ErrorCode, number>> = {
  BucketNotEmpty: 409,
  InvalidRange: 416,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
};

/** An error response of S3. Operations throw it, and the handler sends it. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3ErrorCode;
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly #elements: Elements;

  /** @param added - more elements of the XML body, such as `Condition` or `BucketName` */
  constructor(
    code: S3ErrorCode,
    added: Elements = {},
    { message, headers = {} }: { message?: string; headers?: Record<string, string> } = {},
  ) {
    super(message ?? messages[code]);
    this.code = code;
    this.statusCode = statuses[code] ?? 400;
    this.headers = headers;
    this.#elements = added;
  }

  toXml(resource: string, requestId: string): Buffer {
    const { code: Code, message: Message } = this;
    // Unlike S3's other responses, errors have no namespace.
    const content = elements({ Code, Message, ...this.#elements, Resource: resource, RequestId: requestId });
    return xmlDocument("Error", content);
  }
}

/** The 412 of a conditional request. `condition` is the header whose condition was not met. */
export function preconditionFailed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", { Condition: condition });
}

/** The 400 for an invalid argument. */
export function invalidArgument(message: string, name: string, value?: string): S3Error {
  return new S3Error("InvalidArgument", { ArgumentName: name, ArgumentValue: value }, { message });
}
