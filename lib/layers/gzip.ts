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
  /** What is written. Default: `"gzip"`. `"zstd"` needs Node 22.15 or later, to read as well as to write. */
  algorithm?: Algorithm | undefined;
  /** How many bytes an uncompressed value may have. Default: 1 GiB. */
  maxBytes?: number | undefined;
}

/** Protects against a small object that expands to fill the memory. */
const DEFAULT_MAX_BYTES: number = 1024 ** 3;

/** Marks the options of a write that a gzip above this one has compressed: its Content-Encoding is meant. */
const compressed: unique symbol = Symbol.for("s3bucketmap.compressed/1");

interface Compressed {
  [compressed]?: true;
}

/**
 * Compresses values over a map of bytes. The requests are those of the base.
 *
 * Each object has a Content-Encoding, so browsers, `curl --compressed` and other tools see the value itself. Reading goes
 * by the Content-Encoding, not by the bytes: an object without one is given unchanged, and a file such as
 * `backup.tar.gz` comes back as it was stored. Every encoding that Node knows is undone, also several of them, whatever
 * `algorithm` says; any other is an error. `head` and `list` give the compressed size.
 *
 * Strings are stored as UTF-8. To compress and encrypt, compress first: `gzip(encrypt(map, key))`.
 *
 * @throws TypeError for a base that does not give bytes, a value of more than `maxBytes`, or a value that is stored with a
 * `contentEncoding`, which reading would undo
 * @throws S3BucketMapError `NotDecompressed` for a damaged value or an encoding that Node does not know, `ValueTooLong` for one of more than `maxBytes`
 * @example
 * const logs = text(gzip(new S3BucketMap("my-bucket", { readAs: "bytes" })));
 * logs.set("today.log", "the same line\n".repeat(1000));
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-encoding
 */
export function gzip(map: LayerBase<Buffer>, options: GzipOptions = {}): BytesMap {
  const base = checkBytesBase("gzip", map);
  if (internalsOf(base).place === undefined) {
    throw argumentError(
      "gzip needs a map that tells the Content-Encoding of what it reads: S3BucketMap, or a layer over one.",
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
    encode(value) {
      const bytes = toBytes(value);
      if (bytes.length <= maxBytes) return compress(bytes);
      throw argumentError(
        `gzip takes at most ${maxBytes} bytes, and this value has ${bytes.length}: give gzip a greater maxBytes.`,
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
          `gzip undoes every Content-Encoding when it reads, and would not give back what was stored as ${JSON.stringify(given)}: ` +
            "give it the value as it is before that, without contentEncoding.",
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
        const advice = "Give gzip a greater maxBytes, if you trust whoever stored it.";
        throw new Unreadable("ValueTooLong", `it has more than ${maxBytes} bytes`, advice, cause);
      }
      const advice = "It is damaged, or was stored with a wrong Content-Encoding.";
      const reason = `its Content-Encoding says that it is compressed, but it cannot be read so: ${message}`;
      throw new Unreadable("NotDecompressed", reason, advice, cause);
    }
  }
}
