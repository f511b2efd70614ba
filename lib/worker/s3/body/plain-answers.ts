import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { badListing } from "../listing/listed-names.js";
import { BadAnswer } from "../bad-answers.js";

interface Response {
  statusCode: number;
  headers: Record<string, string>;
  body?: unknown;
}

/**
 * Makes answers such as only other services give into ones that the SDK can read, and tells a web page from an answer.
 * It is the SDK that throws an error for a date, or a checksum, that it does not know.
 */
export function readPlainly(client: S3Client): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const response = result.response as Response;
      const command = String(context["commandName"]);
      if (response.statusCode >= 300) return result;
      if (command === "GetObjectCommand" || command === "HeadObjectCommand") {
        readableHeaders(response.headers);
      } else {
        const text = await textOf(response.body);
        const isListing = command === "ListObjectsV2Command";
        const wrong = isPage(command, response, text)
          ? "a web page"
          : isListing && isOtherList(text)
            ? "not a listing"
            : undefined;
        if (wrong !== undefined) {
          const { statusCode: httpStatusCode, headers } = response;
          throw new BadAnswer(`the answer is ${wrong}`, {
            httpStatusCode,
            requestId: headers["x-amz-request-id"],
            attempts: 1,
          });
        }
        response.body = Readable.from([Buffer.from(isListing ? readableFlag(readableDates(text)) : text)]);
      }
      return result;
    },
    // What reads the answer comes after it, on the way back.
    { step: "deserialize", priority: "low", name: "s3bucketmapPlainAnswers" },
  );
}

async function textOf(body: unknown): Promise<string> {
  const chunks: Uint8Array[] = [];
  if (body instanceof Readable)
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// A login page answers everything with 200. Other services label empty answers, and even listings, text/html, so
// neither the label nor a missing request id makes a page.
function isPage(command: string, { headers }: Response, text: string): boolean {
  if (text.trimStart() === "") return false;
  const root = rootOf(text);
  // The SDK makes an error of it.
  if (root === "Error") return false;
  // In no case has S3 words here that nobody reads.
  if (command === "DeleteObjectCommand") return true;
  return headers["content-type"]?.startsWith("text/html") === true && !/(?:Result|Response)$/.test(root);
}

function rootOf(text: string): string {
  return /^(?:<\?xml[^>]*>\s*)?<(?:\w+:)?(\w+)/.exec(text.trimStart().slice(0, 1000))?.[1] ?? "";
}

// The SDK reads a list of uploads, or of versions, as a listing without keys.
function isOtherList(text: string): boolean {
  return /^List(?!Bucket|Objects)/.test(rootOf(text));
}

/** These the SDK does not know how to compute; what it knows, it verifies. */
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

const flags: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

// The SDK takes all but "true" for false, and a listing would end early. XML Schema has four words for the two.
function readableFlag(xml: string): string {
  return xml.replace(
    /<IsTruncated(?:\s[^<>]*)?(?:\/>|>([^]*?)<\/IsTruncated\s*>)/g,
    (_element, text: string | undefined = "") => {
      const flag = flags[text.trim().toLowerCase()];
      if (flag !== undefined) return `<IsTruncated>${flag}</IsTruncated>`;
      throw badListing(
        `the service does not say whether there are more keys: IsTruncated is ${JSON.stringify(text.slice(0, 60))}`,
      );
    },
  );
}
