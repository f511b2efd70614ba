import { constants, isUtf8 } from "node:buffer";
import { types } from "node:util";
import { isPromise, kindOf, shorten } from "./kinds.js";
import { argumentError } from "../errors/errors.js";

/** Bytes that may be stored. */
export type Bytes = ArrayBufferView | ArrayBuffer | SharedArrayBuffer;

/** Node passes the length of bytes between threads as 32 bits, and silently truncates longer ones. */
export const MAX_VALUE_BYTES: number = 2 ** 32 - 1;

/** A conditional write is a single PUT, and Node's crypto accepts no more bytes at once. */
export const MAX_CONDITIONAL_BYTES: number = 2 ** 31 - 1;

/** V8's limit. A larger object can only be read as bytes. */
export const MAX_STRING_BYTES: number = constants.MAX_STRING_LENGTH;

/** Strings of this length and more are transferred to the worker as bytes. */
const TRANSFER_FROM = 32 * 1024;

/**
 * @param key - the full key, for the message
 * @throws TypeError for a value that cannot be stored
 */
export function checkValue(value: unknown, key: string, maxBytes?: number): asserts value is string | Bytes {
  if (typeof value === "string") {
    if (value.isWellFormed()) return;
    throw argumentError(
      `The value of ${shorten(key)} has a lone surrogate, which UTF-8 cannot encode. Store it as bytes.`,
    );
  }
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) {
    if (isDetached(ArrayBuffer.isView(value) ? value.buffer : value))
      throw argumentError(
        `The ArrayBuffer of the value of ${shorten(key)} is detached: its bytes were transferred to another place.`,
      );
    if (ArrayBuffer.isView(value) && isOutOfBounds(value))
      throw argumentError(
        `The value of ${shorten(key)} is a view beyond the end of its ArrayBuffer, which was resized.`,
      );
    return checkSize(value, key, maxBytes);
  }
  const advice =
    value === undefined
      ? "To remove a key, delete it."
      : isPromise(value)
        ? "Await it first, and store the result."
        : "To store objects, use a layer of s3bucketmap/layers: json(map), or structured(map) for a Date, a Map or a BigInt.";
  throw argumentError(
    `The value of ${shorten(key)} must be a string or bytes (Buffer, typed array, ArrayBuffer), not ${kindOf(value)}. ${advice}`,
  );
}

/**
 * The body of a request for a value. Bytes are copied, because the caller may change its buffer afterwards. The copy is
 * then transferred to the worker.
 */
export function toBody(value: unknown, key: string, maxBytes?: number): string | Uint8Array {
  checkValue(value, key, maxBytes);
  if (typeof value === "string") {
    if (value.length < TRANSFER_FROM) return value;
    return new TextEncoder().encode(value);
  }
  return toView(value).slice();
}

/** The bytes themselves, not a copy. */
export function toView(value: Bytes): Uint8Array {
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

/** Whether the bytes were transferred, for instance to another thread. */
export function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/** Whether a view's ArrayBuffer was made too small for it. Its length is then 0, without an error. */
export function isOutOfBounds(view: ArrayBufferView): boolean {
  try {
    if (types.isDataView(view)) void view.byteLength;
    else Uint8Array.prototype.at.call(view as Uint8Array, 0);
    return false;
  } catch {
    return true;
  }
}

/** Whether a value is bytes, and they can be read. */
export function areBytes(value: unknown): value is Bytes {
  if (ArrayBuffer.isView(value)) return !isDetached(value.buffer) && !isOutOfBounds(value);
  return types.isAnyArrayBuffer(value) && !isDetached(value);
}

function checkSize({ byteLength }: { byteLength: number }, key: string, maxBytes = MAX_VALUE_BYTES): void {
  if (byteLength <= maxBytes) return;
  const limit = maxBytes < MAX_VALUE_BYTES ? "a conditional write" : "a value";
  throw argumentError(
    `The value of ${shorten(key)} has ${byteLength} bytes, but ${limit} can have at most ${maxBytes}.`,
  );
}

export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Decodes UTF-8, and keeps a byte order mark. Undefined if the bytes are not UTF-8. */
export function toText(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? toBuffer(bytes).toString("utf8") : undefined;
}
