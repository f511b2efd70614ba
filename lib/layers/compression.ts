import zlib from "node:zlib";
import { wrongArgument } from "../stack.js";

/** What node:zlib offers, by the names that its functions have. */
export type Algorithm = "gzip" | "deflate" | "brotli" | "zstd";

export const algorithms: readonly Algorithm[] = ["gzip", "deflate", "brotli", "zstd"];

type Compress = (bytes: Uint8Array) => Buffer;
type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer;

export interface Compression {
  /** Its names in Content-Encoding, the one to write first. https://www.iana.org/assignments/http-parameters */
  readonly encodings: readonly [string, ...string[]];
  readonly compress: Compress;
  readonly decompress: Decompress;
}

/** @throws TypeError where this Node does not have it */
export function compression(algorithm: Algorithm): Compression {
  switch (algorithm) {
    case "gzip":
      return { encodings: ["gzip", "x-gzip"], compress: zlib.gzipSync, decompress: zlib.gunzipSync };
    case "deflate":
      return { encodings: ["deflate"], compress: zlib.deflateSync, decompress: zlib.inflateSync };
    case "brotli":
      return { encodings: ["br"], compress: zlib.brotliCompressSync, decompress: zlib.brotliDecompressSync };
    case "zstd": {
      // Node 20 does not have them, nor do its types.
      const { zstdCompressSync, zstdDecompressSync } = zlib as {
        zstdCompressSync?: Compress;
        zstdDecompressSync?: Decompress;
      };
      if (zstdCompressSync === undefined || zstdDecompressSync === undefined) {
        throw wrongArgument(
          `The algorithm "zstd" needs Node 22.15 or later, and this is ${process.version}: use "gzip" or "brotli".`,
        );
      }
      return { encodings: ["zstd"], compress: zstdCompressSync, decompress: zstdDecompressSync };
    }
  }
}

/** What remains of a Content-Encoding when its last one is undone; undefined where the last is another. */
export function withoutLast(
  contentEncoding: string | undefined,
  names: readonly string[],
): string | undefined {
  const all = (contentEncoding ?? "").split(",").map((name) => name.trim());
  const last = all.pop();
  return last !== undefined && names.includes(last.toLowerCase()) ? all.join(", ") : undefined;
}
