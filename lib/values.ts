import { isUtf8 } from "node:buffer";
import { constants } from "node:buffer";
import { types } from "node:util";
import { kindOf } from "./keys.js";
import { wrongArgument } from "./stack.js";

/** What may be stored. */
export type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/** S3 takes no more in one PUT. https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
export const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** V8's longest string; a longer object can only be read as bytes. */
export const MAX_STRING_BYTES: number = constants.MAX_STRING_LENGTH;

/** From here on a string crosses to the worker as transferred bytes, not as a copied string. */
const TRANSFER_FROM = 32 * 1024;

/** @throws TypeError for what cannot be stored */
export function checkValue(value: unknown): asserts value is string | Bytes {
  if (typeof value === "string") {
    if (value.isWellFormed()) return;
    throw wrongArgument("The value has a lone surrogate, which UTF-8 cannot carry: store it as bytes.");
  }
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return checkSize(value);
  const advice =
    value === undefined
      ? "To remove a key, delete it."
      : "Store text as a string, the rest as bytes, and objects through a layer: json(map) of s3bucketmap/layers, or structured(map) for a Date, a Map or a BigInt.";
  throw wrongArgument(
    `A value must be a string or bytes (Buffer, typed array, ArrayBuffer), not ${kindOf(value)}. ${advice}`,
  );
}

/**
 * What is sent for a value. Bytes are copied once: what the caller does to its buffer afterwards must not
 * reach S3, and the copy then moves to the worker instead of being copied again.
 */
export function toBody(value: unknown): string | Uint8Array {
  checkValue(value);
  if (typeof value === "string") {
    if (value.length < TRANSFER_FROM) return value;
    const bytes = new TextEncoder().encode(value);
    checkSize(bytes);
    return bytes;
  }
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  return new Uint8Array(value).slice();
}

function checkSize({ byteLength }: { byteLength: number }): void {
  if (byteLength <= MAX_PUT_BYTES) return;
  throw wrongArgument(`A value may have at most ${MAX_PUT_BYTES} bytes; this one has ${byteLength}.`);
}

export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The string whose UTF-8 the bytes are, a byte order mark included; undefined where they are not UTF-8. */
export function toText(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? toBuffer(bytes).toString("utf8") : undefined;
}
