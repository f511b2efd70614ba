import type { Readable } from "node:stream";
import type { HeadObjectCommandOutput, ListObjectVersionsCommandInput } from "@aws-sdk/client-s3";
import { MAX_KEYS_AT_ONCE } from "../../../arguments/keys.js";
import type { Call } from "../../../bridge/operations.js";
import type {
  Head,
  ListedVersion,
  Reading,
  VersionMarker,
  VersionPage,
  Versioning,
} from "../../../bridge/protocol.js";
import { comesBefore } from "../../../text/utf8-order.js";
import { BadAnswer, checkIsWhole } from "../bad-answers.js";
import { MARKER_SIZE } from "../body/sdk-answers.js";
import { readWhole } from "../body/whole-body.js";
import type { Found } from "../direct/reads.js";
import { badListing } from "../listing/listed-names.js";
import { sdk } from "../sdk.js";
import { statusOf } from "../sdk-errors.js";
import { bucketInput, keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { toReading } from "./get-object.js";
import { toHead } from "./head-object.js";
import { namesOf } from "./list-objects.js";

/**
 * One page of the versions of the keys that begin with a prefix. Keys are in the order of their UTF-8 bytes. The
 * versions of a key are in the order in which they became current, newest first. One LIST.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
 */
export async function listVersions(
  target: Target,
  { prefix, after }: Omit<Call<"versions">, "op">,
  task: Task,
): Promise<VersionPage> {
  const { client } = target;
  const input: ListObjectVersionsCommandInput = {
    ...bucketInput(target),
    Prefix: prefix,
    MaxKeys: MAX_KEYS_AT_ONCE,
    // XML cannot carry every key unencoded.
    EncodingType: "url",
  };
  if (after !== undefined) {
    input.KeyMarker = after.key;
    input.VersionIdMarker = after.versionId;
  }
  const command = new sdk.ListObjectVersionsCommand(input);
  const output = await client.send(command, task);
  if (output.IsTruncated === undefined)
    throw new BadAnswer("the response is not a list of versions", output.$metadata);
  target.bucketProved = true;
  const listed = output.Versions ?? [];
  const names = namesOf(
    listed.map(({ Key = "" }) => Key),
    output.EncodingType === "url",
  );
  const versions = listed.map(({ VersionId, IsLatest, LastModified, Size, ETag }, at): ListedVersion => {
    const lastModified = LastModified?.getTime();
    if (VersionId === undefined || VersionId === "" || lastModified === undefined || Size === undefined)
      throw new BadAnswer("a listed version lacks its id, its date or its size", output.$metadata);
    const version = { key: names[at]!, versionId: VersionId, isLatest: IsLatest === true, lastModified };
    if (Size === MARKER_SIZE) return version;
    if (ETag === undefined) throw new BadAnswer("a listed version lacks its ETag", output.$metadata);
    return { ...version, object: { size: Size, etag: ETag } };
  });
  // Some services begin a page with its marker, others after it.
  if (after !== undefined && versions.length > 0 && isSame(versions[0]!, after)) versions.shift();
  check(versions, prefix, after);
  if (!output.IsTruncated) return { versions };
  // The service's own marker is not used, because some services encode it, and others do not.
  const last = versions.at(-1);
  if (last === undefined)
    throw badListing("the service reports that there are more versions, but returns none");
  return { versions, next: { key: last.key, versionId: last.versionId } };
}

function isSame(one: VersionMarker, other: VersionMarker): boolean {
  return one.key === other.key && one.versionId === other.versionId;
}

function check(versions: readonly ListedVersion[], prefix: string, after: VersionMarker | undefined): void {
  let previous = after?.key ?? "";
  for (const { key } of versions) {
    if (!key.startsWith(prefix))
      throw badListing(
        `the service listed ${JSON.stringify(key)}, which does not begin with ${JSON.stringify(prefix)}`,
      );
    if (comesBefore(key, previous))
      throw badListing(
        `the service listed ${JSON.stringify(key)} after ${JSON.stringify(previous)}, which is out of order, so it cannot be trusted to list all versions`,
      );
    previous = key;
  }
}

/**
 * Reads one version of an object. Returns undefined if there is no such version, or if it is a delete marker. One GET.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/RetrievingObjectVersions.html
 */
export async function getVersion(
  target: Target,
  key: string,
  versionId: string,
  maxBytes: number,
  task: Task,
): Promise<Reading | undefined> {
  const command = new sdk.GetObjectCommand({ ...keyInput(target, key), VersionId: versionId });
  const bytes = readWhole(command, maxBytes);
  try {
    const output = await target.client.send(command, task);
    checkVersion(output, versionId);
    target.bucketProved = true;
    const { ETag, ContentEncoding, Metadata = {} } = output;
    return toReading({ body: bytes(), ETag, ContentEncoding, Metadata });
  } catch (error) {
    if (!isMissing(error)) throw error;
    target.bucketProved = true;
    return undefined;
  }
}

/** The headers of one version, as headObject returns them for an object. One HEAD. */
export async function headVersionOf(...version: Parameters<typeof lookAtVersion>): Promise<Head | undefined> {
  const found = await lookAtVersion(...version);
  return found === false ? undefined : toHead(found);
}

/**
 * The headers of one version, as the SDK returns them; false if the version is missing. One HEAD, and one GET if the HEAD
 * fails.
 */
export async function lookAtVersion(
  target: Target,
  key: string,
  versionId: string,
  task: Task,
): Promise<Found | false> {
  const input = { ...keyInput(target, key), VersionId: versionId };
  const command = new sdk.HeadObjectCommand(input);
  let output: HeadObjectCommandOutput;
  try {
    output = await target.client.send(command, task);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    if (statusOf(error) === 404 || statusOf(error) === 405) return false;
    // The response to a HEAD has no body. The response to a GET has one, which names the reason.
    const { Body } = await target.client.send(
      new sdk.GetObjectCommand({ ...input, Range: "bytes=0-0" }),
      task,
    );
    (Body as Readable).on("error", () => {}).destroy();
    throw error;
  }
  checkVersion(output, versionId);
  return output;
}

// A service without versions returns the current object for any version id.
function checkVersion<T extends Parameters<typeof checkIsWhole>[0]>(
  output: T & { VersionId?: string | undefined },
  versionId: string,
): asserts output is T & { ETag: string } {
  checkIsWhole(output);
  if (output.VersionId === versionId) return;
  const given = output.VersionId === undefined ? "no version" : `version ${JSON.stringify(output.VersionId)}`;
  throw new BadAnswer(
    `version ${JSON.stringify(versionId)} was requested, but the response names ${given}`,
    output.$metadata,
  );
}

// For a delete marker, AWS answers 405, and Ceph answers NoSuchKey.
function isMissing(error: unknown): boolean {
  const { name } = error as Error;
  return (
    (statusOf(error) === 404 && (name === "NoSuchVersion" || name === "NoSuchKey")) ||
    (statusOf(error) === 405 && name === "MethodNotAllowed")
  );
}

/**
 * Whether the bucket keeps versions. One GetBucketVersioning.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
 */
export async function versioningOf(target: Target, task: Task): Promise<Versioning> {
  const command = new sdk.GetBucketVersioningCommand(bucketInput(target));
  const { Status } = await target.client.send(command, task);
  return Status ?? "off";
}
