/** The largest response other than an object. A page of 1000 keys, entirely percent-encoded, has 4 MB. */
export const MAX_ANSWER_BYTES: number = 16 * 1024 ** 2;

/** The largest object whose length is not known beforehand, because its body might never end. */
export const MAX_UNTOLD_BYTES: number = 64 * 1024 ** 2;

/** A successful response that S3 cannot have sent: it is from a proxy or a login page, or was damaged on the way. */
export class BadAnswer extends Error {
  override name = "BadAnswer";
  /** Tells the SDK to retry. */
  readonly $retryable: object = {};
  readonly $metadata: { httpStatusCode?: number; requestId?: string; attempts?: number };

  constructor(reason: string, metadata: object, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause });
    this.$metadata = metadata;
  }
}

/** Throws for a response without the ETag that S3 always sends. */
export function checkEtag<T extends { ETag?: string | undefined; $metadata: object }>(
  output: T,
): asserts output is T & { ETag: string } {
  if (output.ETag === undefined) throw new BadAnswer("the response has no ETag", output.$metadata);
}

/**
 * Throws for a successful response that is not about a whole object: a range that was not requested, or no content. Also
 * throws for a response without an ETag.
 */
export function checkIsWhole<
  T extends { ETag?: string | undefined; $metadata: { httpStatusCode?: number | undefined } },
>(output: T): asserts output is T & { ETag: string } {
  checkEtag(output);
  const { $metadata } = output;
  const status = $metadata.httpStatusCode;
  if (status !== 200)
    throw new BadAnswer(`the response has status ${status}, but for a whole object S3 sends 200`, $metadata);
}

/** A response that is larger than any response that S3 would send. */
export class TooLong extends BadAnswer {
  constructor(statusCode: number, limit: number) {
    super(`the response has more than ${limit} bytes`, { httpStatusCode: statusCode });
  }
}

/** A body that broke off, or differs from what was stored. */
export class BrokenBody extends Error {
  override name = "BrokenBody";
  readonly code: "ChecksumMismatch" | "NetworkError";
  /** Tells the SDK to retry. */
  readonly $retryable: object = {};

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.code = /checksum/i.test(cause.message) ? "ChecksumMismatch" : "NetworkError";
  }
}
