import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { crc32Text } from "./crc32.js";
import type { RequestBody, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";

export const CRC32_MISMATCH = "The CRC32 you specified did not match the calculated checksum.";

export interface Received {
  size: number;
  md5: Buffer;
  /** The CRC32 in base64, if it came with the body, verified, or was asked for. */
  crc32?: string;
}

/**
 * Passes a request's body to `sink` and verifies all that the request says about it: lengths, Content-MD5,
 * x-amz-content-sha256 and x-amz-checksum-crc32. Throws, after `sink` has had the bytes, when something does not fit:
 * the caller then forgets them.
 */
export async function receiveBody(
  { headers, body }: S3Request,
  sink: (bytes: Uint8Array) => Promise<void> | void,
  options: { maxSize: number; wantsCrc32?: boolean; signal?: AbortSignal | undefined },
): Promise<Received> {
  const expected = expectations(headers);
  const declared = lengthOf(headers["content-length"]);
  if (declared !== undefined) checkSize(declared, options.maxSize);

  const md5 = createHash("md5");
  const sha256 = expected.sha256 === undefined ? undefined : createHash("sha256");
  const hasCrc32 = expected.crc32 !== undefined || options.wantsCrc32 === true;
  let crc = 0;
  let size = 0;
  for await (const piece of piecesOf(body)) {
    options.signal?.throwIfAborted();
    size += piece.length;
    checkSize(size, options.maxSize);
    if (declared !== undefined && size > declared) break;
    md5.update(piece);
    sha256?.update(piece);
    if (hasCrc32) crc = crc32(piece, crc);
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
  if (hasCrc32) received.crc32 = crc32Text(crc);
  if (expected.crc32 !== undefined && expected.crc32 !== received.crc32)
    throw new S3Error("BadDigest", { message: CRC32_MISMATCH });
  return received;
}

interface Expectations {
  md5?: Buffer;
  sha256?: string;
  crc32?: string;
}

function expectations(headers: Record<string, string>): Expectations {
  const expected: Expectations = {};
  const md5 = headers["content-md5"];
  if (md5 !== undefined) {
    expected.md5 = Buffer.from(md5, "base64");
    if (expected.md5.length !== 16 || expected.md5.toString("base64") !== md5)
      throw new S3Error("InvalidDigest");
  }
  const sha256 = headers["x-amz-content-sha256"];
  if (sha256 !== undefined && /^[0-9a-f]{64}$/i.test(sha256)) expected.sha256 = sha256.toLowerCase();
  const crc32 = headers["x-amz-checksum-crc32"];
  if (crc32 !== undefined) {
    const raw = Buffer.from(crc32, "base64");
    if (raw.length !== 4 || raw.toString("base64") !== crc32)
      throw new S3Error("InvalidRequest", { message: "Value for x-amz-checksum-crc32 header is invalid." });
    expected.crc32 = crc32;
  }
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
