import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { RequestBody, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { parseXml, type XmlElement } from "../xml.js";
import { crc32Text } from "./crc32.js";

export const CRC32_MISMATCH = "The CRC32 you specified did not match the calculated checksum.";
const MAX_XML_BYTES = 8 * 1024 * 1024;

export interface Received {
  size: number;
  md5: Buffer;
  /** In base64, if the request has an x-amz-checksum-crc32 or `wantsCrc32` is set. */
  crc32?: string;
}

/**
 * Passes a request's body to `sink`, and checks it against the request's Content-Length, Content-MD5, x-amz-content-sha256
 * and x-amz-checksum-crc32. A mismatch is found at the end: the caller then discards what `sink` received.
 */
export async function receiveBody(
  { headers, body }: Pick<S3Request, "headers" | "body">,
  sink: (bytes: Uint8Array) => Promise<void> | void,
  options: { maxSize: number; wantsCrc32?: boolean; signal?: AbortSignal | undefined },
): Promise<Received> {
  const expected = expectedOf(headers);
  const { length } = expected;
  if (length !== undefined) checkSize(length, options.maxSize);

  const md5 = createHash("md5");
  const sha256 = expected.sha256 === undefined ? undefined : createHash("sha256");
  const hasCrc32 = expected.crc32 !== undefined || options.wantsCrc32 === true;
  let crc = 0;
  let size = 0;
  for await (const piece of piecesOf(body)) {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    options.signal?.throwIfAborted();
    size += bytes.length;
    checkSize(size, options.maxSize);
    if (length !== undefined && size > length) break;
    md5.update(bytes);
    sha256?.update(bytes);
    if (hasCrc32) crc = crc32(bytes, crc);
    await sink(bytes);
  }
  options.signal?.throwIfAborted();
  if (length !== undefined && size !== length) throw new S3Error("IncompleteBody");

  const received: Received = { size, md5: md5.digest(), ...(hasCrc32 && { crc32: crc32Text(crc) }) };
  const digest = received.md5.toString("base64");
  if (expected.md5 !== undefined && expected.md5 !== digest) {
    const elements = { CalculatedDigest: digest, ExpectedDigest: expected.md5 };
    throw new S3Error("BadDigest", { elements });
  }
  if (sha256 && sha256.digest("hex") !== expected.sha256) throw new S3Error("XAmzContentSHA256Mismatch");
  if (expected.crc32 !== undefined && expected.crc32 !== received.crc32)
    throw new S3Error("BadDigest", { message: CRC32_MISMATCH });
  return received;
}

function expectedOf(headers: Record<string, string>): {
  length: number | undefined;
  md5: string | undefined;
  sha256: string | undefined;
  crc32: string | undefined;
} {
  const length = headers["content-length"] ?? "";
  const md5 = headers["content-md5"];
  if (md5 !== undefined && !isBase64(md5, 16)) throw new S3Error("InvalidDigest");
  const sha256 = headers["x-amz-content-sha256"]?.toLowerCase() ?? "";
  const crc32 = headers["x-amz-checksum-crc32"];
  if (crc32 !== undefined && !isBase64(crc32, 4))
    throw new S3Error("InvalidRequest", { message: "Value for x-amz-checksum-crc32 header is invalid." });
  return {
    length: /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    md5,
    // Not a digest where the payload is unsigned.
    sha256: /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
    crc32,
  };
}

function isBase64(text: string, bytes: number): boolean {
  const raw = Buffer.from(text, "base64");
  return raw.length === bytes && raw.toString("base64") === text;
}

function checkSize(size: number, maxSize: number): void {
  if (size <= maxSize) return;
  const elements = { ProposedSize: String(size), MaxSizeAllowed: String(maxSize) };
  throw new S3Error("EntityTooLarge", { elements });
}

function piecesOf(body: RequestBody): Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string> {
  if (body === undefined || body === null) return [];
  if (typeof body === "string" || ArrayBuffer.isView(body)) return body.length === 0 ? [] : [body];
  if (Symbol.asyncIterator in body) return body;
  throw new TypeError("The body of a request must be a string, bytes or a stream.");
}

/**
 * Receives a small XML body, and passes its root to `read`. If that throws a SyntaxError, the request fails with
 * MalformedXML.
 */
export async function receiveXml<T>(
  request: Pick<S3Request, "headers" | "body">,
  rootName: string,
  read: (root: XmlElement) => T,
): Promise<T> {
  const pieces: Uint8Array[] = [];
  await receiveBody(request, (piece) => void pieces.push(piece), { maxSize: MAX_XML_BYTES });
  try {
    const root = parseXml(Buffer.concat(pieces));
    if (root.name !== rootName) throw new SyntaxError(`not a <${rootName}>`);
    return read(root);
  } catch (error) {
    if (error instanceof SyntaxError) throw new S3Error("MalformedXML");
    throw error;
  }
}
