import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { BadAnswer, MAX_ANSWER_BYTES, TooLong } from "../bad-answers.js";
import { badListing } from "../listing/listed-names.js";

// This file changes responses before the SDK parses them.

interface Response {
  statusCode: number;
  headers: Record<string, string>;
  body?: unknown;
}

/** Limits the length of errors and listings, which the SDK would read without a limit. */
export function boundAnswers(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as Response;
      const isObject = context["commandName"] === "GetObjectCommand" && response.statusCode < 300;
      if (response.body instanceof Readable && !isObject) {
        response.body = Readable.from(bounded(response.body, response.statusCode));
      }
      return result;
    },
    // Must be added after readPlainly, so that this runs closer to the handler and sees the response first.
    { step: "deserialize", priority: "low", name: "s3bucketmapBounded" },
  );
}

async function* bounded(body: Readable, statusCode: number): AsyncGenerator<Buffer, void, undefined> {
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the body.
    if (length > MAX_ANSWER_BYTES) throw new TooLong(statusCode, MAX_ANSWER_BYTES);
    yield chunk;
  }
}

/**
 * Rewrites responses of other services that the SDK cannot parse: it throws for a byte order mark, and for a date or a
 * checksum that it does not know. Rejects web pages.
 */
export function readPlainly(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as Response;
      const command = String(context["commandName"]);
      if (response.statusCode >= 300) {
        const { body } = response;
        if (body instanceof Readable) response.body = Readable.from(readableText(body));
        return result;
      }
      if (command === "GetObjectCommand" || command === "HeadObjectCommand") {
        readableHeaders(response.headers);
      } else {
        const text = await textOf(response.body);
        if (isPage(command, response, text)) throw badAnswer("the response is a web page", response);
        const wanted = documents[command];
        if (wanted?.is(rootOf(text)) === false)
          throw badAnswer(`the response is not ${wanted.what}`, response);
        const listed = wanted === undefined ? text : readableFlag(readableDates(text));
        response.body = Readable.from([Buffer.from(command === VERSIONS ? inOneOrder(listed) : listed)]);
      }
      return result;
    },
    // With low priority, this runs inside the SDK's parser, and so sees the response first.
    { step: "deserialize", priority: "low", name: "s3bucketmapPlainAnswers" },
  );
}

function badAnswer(reason: string, { statusCode: httpStatusCode, headers }: Response): BadAnswer {
  return new BadAnswer(reason, { httpStatusCode, requestId: headers["x-amz-request-id"], attempts: 1 });
}

async function textOf(body: unknown): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (body instanceof Readable)
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  // Without the byte order mark.
  const text = new TextDecoder().decode(Buffer.concat(chunks));
  // The SDK takes white space for a part of the code.
  return text.replace(/<Code>([^<]*)<\/Code>/g, (_element, code: string) => `<Code>${code.trim()}</Code>`);
}

async function* readableText(body: Readable): AsyncGenerator<Buffer, void, undefined> {
  yield Buffer.from(await textOf(body));
}

// Captive portals answer every request with 200. But some services send empty responses, and even listings, as
// text/html, and some send no request id. So neither of the two alone identifies a web page.
function isPage(command: string, { headers }: Response, text: string): boolean {
  if (text.trimStart() === "") return false;
  const root = rootOf(text);
  // The SDK turns this document into an error.
  if (root === "Error") return false;
  // S3's response to a DELETE never has a body.
  if (command === "DeleteObjectCommand") return true;
  return headers["content-type"]?.startsWith("text/html") === true && !/(?:Result|Response)$/.test(root);
}

function rootOf(text: string): string {
  return /^(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(\w+)/.exec(text.trimStart().slice(0, 1000))?.[1] ?? "";
}

const VERSIONS = "ListObjectVersionsCommand";

// The SDK parses any other document, such as a list of uploads, as an empty result.
const documents: Readonly<Record<string, { what: string; is(root: string): boolean }>> = {
  ListObjectsV2Command: { what: "a listing", is: (root) => !/^List(?!Bucket|Objects)/.test(root) },
  GetBucketVersioningCommand: {
    what: "a versioning configuration",
    is: (root) => root === "VersioningConfiguration",
  },
  // A service without versions may return a list of its keys.
  [VERSIONS]: { what: "a list of versions", is: (root) => root.startsWith("ListVersions") },
};

/** The Size that is used for a delete marker, which has no size. */
export const MARKER_SIZE = -1;

// S3 lists versions and delete markers together, newest first. The SDK sorts them into two lists, which loses that
// order.
function inOneOrder(xml: string): string {
  return xml
    .replace(/<DeleteMarker(?:\s[^<>]*)?>/g, `<Version><Size>${MARKER_SIZE}</Size>`)
    .replace(/<\/DeleteMarker\s*>/g, "</Version>");
}

/** Checksums that the SDK cannot compute. It throws if a response has one. */
const unknownChecksums = ["sha512", "xxhash64", "xxhash3", "xxhash128"].map(
  (name) => `x-amz-checksum-${name}`,
);

function readableHeaders(headers: Record<string, string>): void {
  for (const name of unknownChecksums) delete headers[name];
  const date = headers["last-modified"];
  if (date === undefined) return;
  const readable = Date.parse(date);
  if (Number.isNaN(readable)) delete headers["last-modified"];
  else headers["last-modified"] = new Date(readable).toUTCString();
}

function readableDates(xml: string): string {
  return xml.replace(/<LastModified>([^<]*)<\/LastModified>/g, (element, text: string) => {
    if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return element;
    const date = Date.parse(text);
    return Number.isNaN(date) ? "" : `<LastModified>${new Date(date).toISOString()}</LastModified>`;
  });
}

/** The four spellings of a boolean in XML Schema. */
const flags: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

// The SDK parses anything but "true" as false, which would end the listing early.
function readableFlag(xml: string): string {
  return xml.replace(
    /<IsTruncated(?:\s[^<>]*)?(?:\/>|>([^]*?)<\/IsTruncated\s*>)/g,
    (_element, text: string | undefined = "") => {
      const flag = flags[text.trim().toLowerCase()];
      if (flag !== undefined) return `<IsTruncated>${flag}</IsTruncated>`;
      throw badListing(
        `the service does not report whether there are more keys: IsTruncated is ${JSON.stringify(text.slice(0, 60))}`,
      );
    },
  );
}
