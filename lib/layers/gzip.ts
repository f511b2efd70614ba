import { constants } from "node:buffer";
import { checkOneOf, checkOptions, checkWhole } from "../arguments/checks.js";
import { checkHeader } from "../arguments/method-options.js";
import { argumentError } from "../errors/errors.js";
import { internalsOf } from "../map/internals.js";
import type { SetOptions } from "../map/sync-map.js";
import { checkBytesBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { toBytes } from "./foundation/bytes.js";
import type { BytesMap } from "./foundation/bytes.js";
import { algorithms, compression, identities, undoing } from "./data/compression.js";
import type { Algorithm, Compression, Decompress } from "./data/compression.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

/** Options of {@link gzip}. */
export interface GzipOptions {
  /** The algorithm of writes. Default: `"gzip"`. `"zstd"` needs Node 24 or later, both to read and to write. */
  algorithm?: Algorithm | undefined;
  /** The maximum size of an uncompressed value, in bytes. Default: 1 GiB. */
  maxBytes?: number | undefined;
}

/** Protects against a small object that would expand until memory is full. */
const DEFAULT_MAX_BYTES: number = 1024 ** 3;

/** Marks the options of a write that a gzip above this one has compressed. Its Content-Encoding must be kept. */
const compressed: unique symbol = Symbol.for("s3bucketmap.compressed/1");

interface Compressed {
  [compressed]?: true;
}

/**
 * Compresses values over a map of bytes. The requests are those of the base.
 *
 * Each object has a Content-Encoding, so browsers, `curl --compressed` and other tools see the value itself. Reads
 * look at the Content-Encoding, not at the bytes. An object without a Content-Encoding is returned unchanged, so a
 * file such as `backup.tar.gz` is read as it was stored. Reads undo every encoding that Node knows, even several of
 * them, whatever `algorithm` says. Any other encoding is an error. `head` and `list` report the compressed size.
 *
 * Strings are stored as UTF-8. To compress and encrypt, compress first: `gzip(encrypt(map, key))`.
 *
 * @throws TypeError for a base that does not return bytes, a value of more than `maxBytes`, or a write with the option
 * `contentEncoding`, because reads would undo that encoding, too
 * @throws S3BucketMapError `NotDecompressed` for a damaged value or an encoding that Node does not know, `ValueTooLong`
 * for a value of more than `maxBytes`
 * @example
 * const logs = text(gzip(new S3BucketMap("my-bucket", { readAs: "bytes" })));
 * logs.set("today.log", "the same line\n".repeat(1000));
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding
 */
export function gzip(map: LayerBase<Buffer>, options: GzipOptions = {}): BytesMap {
  const base = checkBytesBase("gzip", map);
  if (internalsOf(base).place === undefined) {
    throw argumentError(
      "gzip needs a map that reports the Content-Encoding of its values: S3BucketMap, or a layer over one.",
    );
  }
  checkOptions(options, ["algorithm", "maxBytes"], "gzip");
  const { algorithm = "gzip", maxBytes = DEFAULT_MAX_BYTES } = options;
  checkOneOf(algorithm, "algorithm of gzip", algorithms);
  checkWhole(maxBytes, "maxBytes of gzip", 1, constants.MAX_LENGTH);
  const codec = gzipCodec(algorithm, maxBytes, compression(algorithm));
  return new TransformLayer(base, codec);
}

function gzipCodec(
  algorithm: Algorithm,
  maxBytes: number,
  { encoding, compress }: Compression,
): Codec<Buffer, Buffer> {
  return {
    name: "gzip",
    ...(algorithm === "gzip" ? {} : { shown: { algorithm } }),
    valueKind: "bytes",
    format: `gzip ${algorithm} ${maxBytes}`,
    needs: "encoding",
    encode(value, wholeKey) {
      const bytes = toBytes(value, wholeKey);
      if (bytes.length <= maxBytes) return compress(bytes);
      throw argumentError(
        `gzip accepts at most ${maxBytes} bytes, but this value has ${bytes.length} bytes. Set a larger maxBytes.`,
      );
    },
    decode(stored) {
      const steps = undoing(stored.contentEncoding);
      const value = steps.reduce((bytes, decompress) => unpack(bytes, decompress), stored.value);
      return { ...stored, contentEncoding: identities(stored.contentEncoding), value, size: value.length };
    },
    options(options: (SetOptions & Compressed) | undefined): SetOptions & Compressed {
      const given = options?.contentEncoding;
      if (given === undefined) return { ...options, contentEncoding: encoding, [compressed]: true };
      checkHeader("contentEncoding", given);
      if (
        options?.[compressed] !== true &&
        !given.split(",").every((coding) => /^ *identity *$/i.test(coding))
      ) {
        throw argumentError(
          `gzip undoes every Content-Encoding when it reads a value, so a value stored as ${JSON.stringify(given)} ` +
            "would come back decoded. Store the value without that encoding, and omit contentEncoding.",
        );
      }
      return { ...options, contentEncoding: `${given},${encoding}`, [compressed]: true };
    },
  };

  function unpack(bytes: Buffer, decompress: Decompress): Buffer {
    try {
      return decompress(bytes, { maxOutputLength: maxBytes });
    } catch (cause) {
      const { code, message } = cause as Error & { code?: unknown };
      if (code === "ERR_BUFFER_TOO_LARGE") {
        const advice = "Set a larger maxBytes of gzip if you trust the program that stored it.";
        throw new Unreadable("ValueTooLong", `it has more than ${maxBytes} bytes`, advice, cause);
      }
      const advice = "It is damaged, or was stored with a wrong Content-Encoding.";
      const reason = `its Content-Encoding says that it is compressed, but it cannot be decompressed: ${message}`;
      throw new Unreadable("NotDecompressed", reason, advice, cause);
    }
  }
}
