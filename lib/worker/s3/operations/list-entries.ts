import { sdk } from "../sdk.js";
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { Call } from "../../../bridge/operations.js";
import type { Entry, EntryPage } from "../../../bridge/protocol.js";
import { MAX_KEYS_AT_ONCE } from "../../../arguments/keys.js";
import { comesBefore } from "../../../text/utf8-order.js";
import { checkAnswer } from "../listing/list-answer.js";
import { listInput, namesOf } from "./list-objects.js";
import { badListing, firstNewName, nextPage } from "../listing/listed-names.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { sayListed } from "../transport/seen-requests.js";
import { BadAnswer } from "../bad-answers.js";

type EntriesRequest = Omit<Call<"entries">, "op">;

/**
 * One page of keys with their sizes, ETags and dates, and of common prefixes, in the order of their UTF-8 bytes. One
 * LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listEntries(target: Target, request: EntriesRequest, task: Task): Promise<EntryPage> {
  const isFoldedHere = startsAfterSeemingFolder(request);
  const { token: given, ...withoutToken } = request;
  // The token may come from a page that was listed with the delimiter, so it is not used. After an empty page, however,
  // it is the only way to continue.
  const token = isFoldedHere && request.emptyPages === undefined ? undefined : given;
  const asked = token === undefined ? withoutToken : { ...withoutToken, token };
  const input = listInput(target, asked);
  if (request.delimiter !== undefined && !isFoldedHere) input.Delimiter = request.delimiter;
  // A service may list a folder again if the page is to start after it.
  if (input.StartAfter !== undefined) input.MaxKeys = Math.min(request.limit + 1, MAX_KEYS_AT_ONCE);
  const output = await target.client.send(new sdk.ListObjectsV2Command(input), task);
  const more = checkAnswer(input, output);
  target.bucketProved = true;
  const areEncoded = output.EncodingType === "url";
  const prefixes = input.Delimiter === undefined ? [] : prefixesOf(output, areEncoded);
  // S3 lists objects and common prefixes separately, each in order.
  const merged = merge(objectsOf(output, areEncoded), prefixes);
  sayListed(merged.length);
  const entries = isFoldedHere ? folded(merged, request) : merged;
  const listed = { ...asked, names: entries.map(({ name }) => name) };
  const first = firstNewName(listed);
  checkDelimiter(entries, request);
  // The token would continue in the middle of a common prefix.
  const nextToken = isFoldedHere && entries.length > 0 ? undefined : output.NextContinuationToken;
  const next = nextPage(listed, more, nextToken);
  return { entries: entries.slice(first), ...(next === undefined ? {} : { next }) };
}

// If StartAfter ends with the delimiter, Ceph takes it for a common prefix that has been listed, and skips every key
// that begins with it, even if that delimiter is part of the requested prefix. Such a page is listed without a
// delimiter, and its keys are grouped here.
function startsAfterSeemingFolder({ prefix, delimiter, startAfter, before }: EntriesRequest): boolean {
  if (delimiter === undefined) return false;
  return [startAfter, before?.last].some(
    (name) => name?.endsWith(delimiter) === true && name.length - delimiter.length < prefix.length,
  );
}

function folded(entries: Entry[], { prefix, delimiter = "" }: EntriesRequest): Entry[] {
  const kept: Entry[] = [];
  for (const entry of entries) {
    const end = entry.name.indexOf(delimiter, prefix.length);
    const name = end === -1 ? entry.name : entry.name.slice(0, end + delimiter.length);
    if (end === -1) kept.push(entry);
    else if (kept.at(-1)?.name !== name) kept.push({ name });
  }
  return kept;
}

function prefixesOf({ CommonPrefixes = [] }: ListObjectsV2CommandOutput, areEncoded: boolean): Entry[] {
  const names = CommonPrefixes.map(({ Prefix = "" }) => Prefix);
  return namesOf(names, areEncoded).map((name) => ({ name }));
}

function objectsOf(output: ListObjectsV2CommandOutput, areEncoded: boolean): Entry[] {
  const contents = output.Contents ?? [];
  const names = namesOf(
    contents.map(({ Key = "" }) => Key),
    areEncoded,
  );
  return contents.map(({ Size, ETag, LastModified }, at) => {
    if (ETag === undefined) throw new BadAnswer("a listed object lacks its ETag", output.$metadata);
    if (!isSize(Size)) throw new BadAnswer("a listed object lacks its size", output.$metadata);
    const object = { size: Size, etag: ETag, lastModified: LastModified?.getTime() ?? NaN };
    return { name: names[at]!, object };
  });
}

function isSize(size: number | undefined): size is number {
  return Number.isSafeInteger(size) && size! >= 0;
}

// A common prefix ends with the first delimiter after the requested prefix. The name of an object has no delimiter
// there.
function checkDelimiter(entries: Entry[], { prefix, delimiter }: EntriesRequest): void {
  for (const { name, object } of entries) {
    const end = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length);
    if (object === undefined ? end !== -1 && end + delimiter!.length === name.length : end === -1) continue;
    throw badListing(`the service does not honour the delimiter: it listed ${JSON.stringify(name)}`);
  }
}

function merge(objects: Entry[], prefixes: Entry[]): Entry[] {
  const merged: Entry[] = [];
  let [at, under] = [0, 0];
  while (at < objects.length && under < prefixes.length) {
    if (comesBefore(objects[at]!.name, prefixes[under]!.name)) merged.push(objects[at++]!);
    else merged.push(prefixes[under++]!);
  }
  return [...merged, ...objects.slice(at), ...prefixes.slice(under)];
}
