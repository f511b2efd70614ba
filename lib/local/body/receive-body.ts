import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { RequestBody, S3Request } from "../request.js";
import { S3Error } from "../s3-error.js";
import { parseXml, type XmlElement } from "../xml.js";
import { crc32Text } from "./crc32.js";

export const CRC32_MISMATCH = { message: "The CRC32 you specified did not match the calculated checksum." };

export interface Received {
  size: number;
  md5: Buffer;
  /** In base64, if the request has an x-amz-checksum-crc32 or `wantsCrc32` is set. */
  crc32?: string;
}

/**
 * Passes a request's body to `sink`, and checks it against the request's Content-Length, Content-MD5,
 * x-amz-content-sha256 and x-amz-checksum-crc32. A mismatch is found at the end. The caller then discards what `sink`
 * received.
 */
export async function receiveBody(
  { headers, body }: Pick<S3Request, "headers" | "body">,
  sink: (bytes: Uint8Array) => Promise<void> | void,
  { wantsCrc32 = false, signal }: { wantsCrc32?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Received> {
  const expectedMd5 = headers["content-md5"];
  const expectedCrc32 = headers["x-amz-checksum-crc32"];
  // Not a digest if the payload is unsigned.
  const expectedSha256 = /^[0-9a-f]{64}$/i.exec(headers["x-amz-content-sha256"] ?? "")?.[0].toLowerCase();
  const length = Number(headers["content-length"] ?? NaN);

  const md5 = createHash("md5");
  const sha256 = expectedSha256 === undefined ? undefined : createHash("sha256");
  const hasCrc32 = expectedCrc32 !== undefined || wantsCrc32;
  let crc = 0;
  let size = 0;
  for await (const piece of piecesOf(body)) {
    const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    signal?.throwIfAborted();
    size += bytes.length;
    if (size > length) break;
    md5.update(bytes);
    sha256?.update(bytes);
    if (hasCrc32) crc = crc32(bytes, crc);
    await sink(bytes);
  }
  signal?.throwIfAborted();
  if (!Number.isNaN(length) && size !== length) throw new S3Error("IncompleteBody");

  const received: Received = { size, md5: md5.digest(), ...(hasCrc32 && { crc32: crc32Text(crc) }) };
  const digest = received.md5.toString("base64");
  if (expectedMd5 !== undefined && expectedMd5 !== digest)
    throw new S3Error("BadDigest", { CalculatedDigest: digest, ExpectedDigest: expectedMd5 });
  if (sha256 && sha256.digest("hex") !== expectedSha256) throw new S3Error("XAmzContentSHA256Mismatch");
  if (expectedCrc32 !== undefined && expectedCrc32 !== received.crc32)
    throw new S3Error("BadDigest", {}, CRC32_MISMATCH);
  return received;
}

function piecesOf(body: RequestBody): Iterable<Uint8Array | string> | AsyncIterable<Uint8Array | string> {
  if (body === undefined || body === null) return [];
  if (typeof body === "string" || ArrayBuffer.isView(body)) return body.length === 0 ? [] : [body];
  if (Symbol.asyncIterator in body) return body;
  throw new TypeError("The body of a request must be a string, bytes or a stream.");
}

/** Receives a small XML body, and passes its root to `read`. A SyntaxError of `read` becomes MalformedXML. */
export async function receiveXml<T>(
  request: Pick<S3Request, "headers" | "body">,
  rootName: string,
  read: (root: XmlElement) => T,
): Promise<T> {
  const pieces: Uint8Array[] = [];
  await receiveBody(request, (piece) => void pieces.push(piece));
  try {
    const root = parseXml(Buffer.concat(pieces));
    if (root.name !== rootName) throw new SyntaxError(`not a <${rootName}>`);
    return read(root);
  } catch (error) {
    if (error instanceof SyntaxError) throw new S3Error("MalformedXML");
    throw error;
  }
}
