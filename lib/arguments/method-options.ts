import { types } from "node:util";
import { WRITES_NAME } from "../bridge/protocol.js";
import type { ObjectHeaders } from "../bridge/protocol.js";
import { checkAreOptions, checkOptions, checkText, checkWhole } from "./checks.js";
import { checkPrefix } from "./keys.js";
import { kindOf, prototypes } from "./kinds.js";
import { argumentError } from "../errors/errors.js";
import type { ListEntriesOptions, ListOptions, SetOptions } from "../map/sync-map.js";

const listNames = ["prefix", "startAfter", "limit"];
const entriesNames = [...listNames, "delimiter"];
const objectNames = ["contentType", "contentEncoding", "cacheControl", "metadata"];
const setNames = [...objectNames, "ifMatch"];

/**
 * S3's limit for user metadata, names and values together.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
 */
const MAX_METADATA_BYTES = 2048;

/** The part of it that is reserved for the id of a conditional write. */
const WRITE_ID_BYTES = 32;

export function checkListOptions(options: ListOptions | undefined): ListOptions {
  if (options !== undefined) checkOptions(options, listNames, "a listing");
  return pickListOptions(options);
}

/** The version that `get` is to read. An index as the second argument is ignored, as in `keys.map(map.get, map)`. */
export function checkVersionId(options: unknown): string | undefined {
  if (options === undefined || (typeof options !== "object" && typeof options !== "string")) return undefined;
  checkOptions(options, ["versionId"], "get");
  if (!("versionId" in options)) return undefined;
  const { versionId } = options;
  checkText(versionId, "versionId");
  return versionId;
}

export function checkEntriesOptions(options: ListEntriesOptions | undefined): ListEntriesOptions {
  if (options !== undefined) checkOptions(options, entriesNames, "list");
  const delimiter = options?.delimiter;
  if (delimiter === undefined) return pickListOptions(options);
  if (checkPrefix(delimiter, "The option delimiter") === "") {
    throw argumentError("The option delimiter must not be empty. Leave it out to list every key.");
  }
  return { ...pickListOptions(options), delimiter };
}

function pickListOptions(options: ListOptions | undefined): ListOptions {
  const { prefix, startAfter, limit } = options ?? {};
  if (prefix !== undefined) checkPrefix(prefix, "The option prefix");
  if (startAfter !== undefined) checkPrefix(startAfter, "The option startAfter");
  if (limit !== undefined) checkWhole(limit, "limit", 0);
  return {
    ...(prefix === undefined ? {} : { prefix }),
    ...(startAfter === undefined ? {} : { startAfter }),
    ...(limit === undefined ? {} : { limit }),
  };
}

/**
 * Whether a write has a condition.
 *
 * @throws TypeError if `ifMatch` is undefined, as after `head` of a missing key, because an unconditional write is not
 * what the program meant
 */
export function isBound(options: SetOptions | undefined): options is SetOptions {
  if (options === undefined || !("ifMatch" in options)) return false;
  if ((options.ifMatch as unknown) !== undefined) return true;
  throw argumentError(
    "The option ifMatch is undefined, so the write would have no condition. To write only if the key is missing, use create. To write in any case, leave ifMatch out.",
  );
}

/** The ETag of `ifMatch`, without its quotes. */
export function checkIfMatch(
  options: SetOptions | undefined,
  of: "set" | "putFile" = "set",
): string | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, setNames, of);
  if (!isBound(options)) return undefined;
  const ifMatch: unknown = options.ifMatch;
  // For something that cannot be an ETag, S3 would only say that it does not match.
  const etag = typeof ifMatch === "string" ? /^(?:"([^"]+)"|([^"]+))$/.exec(ifMatch) : null;
  const bare = etag?.[1] ?? etag?.[2];
  if (bare !== undefined && bare !== "*" && /^[\x21-\x7e]+$/.test(bare) && !bare.startsWith("W/"))
    return bare;
  const given = typeof ifMatch === "string" ? JSON.stringify(ifMatch) : kindOf(ifMatch);
  throw argumentError(
    `The option ifMatch must be an ETag as head returns it, such as '"d41d8cd98f00b204e9800998ecf8427e"', not ${given}.`,
  );
}

