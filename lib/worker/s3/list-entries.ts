import { ListObjectsV2Command } from "./sdk.js";
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import type { Entry, EntryPage } from "../../bridge/protocol.js";
import { comesBefore } from "../../utf8-order.js";
import { decodeKey, listInput, newNames, nextPage } from "./list-objects.js";
import type { ListRequest } from "./list-objects.js";
import type { Target } from "./s3.js";
import { sayListed } from "./seen-requests.js";
import { BadAnswer } from "./tries.js";

export interface EntriesRequest extends ListRequest {
  delimiter?: string;
}

/**
 * One page of keys with what a listing tells of each, and of common prefixes, all in the order of their UTF-8
 * bytes. One LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function listEntries(
  target: Target,
  request: EntriesRequest,
  signal: AbortSignal,
): Promise<EntryPage> {
  const input = listInput(target, request);
  if (request.delimiter !== undefined) input.Delimiter = request.delimiter;
  const output = await target.client.send(new ListObjectsV2Command(input), { abortSignal: signal });
  if (output.IsTruncated === undefined) throw new BadAnswer("the answer is not a listing", output.$metadata);
  target.bucketProved = true;
  sayListed(output.KeyCount ?? 0);
  const objects = objectsOf(output);
  const prefixes = (output.CommonPrefixes ?? []).map(({ Prefix }): Entry => ({ name: decodeKey(Prefix) }));
  // S3 gives the two apart, each in order.
  const listed = merge(objects, prefixes);
  const isNew = new Set(
    newNames(
      listed.map(({ name }) => name),
      request.startAfter,
    ),
  );
  const entries = listed.filter(({ name }) => isNew.has(name));
  const next = nextPage(output, request, listed.length, entries.at(-1)?.name);
  return { entries, ...(next === undefined ? {} : { next }) };
}

function objectsOf(output: ListObjectsV2CommandOutput): Entry[] {
  return (output.Contents ?? []).map(({ Key, Size, ETag, LastModified }) => {
    if (ETag === undefined) throw new BadAnswer("an object is listed without its ETag", output.$metadata);
    const object = { size: Size ?? 0, etag: ETag, lastModified: LastModified?.getTime() ?? NaN };
    return { name: decodeKey(Key), object };
  });
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
