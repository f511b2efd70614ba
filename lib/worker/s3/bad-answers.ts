/** The longest answer but for objects: a page of 1000 keys, all of it percent-encoded, has 4 MB. */
export const MAX_ANSWER_BYTES: number = 16 * 1024 ** 2;

/** The longest object whose length is not known beforehand: it might never end. */
export const MAX_UNTOLD_BYTES: number = 64 * 1024 ** 2;

/** An answer that says it is well, and is none of S3's: of a proxy or a login page, or damaged on its way. */
export class BadAnswer extends Error {
  override name = "BadAnswer";
  /** For the SDK: worth another try. */
  readonly $retryable: object = {};
  readonly $metadata: { httpStatusCode?: number; requestId?: string; attempts?: number };

  constructor(reason: string, metadata: object, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.$metadata = metadata;
  }
}

/** An answer that does not end. */
export class TooLong extends BadAnswer {
  constructor(statusCode: number, limit: number) {
    super(`the answer has more than ${limit} bytes`, { httpStatusCode: statusCode });
  }
}

/** A body that did not come whole, or not as it was stored. */
export class BrokenBody extends Error {
  override name = "BrokenBody";
  readonly code: "ChecksumMismatch" | "NetworkError";
  /** For the SDK: worth another try. */
  readonly $retryable: object = {};

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = /checksum/i.test(cause.message) ? "ChecksumMismatch" : "NetworkError";
  }
}
