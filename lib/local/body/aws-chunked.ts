import { S3Error } from "../s3-error.js";

const MAX_LINE = 8192;

/** By this header alone, as S3 does: what Content-Encoding says is kept with the object, and may be somebody's own words. */
export function isAwsChunked(headers: Record<string, string>): boolean {
  return headers["x-amz-content-sha256"]?.startsWith("STREAMING-") ?? false;
}

/**
 * Decodes an aws-chunked body, yielding its data; the trailing headers are put into `trailers`. Signatures of chunks
 * are not checked, as none are here.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export async function* decodeAwsChunked(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  trailers: Record<string, string>,
): AsyncGenerator<Uint8Array> {
  let line = "";
  let left = 0;
  let state: "size" | "data" | "data-end" | "trailer" | "end" = "size";
  for await (const piece of source) {
    let at = 0;
    while (at < piece.length) {
      if (state === "end") throw new S3Error("MalformedTrailerError");
      if (state === "data") {
        const data = piece.subarray(at, at + left);
        at += data.length;
        left -= data.length;
        if (left === 0) state = "data-end";
        yield data;
        continue;
      }
      const newline = piece.indexOf(10, at);
      const end = newline < 0 ? piece.length : newline + 1;
      line += Buffer.from(piece.buffer, piece.byteOffset + at, end - at).toString("latin1");
      at = end;
      if (line.length > MAX_LINE) throw new S3Error("IncompleteBody");
      if (newline < 0) continue;
      const content = line.replace(/\r?\n$/, "");
      line = "";
      if (state === "size") {
        const size = /^([0-9a-fA-F]{1,13})(?:;.*)?$/.exec(content)?.[1];
        if (size === undefined) throw new S3Error("IncompleteBody");
        left = parseInt(size, 16);
        state = left > 0 ? "data" : "trailer";
      } else if (state === "data-end") {
        if (content !== "") throw new S3Error("IncompleteBody");
        state = "size";
      } else if (content === "") state = "end";
      else {
        const colon = content.indexOf(":");
        if (colon < 1) throw new S3Error("MalformedTrailerError");
        trailers[content.slice(0, colon).trim().toLowerCase()] = content.slice(colon + 1).trim();
      }
    }
  }
  // The last, empty line is left out by some clients; a line that was cut is not the end.
  if (state !== "end" && !(state === "trailer" && line === "")) throw new S3Error("IncompleteBody");
}