/** The headers of an object to store. @throws TypeError for wrong options of the method `of` */
export function objectHeaders(
  options: SetOptions | undefined,
  isText: boolean,
  of: "set" | "putFile" | "setMany" | "create" | "update",
): ObjectHeaders {
  if (of !== "set" && of !== "putFile" && options !== undefined) checkOptions(options, objectNames, of);
  const conditional = of === "create" || of === "update" || options?.ifMatch !== undefined;
  const { contentType, contentEncoding, cacheControl, metadata } = options ?? {};
  const headers: ObjectHeaders = {
    contentType:
      contentType !== undefined
        ? checkHeader("contentType", contentType)
        : isText
          ? "text/plain; charset=utf-8"
          : "application/octet-stream",
  };
  if (contentEncoding !== undefined) headers.contentEncoding = checkEncoding(contentEncoding);
  if (cacheControl !== undefined) headers.cacheControl = checkHeader("cacheControl", cacheControl);
  if (metadata !== undefined) headers.metadata = checkMetadata(metadata, conditional);
  return headers;
}

/** For layers that read the options of a write before their base checks them. */
export function checkWriteOptions(options: SetOptions | undefined, of: string): void {
  if (options !== undefined) checkAreOptions(options, of);
}

/**
 * Throws for options of a method that deletes and accepts none. If they were ignored, the method would delete more than
 * the program meant. `delete` ignores an index as the second argument, as in `keys.forEach(map.delete, map)`.
 */
export function checkNoOptions(given: unknown, of: "delete" | "deleteMany" | "clear"): void {
  if (given === undefined || (of === "delete" && (typeof given !== "object" || given === null))) return;
  const instead =
    of === "clear"
      ? "To clear a part of the map, clear its subMap."
      : "To delete only what has not changed, return undefined from the function of update.";
  throw argumentError(`${of} accepts no options. ${instead}`);
}

/** @throws TypeError for a value that cannot be in an HTTP header, or that S3 would change */
export function checkHeader(name: string, value: unknown, mayBeEmpty = false): string {
  if (
    typeof value === "string" &&
    /^[\x20-\x7e]*$/.test(value) &&
    value === value.trim() &&
    (mayBeEmpty || value !== "")
  )
    return value;
  const given = typeof value === "string" ? JSON.stringify(value) : kindOf(value);
  throw argumentError(
    `${name} must be a string of printable ASCII, ${mayBeEmpty ? "" : "not empty and "}without spaces at its ends, not ${given}.`,
  );
}

function checkEncoding(contentEncoding: unknown): string {
  const encoding = checkHeader("contentEncoding", contentEncoding);
  if (!encoding.split(",").some((coding) => coding.trim().toLowerCase() === "aws-chunked")) return encoding;
  throw argumentError(
    `contentEncoding must not contain "aws-chunked", as in ${JSON.stringify(encoding)}: S3 would drop it, because it describes how a body is sent.`,
  );
}

function checkMetadata(metadata: unknown, conditional: boolean): Record<string, string> {
  if (typeof metadata !== "object" || metadata === null || !isPlain(metadata)) {
    throw argumentError(`metadata must be a plain object of strings, not ${kindOf(metadata)}.`);
  }
  // Without a prototype, "__proto__" is an ordinary name.
  const checked = Object.create(null) as Record<string, string>;
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) {
      throw argumentError(`The metadata name ${JSON.stringify(name)} cannot be in an HTTP header.`);
    }
    const lower = name.toLowerCase();
    if (lower === WRITES_NAME) {
      throw argumentError(
        `The metadata name ${JSON.stringify(name)} is reserved by the library. Use another name.`,
      );
    }
    if (lower in checked) {
      throw argumentError(
        `The metadata name ${JSON.stringify(name)} occurs twice. S3 ignores the case of names, and would keep only one of the values.`,
      );
    }
    checked[lower] = checkHeader(`metadata.${name}`, value, true);
    bytes += name.length + (value as string).length;
  }
  const most = conditional ? MAX_METADATA_BYTES - WRITE_ID_BYTES : MAX_METADATA_BYTES;
  if (bytes > most) {
    const why = conditional ? ", because a conditional write adds a name of its own" : "";
    throw argumentError(`metadata can have at most ${most} bytes here${why}, but this has ${bytes}.`);
  }
  return checked;
}

// The entries of a Map, and inherited properties, would be lost.
function isPlain(object: object): boolean {
  const isDictionary = !types.isProxy(object) && prototypes(object) <= 1;
  return isDictionary && Object.getOwnPropertySymbols(object).length === 0;
}
