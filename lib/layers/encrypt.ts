import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { checkHeader } from "../arguments/method-options.js";
import { argumentError } from "../errors/errors.js";
import type { SetOptions } from "../map/sync-map.js";
import { checkBytesBase } from "./foundation/base.js";
import type { LayerBase } from "./foundation/base.js";
import { bytesOf, toBytes } from "./foundation/bytes.js";
import type { BytesMap } from "./foundation/bytes.js";
import { TransformLayer } from "./foundation/transform-layer.js";
import type { Codec } from "./foundation/transform-layer.js";
import { checkFormat, Unreadable } from "./foundation/unreadable.js";

const KEY_BYTES = 32;

// The format: header, key mark | nonce | ciphertext | tag. The plaintext is the length of the Content-Encoding in one
// byte, the Content-Encoding, and the value.
const HEADER: Buffer = Buffer.from("S3BMe\u0001", "latin1");
const MARK_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT: number = HEADER.length + MARK_BYTES;
const CIPHERTEXT_AT: number = NONCE_AT + NONCE_BYTES;
/** Node's crypto accepts less than 2 GiB at once. The difference leaves room for the Content-Encoding. */
const MAX_BYTES: number = 2 ** 31 - 512;
/** The stored size of an empty value. */
const MIN_STORED_BYTES: number = CIPHERTEXT_AT + 1 + TAG_BYTES;

/**
 * Encrypts values over a map of bytes, by AES-256-GCM with a new nonce for each write. The requests are those of the
 * base. An object is 43 bytes larger than its value and Content-Encoding.
 *
 * Each value is bound to the full key of its object (with the prefix). If another tool copies or renames the object, it
 * cannot be read under the new key. `copy` and `rename` of the map decrypt the value and encrypt it again. The layer
 * cannot notice if an older value of the same object is put back. Object keys, sizes, Content-Type and metadata are not
 * encrypted. The Content-Encoding is encrypted, because it is stored with the value. Strings are stored as UTF-8.
 *
 * Without the encryption key, the values are lost. Use one encryption key for at most 2³² writes.
 *
 * @param key - the encryption key, 32 bytes: `randomBytes(32)`, or `scryptSync(passphrase, salt, 32)`, of node:crypto
 * @throws TypeError for a base that does not return bytes, a key that does not have 32 bytes, or a value of 2 GiB
 * @throws S3BucketMapError `NotEncrypted` for an object that this layer did not store, `WrongKey` if the value was
 * encrypted with another key, `Damaged` for a value that was changed since, or belongs to another object
 * @example
 * const secrets = json(encrypt(new S3BucketMap("my-bucket", { readAs: "bytes" }), key));
 * secrets.set("token", { value: "…" });
 * @see https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf
 */
export function encrypt(map: LayerBase<Buffer>, key: Uint8Array): BytesMap {
  const base = checkBytesBase("encrypt", map);
  if (!ArrayBuffer.isView(key) || key.byteLength !== KEY_BYTES) {
    // The message must not show the key, even if it is an invalid one.
    const given = ArrayBuffer.isView(key)
      ? `${key.byteLength} bytes`
      : key === undefined
        ? "nothing"
        : `a ${typeof key}`;
    throw argumentError(
      `encrypt requires a key of ${KEY_BYTES} bytes, not ${given}. Create a key by randomBytes(${KEY_BYTES}), or ` +
        `from a passphrase by scryptSync(passphrase, salt, ${KEY_BYTES}). Both functions are in node:crypto.`,
    );
  }
  // A copy, because the program may overwrite its key.
  const secret = createSecretKey(Buffer.from(bytesOf(key)));
  return new TransformLayer(base, encryptCodec(secret));
}

function encryptCodec(key: KeyObject): Codec<Buffer, Buffer> {
  // Distinguishes a wrong key from a damaged value, and reveals nothing about the key.
  const mark = createHmac("sha256", key)
    .update("s3bucketmap: mark of the key")
    .digest()
    .subarray(0, MARK_BYTES);
  const header = Buffer.concat([HEADER, mark]);
  const bound = (wholeKey: string): Buffer => Buffer.concat([header, Buffer.from(wholeKey)]);
  return {
    name: "encrypt",
    valueKind: "bytes",
    // The Content-Encoding is part of the encrypted value.
    needs: "value",
    encode(value, wholeKey, options) {
      const bytes = toBytes(value, wholeKey);
      if (bytes.length > MAX_BYTES)
        throw argumentError(
          `encrypt accepts at most ${MAX_BYTES} bytes, but this value has ${bytes.length} bytes.`,
        );
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(bound(wholeKey));
      const prefix = encodingPrefix(options);
      const ciphertext = [cipher.update(prefix), cipher.update(bytes), cipher.final()];
      return Buffer.concat([header, nonce, ...ciphertext, cipher.getAuthTag()]);
    },
    decode(stored, wholeKey) {
      const bytes = stored.value;
      checkStored(bytes, mark);
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
          "Restore it from elsewhere. If it was copied or renamed on purpose, copy it through this layer instead.",
          cause,
        );
      }
      const length = plain[0]!;
      const contentEncoding = length === 0 ? undefined : plain.toString("latin1", 1, 1 + length);
      return { ...stored, contentEncoding, value: plain.subarray(1 + length) };
    },
    // If the object had a Content-Encoding, no HTTP client could undo it.
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
  if (encoding.length > 255)
    throw argumentError("With encrypt, contentEncoding must not have more than 255 characters.");
  return Buffer.concat([Buffer.of(encoding.length), Buffer.from(encoding, "latin1")]);
}

function checkStored(bytes: Buffer, mark: Buffer): void {
  checkFormat(bytes, HEADER, "NotEncrypted", "Read it without encrypt.");
  if (bytes.length < MIN_STORED_BYTES)
    throw new Unreadable(
      "Damaged",
      `it has ${bytes.length} bytes, but at least ${MIN_STORED_BYTES} are needed`,
      "It was truncated. Restore it from elsewhere.",
    );
  if (!bytes.subarray(HEADER.length, NONCE_AT).equals(mark))
    throw new Unreadable(
      "WrongKey",
      "it was encrypted with another key",
      "Pass encrypt the key that the value was stored with.",
    );
}
