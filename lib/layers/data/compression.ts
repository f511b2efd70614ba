import zlib from "node:zlib";
import { argumentError } from "../../errors/errors.js";
import { Unreadable } from "../foundation/unreadable.js";

/** Named after the functions of node:zlib. */
export type Algorithm = "gzip" | "deflate" | "brotli" | "zstd";

export const algorithms: readonly Algorithm[] = ["gzip", "deflate", "brotli", "zstd"];

type Compress = (bytes: Uint8Array) => Buffer;

export type Decompress = (bytes: Uint8Array, options: { maxOutputLength: number }) => Buffer;

/**
 * The names of each algorithm in a Content-Encoding. The first is the one that is written.
 *
 * @see https://www.iana.org/assignments/http-parameters
 */
const names: Readonly<Record<Algorithm, readonly [string, ...string[]]>> = {
  gzip: ["gzip", "x-gzip"],
  deflate: ["deflate"],
  brotli: ["br"],
  zstd: ["zstd"],
};

export interface Compression {
  /** The algorithm's name in a Content-Encoding. */
  readonly encoding: string;
  readonly compress: Compress;
  readonly decompress: Decompress;
}

// Node 20 lacks these functions, and its types do not declare them.
const { zstdCompressSync, zstdDecompressSync } = zlib as {
  zstdCompressSync?: Compress;
  zstdDecompressSync?: Decompress;
};

/** zstd, if this Node has it and notices that a value was cut short. Node 22 returns what is left of such a value. */
function soundZstd(): Pick<Compression, "compress" | "decompress"> | undefined {
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined;
  const cutShort = zstdCompressSync(Buffer.from("a")).subarray(0, -1);
  try {
    zstdDecompressSync(cutShort, { maxOutputLength: 1 });
    return undefined;
  } catch {
    return { compress: zstdCompressSync, decompress: zstdDecompressSync };
  }
}

let zstd: ReturnType<typeof soundZstd>;

function isOffered(algorithm: Algorithm): boolean {
  return algorithm !== "zstd" || (zstd ??= soundZstd()) !== undefined;
}

/** @throws TypeError if this version of Node does not have it, or has it with a fault */
export function compression(algorithm: Algorithm): Compression {
  const [encoding] = names[algorithm];
  switch (algorithm) {
    case "gzip":
      return { encoding, compress: zlib.gzipSync, decompress: zlib.gunzipSync };
    case "deflate":
      return { encoding, compress: zlib.deflateSync, decompress: zlib.inflateSync };
    case "brotli":
      return { encoding, compress: zlib.brotliCompressSync, decompress: zlib.brotliDecompressSync };
    case "zstd": {
      if ((zstd ??= soundZstd()) === undefined) {
        throw argumentError(
          `The algorithm "zstd" needs Node 24 or later, but this is ${process.version}. Use "gzip" or "brotli".`,
        );
      }
      return { encoding, ...zstd };
    }
  }
}

/**
 * The steps that undo a Content-Encoding, beginning with its last coding. There are none if nothing is compressed.
 *
 * @throws Unreadable for a coding that this Node cannot undo
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding
 */
export function undoing(contentEncoding: string | undefined): Decompress[] {
  const codings = (contentEncoding ?? "").split(",").map((coding) => coding.trim().toLowerCase());
  return codings
    .filter((coding) => !meaningless.has(coding))
    .map((coding) => {
      const algorithm = algorithms.find((each) => names[each].includes(coding));
      if (algorithm !== undefined && isOffered(algorithm)) return compression(algorithm).decompress;
      throw new Unreadable(
        "NotDecompressed",
        `its Content-Encoding contains ${JSON.stringify(coding)}, which gzip cannot undo`,
        algorithm === undefined ? "Read it without gzip." : "Read it with Node 24 or later, or without gzip.",
      );
    })
    .reverse();
}

// aws-chunked describes how a body was sent, but some services store it.
const meaningless: ReadonlySet<string> = new Set(["", "identity", "aws-chunked"]);

/** What is left of a Content-Encoding after {@link undoing}: each `identity` in it. */
export function identities(contentEncoding: string | undefined): string | undefined {
  const codings = (contentEncoding ?? "").split(",").filter((coding) => /^ *identity *$/i.test(coding));
  return codings.length === 0 ? undefined : codings.map((coding) => coding.trim()).join(",");
}
