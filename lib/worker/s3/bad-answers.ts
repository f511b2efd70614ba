/** The longest answer other than an object: a page of 1000 keys, all of it percent-encoded, has 4 MB. */
export const MAX_ANSWER_BYTES: number = 16 * 1024 ** 2;

/** The longest object whose length is not known beforehand: it might never end. */
export const MAX_UNTOLD_BYTES: number = 64 * 1024 ** 2;

/** A successful answer that S3 cannot have sent: from a proxy or a login page, or damaged on the way. */
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

/** Throws for an answer without the ETag that S3 always sends. */
export function checkEtag<T extends { ETag?: string | undefined; $metadata: object }>(
  output: T,
): asserts output is T & { ETag: string } {
  if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
}

/** Throws for a success that cannot be about a whole object: a part that nobody asked for, or no content. */
export function checkIsWhole({ $metadata }: { $metadata: { httpStatusCode?: number | undefined } }): void {
  const status = $metadata.httpStatusCode;
  if (status !== 200)
    throw new BadAnswer(`the answer's status is ${status}, and S3's for a whole object is 200`, $metadata);
}

/** An answer longer than anything S3 sends in its place. */
export class TooLong extends BadAnswer {
  constructor(statusCode: number, limit: number) {
    super(`the answer has more than ${limit} bytes`, { httpStatusCode: statusCode });
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
