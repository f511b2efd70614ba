/** What the SDK gives for a page of a listing, as far as it is needed. */
export interface ListPage {
  IsTruncated: boolean;
  NextContinuationToken?: string;
  Contents: { Key: string; Size: number; ETag: string; LastModified: Date }[];
}

const start = /(?:<\?xml [^<>]*\?>\s*)?<ListBucketResult(?: xmlns="[^"<>]*")?>/y;
// An element with text, or an empty one.
const simple = /\s*<(\w+)(?:\/>|>([^<>]*)<\/\1>)/y;
const opening = /\s*<(\w+)>/y;
const closing = /\s*<\/(\w+)>/y;

/**
 * Reads a page as S3 and its like write it, and nothing else: for anything unforeseen the answer is undefined,
 * and the SDK's parser has its turn. It reads every XML, and takes several times as long.
 */
export function parsePage(xml: string): ListPage | undefined {
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(xml);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  /** The simple elements up to the end of the one that is open; of those within them, nothing is kept. */
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
  const contents: ListPage["Contents"] = [];
  for (;;) {
    const element = match(simple);
    if (element !== null) {
      page.set(element[1]!, element[2] ?? "");
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
  const token = page.get("NextContinuationToken");
  if ((truncated !== "true" && truncated !== "false") || page.get("EncodingType") !== "url") return undefined;
  const next = token === undefined ? undefined : unescapeXml(token);
  if (token !== undefined && next === undefined) return undefined;
  return {
    IsTruncated: truncated === "true",
    ...(next === undefined ? {} : { NextContinuationToken: next }),
    Contents: contents,
  };
}

function toObject(fields: Map<string, string> | undefined): ListPage["Contents"][number] | undefined {
  const key = fields?.get("Key");
  const etag = unescapeXml(fields?.get("ETag") ?? "");
  const digits = fields?.get("Size") ?? "";
  const size = /^\d+$/.test(digits) ? Number(digits) : NaN;
  // Date alone reads nearly anything.
  const date = fields?.get("LastModified") ?? "";
  const modified = new Date(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(date) ? date : NaN);
  // What is escaped for a URL has nothing left to be escaped for XML.
  if (key === undefined || key.includes("&") || key.trim() !== key || etag === undefined) return undefined;
  if (!Number.isSafeInteger(size) || Number.isNaN(modified.getTime())) return undefined;
  return { Key: key, Size: size, ETag: etag, LastModified: modified };
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
