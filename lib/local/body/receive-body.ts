import { createHash } from "node:crypto";
import { decodeAwsChunked, isAwsChunked } from "./aws-chunked.js";
import {
  checksumAlgorithms,
  checksumLengths,
  createChecksum,
  type Checksum,
  type ChecksumAlgorithm,
} from "./checksums.js";
import type { RequestBody, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";

export interface Received {
  size: number;
  md5: Buffer;
  /** The checksum that came with the body, verified; base64. */
  checksum?: { algorithm: ChecksumAlgorithm; value: string };
}

/**
 * Passes a request's body to `sink` and verifies all that the request says about it: lengths, Content-MD5,
 * x-amz-content-sha256 and the x-amz-checksum- header or trailer. Throws, after `sink` has had the bytes, when
 * something does not fit: the caller then forgets them.
 */
export async function receiveBody(
  { headers, body }: S3Request,
  sink: (bytes: Uint8Array) => Promise<void> | void,
  options: { maxSize: number; algorithm?: ChecksumAlgorithm | undefined; signal?: AbortSignal | undefined },
): Promise<Received> {
  const chunked = isAwsChunked(headers);
  const expected = expectations(headers, chunked);
  const declared = lengthOf(headers[chunked ? "x-amz-decoded-content-length" : "content-length"]);
  if (declared !== undefined) checkSize(declared, options.maxSize);

  const md5 = createHash("md5");
  const sha256 = expected.sha256 === undefined ? undefined : createHash("sha256");
  const algorithm = expected.algorithm ?? options.algorithm;
  const checksum: Checksum | undefined = algorithm && createChecksum(algorithm);
  const trailers: Record<string, string> = {};
  let size = 0;
  const pieces = piecesOf(body);
  for await (const piece of chunked ? decodeAwsChunked(pieces, trailers) : pieces) {
    options.signal?.throwIfAborted();
    size += piece.length;
    checkSize(size, options.maxSize);
    if (declared !== undefined && size > declared) break;
    md5.update(piece);
    sha256?.update(piece);
    checksum?.update(piece);
    await sink(piece);
  }
  options.signal?.throwIfAborted();
  if (declared !== undefined && size !== declared) throw new S3Error("IncompleteBody");

  const received: Received = { size, md5: md5.digest() };
  if (expected.md5 && !received.md5.equals(expected.md5)) {
    const elements = {
      CalculatedDigest: received.md5.toString("base64"),
      ExpectedDigest: expected.md5.toString("base64"),
    };
    throw new S3Error("BadDigest", { elements });
  }
  if (sha256 && sha256.digest("hex") !== expected.sha256) throw new S3Error("XAmzContentSHA256Mismatch");
  if (algorithm && checksum) {
    const value = checksum.digest().toString("base64");
    const claimed = expected.checksum ?? (expected.trailer ? trailers[`x-amz-checksum-${algorithm}`] : value);
    if (claimed === undefined) throw new S3Error("MalformedTrailerError");
    if (claimed !== value) {
      const message = `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`;
      throw new S3Error("BadDigest", { message });
    }
    received.checksum = { algorithm, value };
  }
  return received;
}

interface Expectations {
  md5?: Buffer;
  sha256?: string;
  algorithm?: ChecksumAlgorithm;
  checksum?: string;
  trailer?: boolean;
}

function expectations(headers: Record<string, string>, chunked: boolean): Expectations {
  const expected: Expectations = {};
  const md5 = headers["content-md5"];
  if (md5 !== undefined) {
    expected.md5 = Buffer.from(md5, "base64");
    if (expected.md5.length !== 16 || expected.md5.toString("base64") !== md5)
      throw new S3Error("InvalidDigest");
  }
  const sha256 = headers["x-amz-content-sha256"];
  if (sha256 !== undefined && /^[0-9a-f]{64}$/i.test(sha256)) expected.sha256 = sha256.toLowerCase();
  const trailer = chunked ? headers["x-amz-trailer"]?.trim().toLowerCase() : undefined;
  for (const algorithm of checksumAlgorithms) {
    const name = `x-amz-checksum-${algorithm}`;
    const value = headers[name];
    if (value === undefined && trailer !== name) continue;
    if (expected.algorithm) {
      const message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.";
      throw new S3Error("InvalidRequest", { message });
    }
    expected.algorithm = algorithm;
    if (value === undefined) {
      expected.trailer = true;
      continue;
    }
    const raw = Buffer.from(value, "base64");
    if (raw.length !== checksumLengths[algorithm] || raw.toString("base64") !== value)
      throw new S3Error("InvalidRequest", { message: `Value for ${name} header is invalid.` });
    expected.checksum = value;
  }
  if (!expected.algorithm && trailer?.startsWith("x-amz-checksum-"))
    throw new S3Error("InvalidRequest", {
      message: "The value specified in the x-amz-trailer header is not supported",
    });
  return expected;
}

function lengthOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

function checkSize(size: number, maxSize: number): void {
  if (size <= maxSize) return;
  throw new S3Error("EntityTooLarge", {
    elements: { ProposedSize: String(size), MaxSizeAllowed: String(maxSize) },
  });
}

function piecesOf(body: RequestBody): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (body === undefined || body === null || body === "") return [];
  if (typeof body === "string") return [Buffer.from(body)];
  if (body instanceof Uint8Array) return body.length === 0 ? [] : [body];
  if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength)];
  if (Symbol.asyncIterator in body) return asBytes(body as AsyncIterable<Uint8Array | string>);
  throw new TypeError("The body of a request must be a string, bytes or a stream.");
}

async function* asBytes(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const piece of source) yield typeof piece === "string" ? Buffer.from(piece) : piece;
}

/** The whole of a small body, such as the XML of DeleteObjects. */
export async function receiveSmallBody(
  request: S3Request,
  maxSize: number,
): Promise<{ bytes: Buffer; received: Received }> {
  const pieces: Uint8Array[] = [];
  const received = await receiveBody(request, (piece) => void pieces.push(piece), { maxSize });
  return { bytes: Buffer.concat(pieces), received };
}
