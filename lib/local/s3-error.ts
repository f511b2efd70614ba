import { element, xmlDocument } from "./xml.js";

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const errors = {
  BadDigest: [400, "The Content-MD5 you specified did not match what we received."],
  BucketNotEmpty: [409, "The bucket you tried to delete is not empty"],
  EntityTooLarge: [400, "Your proposed upload exceeds the maximum allowed size"],
  EntityTooSmall: [400, "Your proposed upload is smaller than the minimum allowed size"],
  IncompleteBody: [
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  ],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketName: [400, "The specified bucket is not valid."],
  InvalidDigest: [400, "The Content-MD5 you specified was invalid."],
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

export interface S3ErrorDetail {
  message?: string;
  /** Additional elements of the XML body, such as `Condition` or `BucketName`. */
  elements?: Record<string, string>;
  headers?: Record<string, string>;
}

/** An error response of S3. Operations throw it, and the handler sends it. */
export class S3Error extends Error {
  readonly code: S3ErrorCode;
  readonly statusCode: number;
  readonly elements: Record<string, string>;
  readonly headers: Record<string, string>;

  constructor(code: S3ErrorCode, { message, elements = {}, headers = {} }: S3ErrorDetail = {}) {
    super(message ?? errors[code][1]);
    this.name = "S3Error";
    this.code = code;
    this.statusCode = errors[code][0];
    this.elements = elements;
    this.headers = headers;
  }

  toXml(resource: string, requestId: string): Buffer {
    const elements = Object.entries({
      Code: this.code,
      Message: this.message,
      ...this.elements,
      Resource: resource,
      RequestId: requestId,
    });
    const content = elements.map(([name, text]) => element(name, text)).join("");
    // Unlike S3's other responses, errors have no namespace.
    return xmlDocument("Error", content, { namespace: false });
  }
}

/** The 412 of a conditional request, with the header that did not hold. */
export function preconditionFailed(condition: string): S3Error {
  return new S3Error("PreconditionFailed", { elements: { Condition: condition } });
}

/** The 400 for an argument that is not valid. */
export function invalidArgument(message: string, name: string, value?: string): S3Error {
  const elements = { ArgumentName: name, ...(value !== undefined && { ArgumentValue: value }) };
  return new S3Error("InvalidArgument", { message, elements });
}
