import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import type { Operation } from "./direct-attempt.js";
import { plainHeaders, toSearch } from "./messages.js";

/** The members of the SDK's output that the library uses. */
export interface ListPage {
  IsTruncated: boolean;
  NextContinuationToken?: string;
  /** Not decoded. */
  Prefix?: string;
  Contents: ListedKey[];
}

interface ListedKey {
  Key: string;
  Size: number;
}

const inQuery = ["Prefix", "MaxKeys", "EncodingType", "ContinuationToken", "StartAfter"];

/** One page of a listing. Its keys are percent-encoded. */
export function listing(input: ListObjectsV2CommandInput): Operation<ListPage> {
  return {
    name: "ListObjectsV2",
    draft: () => {
      const headers = plainHeaders(input, undefined, inQuery);
      if (headers === undefined || input.EncodingType !== "url") return undefined;
      const search = toSearch({
        "continuation-token": input.ContinuationToken,
        "encoding-type": "url",
        "list-type": "2",
        "max-keys": input.MaxKeys?.toString(),
        prefix: input.Prefix,
        "start-after": input.StartAfter,
      });
      return { method: "GET", search, headers };
    },
    read: ({ statusCode, body }) =>
      statusCode === 200
        ? parsePage(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
        : undefined,
  };
}

const start = /(?:<\?xml [^<>]*\?>\s*)?<ListBucketResult(?: xmlns="[^"<>]*")?>/y;
// An element without child elements.
const simple = /\s*<(\w+)(?:\/>|>([^<>]*)<\/\1>)/y;
const opening = /\s*<(\w+)>/y;
const closing = /\s*<\/(\w+)>/y;

// Percent-encoding leaves nothing for XML to escape.
const escapedKey = /[!-%'-;=?-~]+/.source;
const known = /(?:[^<>&]|&(?:quot|apos|lt|gt|amp|#34|#39);)*/.source;
const date = /\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?Z/
  .source;
const others = (group: number): string =>
  `(?:<(?!(?:Key|LastModified|ETag|Size)>)(\\w+)>[^<>]*</\\${group}>\\s*)*`;

// Matches an object as nearly every service writes it. Parsing each element separately takes eight times as long. Named
// groups would allocate an object for each match.
const usual = new RegExp(
  `\\s*<Contents>\\s*<Key>(${escapedKey})</Key>\\s*<LastModified>${date}</LastModified>\\s*` +
    `<ETag>${known}</ETag>\\s*${others(2)}<Size>(\\d{1,15})</Size>\\s*${others(4)}</Contents>`,
  "y",
);
const isDate = new RegExp(`^${date}$`);
const isKnown = new RegExp(`^${known}$`);

/**
 * Parses a page as S3 and similar services write it. The SDK's parser, which is several times slower, handles the rest.
 *
 * @returns undefined for anything unexpected
 */
export function parsePage(xml: string): ListPage | undefined {
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  /** Returns the texts of the child elements up to the closing tag. Grandchildren are checked and dropped. */
  const fields = (name: string, deeper: boolean): Map<string, string> | undefined => {
    const found = new Map<string, string>();
    for (;;) {
      const element = match(simple);
      if (element !== null) {
        const [, field = "", text = ""] = element;
        found.set(field, text);
        continue;
      }
      const inner = deeper ? match(opening)?.[1] : undefined;
      if (inner !== undefined) {
        if (inner === name || fields(inner, false) === undefined) return undefined;
        continue;
      }
      return match(closing)?.[1] === name ? found : undefined;
    }
  };

  if (match(start) === null) return undefined;
  const page = new Map<string, string>();
  const contents: ListedKey[] = [];
  for (;;) {
    const found = match(usual);
    if (found !== null) {
      contents.push({ Key: found[1]!, Size: Number(found[3]) });
      continue;
    }
    const element = match(simple);
    if (element !== null) {
      const [, field = "", text = ""] = element;
      // A duplicate, or an object without a key.
      if (page.has(field) || field === "Contents" || field === "CommonPrefixes") return undefined;
      page.set(field, text);
      continue;
    }
    const name = match(opening)?.[1];
    if (name === undefined) break;
    const object = name === "Contents" ? toObject(fields(name, true)) : undefined;
    if (object === undefined) return undefined;
    contents.push(object);
  }
  if (match(closing)?.[1] !== "ListBucketResult" || xml.slice(at).trim() !== "") return undefined;

  const truncated = page.get("IsTruncated");
  const prefix = page.get("Prefix");
  const token = page.get("NextContinuationToken");
  if ((truncated !== "true" && truncated !== "false") || page.get("EncodingType") !== "url") return undefined;
  const next = token === undefined ? undefined : unescapeXml(token);
  if (token !== undefined && next === undefined) return undefined;
  return {
    IsTruncated: truncated === "true",
    ...(next === undefined ? {} : { NextContinuationToken: next }),
    ...(prefix === undefined ? {} : { Prefix: prefix }),
    Contents: contents,
  };
}

function toObject(fields: Map<string, string> | undefined): ListedKey | undefined {
  const key = fields?.get("Key");
  const digits = fields?.get("Size") ?? "";
  const size = /^\d+$/.test(digits) ? Number(digits) : NaN;
  if (key === undefined || key.includes("&") || key.trim() !== key) return undefined;
  // ETag and LastModified are not used, but a page on which they are malformed is not S3's.
  if (!isKnown.test(fields?.get("ETag") ?? "") || !isDate.test(fields?.get("LastModified") ?? ""))
    return undefined;
  return Number.isSafeInteger(size) ? { Key: key, Size: size } : undefined;
}

const entities: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&#34;": '"',
  "&apos;": "'",
  "&#39;": "'",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};

function unescapeXml(text: string): string | undefined {
  if (!text.includes("&")) return text;
  let known = true;
  const plain = text.replace(/&[^;&]*;?/g, (entity) => {
    const character = entities[entity];
    known &&= character !== undefined;
    return character ?? "";
  });
  return known ? plain : undefined;
}
