import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { checkHeader } from "../arguments/method-options.js";
import { argumentError } from "../errors/errors.js";
import type { SetOptions } from "../map/sync-map.js";
import { checkBytesBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { toBytes } from "./foundation/bytes.js";
import type { BytesMap } from "./foundation/bytes.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { Unreadable } from "./foundation/unreadable.js";

const KEY_BYTES = 32;

// What is stored: name, version, a mark of the key | nonce | ciphertext | tag. The ciphertext is of one byte
// that gives the length of the Content-Encoding, the Content-Encoding, and the value.
const NAME: Buffer = Buffer.from("S3BMe", "latin1");
const VERSION = 1;
const MARK_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT: number = NAME.length + 1 + MARK_BYTES;
const CIPHERTEXT_AT: number = NONCE_AT + NONCE_BYTES;
/** Node's crypto takes less than 2 GiB at once; the value's Content-Encoding must fit, too. */
const MOST: number = 2 ** 31 - 512;
/** Of an empty value. */
const LEAST: number = CIPHERTEXT_AT + 1 + TAG_BYTES;

/**
 * A map of bytes that are encrypted over a map of bytes: AES-256-GCM with a fresh nonce for each write. The
 * requests are those of the base; an object is 43 bytes longer than its value (and its Content-Encoding).
 *
 * Each value is bound to its object's whole key, prefix included: an object that someone copies or renames, the
 * owner included, is not read under another key. An older value of the same object, put back, is.
 * Names, sizes, Content-Type and metadata are not encrypted; a Content-Encoding is, for the
 * object is not in it. Strings can be stored, too, as UTF-8.
 *
 * Whoever loses the key loses the values. One key is good for 2³² writes.
 *
 * @param key - 32 random bytes: `randomBytes(32)`, or `scryptSync(passphrase, salt, 32)`, of node:crypto
 * @throws TypeError for a base that does not give bytes, or a key that is not 32 bytes; for a value of 2 GiB
 * @throws S3BucketMapError `NotEncrypted` for what this layer did not store, `WrongKey` for another key, `Damaged` for
 * what was changed since, or is the value of another object
 * @example
 * const secrets = json(encrypt(new S3BucketMap("my-bucket", { readAs: "bytes" }), key));
 * secrets.set("token", { value: "…" });
 * @see https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf
 */
export function encrypt(map: LayerBase<Buffer>, key: Uint8Array): BytesMap {
  const base = checkBytesBase("encrypt", map);
  if (!ArrayBuffer.isView(key) || key.byteLength !== KEY_BYTES) {
    // What it is instead may be the secret.
    const given = ArrayBuffer.isView(key)
      ? `${key.byteLength} bytes`
      : key === undefined
        ? "nothing"
        : `a ${typeof key}`;
    throw argumentError(
      `encrypt takes a key of ${KEY_BYTES} bytes, not ${given}: randomBytes(${KEY_BYTES}) makes one, ` +
        `scryptSync(passphrase, salt, ${KEY_BYTES}) makes one of a passphrase (both of node:crypto).`,
    );
  }
  // A copy: the caller may overwrite its own.
  const secret = createSecretKey(Buffer.from(toBytes(key)));
  return new TransformLayer(base, encryptCodec(secret));
}

function encryptCodec(key: KeyObject): Codec<Buffer, Buffer> {
  // It tells another key from a damaged value, and tells nothing of the key.
  const mark = createHmac("sha256", key)
    .update("s3bucketmap: mark of the key")
    .digest()
    .subarray(0, MARK_BYTES);
  const header = Buffer.concat([NAME, Buffer.of(VERSION), mark]);
  const bound = (wholeKey: string): Buffer => Buffer.concat([header, Buffer.from(wholeKey)]);
  return {
    name: "encrypt",
    valueKind: "bytes",
    // The Content-Encoding is within.
    needs: "value",
    encode(value, wholeKey, options) {
      const bytes = toBytes(value);
      if (bytes.length > MOST)
        throw argumentError(`encrypt takes at most ${MOST} bytes, and this value has ${bytes.length}.`);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bound(wholeKey));
      const prefix = encodingPrefix(options);
      const ciphertext = [cipher.update(prefix), cipher.update(bytes), cipher.final()];
      return Buffer.concat([header, nonce, ...ciphertext, cipher.getAuthTag()]);
    },
    decode(stored, wholeKey) {
      const bytes = stored.value;
      checkFormat(bytes, mark);
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(NONCE_AT, CIPHERTEXT_AT), {
        authTagLength: TAG_BYTES,
      })
        .setAAD(bound(wholeKey))
        .setAuthTag(bytes.subarray(-TAG_BYTES));
      const plain = decipher.update(bytes.subarray(CIPHERTEXT_AT, -TAG_BYTES));
      try {
        decipher.final();
      } catch (cause) {
        throw new Unreadable(
          "Damaged",
          "it was changed, or is the value of an object with another key",
          "Restore it from elsewhere; if it was copied or renamed on purpose, copy it through this layer.",
          cause,
        );
      }
      const length = plain[0]!;
      const contentEncoding = length === 0 ? undefined : plain.toString("latin1", 1, 1 + length);
      return { ...stored, contentEncoding, value: plain.subarray(1 + length) };
    },
    // The object itself is in no encoding that an HTTP client could undo.
    options(options) {
      if (options?.contentEncoding === undefined) return options;
      const { contentEncoding: _within, ...others } = options;
      return others;
    },
  };
}

function encodingPrefix(options: SetOptions | undefined): Buffer {
  const given: unknown = options?.contentEncoding;
  const encoding = given === undefined ? "" : checkHeader("contentEncoding", given);
  if (encoding.length > 255) throw argumentError("contentEncoding may have at most 255 characters here.");
  return Buffer.concat([Buffer.of(encoding.length), Buffer.from(encoding, "latin1")]);
}

function checkFormat(bytes: Buffer, mark: Buffer): void {
  if (!bytes.subarray(0, NAME.length).equals(NAME))
    throw new Unreadable("NotEncrypted", "it was not stored by this layer", "Read it without encrypt.");
  const version = bytes[NAME.length];
  if (version !== undefined && version !== VERSION)
    throw new Unreadable(
      "NotEncrypted",
      `it has version ${version} of the format, and this is version ${VERSION}`,
      "Read it with a newer version of s3bucketmap.",
    );
  if (bytes.length < LEAST)
    throw new Unreadable(
      "Damaged",
      `it has ${bytes.length} bytes, and the least is ${LEAST}`,
      "It was cut off: restore it from elsewhere.",
    );
  if (!bytes.subarray(NAME.length + 1, NONCE_AT).equals(mark))
    throw new Unreadable(
      "WrongKey",
      "it was encrypted with another key",
      "Give encrypt the key that it was stored with.",
    );
}
