import { Buffer } from "node:buffer";

/** Unusual keys, which something on the way to S3 and back could change. */
export const oddKeys: readonly string[] = [
  "plain",
  "with space",
  "a+b&c=d?e#f",
  "%2F",
  "%",
  "//",
  "/",
  "a//b",
  ".",
  "..",
  "../x",
  "./x",
  "a/../b",
  "trailing/",
  "\r",
  "\n",
  "a\r\nb",
  "\t",
  "\u0001",
  "\u007f",
  "ú",
  "u\u0301",
  "\ufeff",
  "\uffff",
  "\ufffd",
  "😀",
  "<key>&amp;</key>",
  "\"quoted\" 'single'",
  "back\\slash",
  "__proto__",
  "constructor",
  "then",
  "toJSON",
  "hasOwnProperty",
  "0",
  "10",
  "9",
];

export function inUtf8Order(keys: Iterable<string>): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
