import { MAX_KEYS_AT_ONCE } from "../../../arguments/keys.js";
import { bucketInput } from "../bucket-input.js";
import { sdk } from "../sdk.js";
import type { ListObjectsV2CommandInput } from "@aws-sdk/client-s3";
import type { Call } from "../../../bridge/operations.js";
import type { Page } from "../../../bridge/protocol.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { listing } from "../direct/list-page.js";
import { replay } from "../direct/replay.js";
import { checkAnswer } from "../listing/list-answer.js";
import { badListing, firstNewName, nextPage } from "../listing/listed-names.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { sayListed } from "../transport/seen-requests.js";

export interface ListRequest extends Omit<Call<"list">, "op"> {
  /** A page that begins at or before `startAfter` is an error, because it is not the requested page. */
  checked?: boolean;
}

/** The service ignores StartAfter. */
export class IgnoresStartAfter extends Error {
  override name = "IgnoresStartAfter";
}

/**
 * One page of keys, in the order of their UTF-8 bytes. One LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listObjects(target: Target, request: ListRequest, task: Task): Promise<Page> {
  const input = listInput(target, request);
  const tried = await directAttempt(target.client, input, listing(input), task);
  const output =
    tried.result ?? (await target.client.send(replay(new sdk.ListObjectsV2Command(input), tried), task));
  const more = checkAnswer(input, output);
  target.bucketProved = true;
  const contents = output.Contents ?? [];
  sayListed(contents.length);
  // Direct attempts accept encoded pages only.
  const isEncoded = tried.result !== undefined || ("EncodingType" in output && output.EncodingType === "url");
  const names = namesOf(
    contents.map(({ Key }) => Key ?? ""),
    isEncoded,
  );
  const listed = { ...request, names };
  const first = firstNewName(listed);
  if (request.checked && first > 0 && request.before === undefined) throw new IgnoresStartAfter();
  const keys = first === 0 ? names : names.slice(first);
  const sizes = new Float64Array(keys.length);
  for (let at = 0; at < keys.length; at += 1) sizes[at] = contents[first + at]?.Size ?? Infinity;
  const next = nextPage(listed, more, output.NextContinuationToken);
  return { keys, sizes, ...(next === undefined ? {} : { next }) };
}

export function listInput(target: Target, request: ListRequest): ListObjectsV2CommandInput {
  const input: ListObjectsV2CommandInput = {
    ...bucketInput(target),
    Prefix: request.prefix,
    MaxKeys: Math.min(request.limit, MAX_KEYS_AT_ONCE),
    // XML cannot carry every key unencoded.
    EncodingType: "url",
  };
  const after = request.startAfter ?? request.before?.last;
  if (request.token !== undefined) input.ContinuationToken = request.token;
  else if (after !== undefined) input.StartAfter = after;
  return input;
}

/** The names of a page. Many services do not encode names although the request asks for it. */
export function namesOf(listed: string[], areEncoded: boolean): string[] {
  if (areEncoded) return decoded(listed);
  for (const name of listed) {
    // XML turns a carriage return into a line feed, and the parser turns what is not UTF-8 into U+FFFD.
    if (/[\n\ufffd]/.test(name) || !name.isWellFormed()) {
      throw badListing(
        `the service lists keys without encoding them, so ${JSON.stringify(name)} may stand for another key`,
      );
    }
  }
  return listed;
}

// Decoding all names together takes half the time of decoding them one by one.
function decoded(names: string[]): string[] {
  const joined = names.join("<");
  if (!joined.includes("%") && !joined.includes("+")) return names;
  try {
    const all = decodeURIComponent(joined.replaceAll("+", " ")).split("<");
    if (all.length === names.length) return all;
  } catch {
    // If the names are decoded one by one, the error can contain the wrong name.
  }
  return names.map(decodedName);
}

function decodedName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    throw badListing(`the service listed a key that is not UTF-8: ${name}`);
  }
}
