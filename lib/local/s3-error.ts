import { elements, xmlDocument, type Elements } from "./xml.js";

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const errors = {
  BadDigest: [400, "The Content-MD5 you specified did not match what we received."],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size"],
  IncompleteBody: [
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  ],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidPart: [
    400,
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
  ],
  InvalidPartOrder: [
    400,
    "The list of parts was not in ascending order. Parts must be ordered by part number.",
  ],
  InvalidRange: [416, "The requested range is not satisfiable"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidStorageClass: [400, "The storage class you specified is not valid"],
  InvalidURI: [400, "Couldn't parse the specified URI."],
  KeyTooLongError: [400, "Your key is too long"],
  MalformedXML: [
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  ],
  MetadataTooLarge: [400, "Your metadata headers exceed the maximum allowed metadata size"],
  NoSuchBucket: [404, "The specified bucket does not exist"],
  NoSuchKey: [404, "The specified key does not exist."],
  NoSuchUpload: [
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  ],
  NotImplemented: [501, "A header or query you provided implies functionality that is not implemented"],
  PreconditionFailed: [412, "At least one of the pre-conditions you specified did not hold"],
  RequestTimeout: [
    400,
    "Your socket connection to the server was not read from or written to within the timeout period.",
  ],
  XAmzContentSHA256Mismatch: [
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
  ],
} as const;

export type S3ErrorCode = keyof typeof errors;

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
    super(message ?? errors[code][1]);
    this.code = code;
    this.statusCode = errors[code][0];
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
