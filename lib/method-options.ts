import type { ObjectHeaders } from "./bridge/protocol.js";
import { checkPrefix, kindOf } from "./keys.js";
import { closest } from "./spelling.js";
import { wrongArgument } from "./stack.js";
import type { ListOptions, SetOptions } from "./sync-map.js";

const listNames = ["prefix", "startAfter", "limit"];
const setNames = ["contentType", "contentEncoding", "cacheControl", "metadata"];

/** The user metadata of an object, names and values together. https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const MAX_METADATA_BYTES = 2048;

export function checkListOptions(options: ListOptions | undefined): ListOptions {
  checkNames(options, listNames, "a listing");
  const { prefix, startAfter, limit } = options ?? {};
  if (prefix !== undefined) checkPrefix(prefix, "The option prefix");
  if (startAfter !== undefined) checkPrefix(startAfter, "The option startAfter");
  if (limit !== undefined && !(limit === Infinity || (Number.isInteger(limit) && limit >= 0))) {
    throw wrongArgument(`The option limit must be a whole number from 0 on, not ${kindOf(limit)}.`);
  }
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(startAfter === undefined ? {} : { startAfter }),
    ...(limit === undefined ? {} : { limit }),
  };
}

export function objectHeaders(options: SetOptions | undefined, isText: boolean): ObjectHeaders {
  checkNames(options, setNames, "set");
  const { contentType, contentEncoding, cacheControl, metadata } = options ?? {};
  const headers: ObjectHeaders = {
    contentType: contentType ?? (isText ? "text/plain; charset=utf-8" : "application/octet-stream"),
  };
  checkHeader("contentType", headers.contentType);
  if (contentEncoding !== undefined)
    headers.contentEncoding = checkHeader("contentEncoding", contentEncoding);
  if (cacheControl !== undefined) headers.cacheControl = checkHeader("cacheControl", cacheControl);
  if (metadata !== undefined) headers.metadata = checkMetadata(metadata);
  return headers;
}

function checkNames(options: unknown, names: readonly string[], of: string): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw wrongArgument(`The options of ${of} must be an object, not ${kindOf(options)}.`);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const right = closest(name, names);
    throw wrongArgument(
      `There is no option "${name}" of ${of}${right === undefined ? `; there are: ${names.join(", ")}` : `: did you mean "${right}"?`}.`,
    );
  }
}

// What HTTP can carry in a header, and S3 gives back as it was: printable ASCII.
function checkHeader(name: string, value: unknown): string {
  if (typeof value === "string" && /^[\x20-\x7e]*$/.test(value) && value === value.trim()) return value;
  const given = typeof value === "string" ? JSON.stringify(value) : kindOf(value);
  throw wrongArgument(
    `${name} must be a string of printable ASCII without spaces at its ends, not ${given}.`,
  );
}

function checkMetadata(metadata: unknown): Record<string, string> {
  if (typeof metadata !== "object" || metadata === null) {
    throw wrongArgument(`metadata must be an object of strings, not ${kindOf(metadata)}.`);
  }
  const checked: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      throw wrongArgument(`The name of metadata ${JSON.stringify(name)} cannot be in an HTTP header.`);
    }
    checked[name.toLowerCase()] = checkHeader(`metadata.${name}`, value);
    bytes += name.length + (value as string).length;
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw wrongArgument(`metadata may have at most ${MAX_METADATA_BYTES} bytes; this has ${bytes}.`);
  }
  return checked;
}
