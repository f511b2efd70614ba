import type { Readable } from "node:stream";
import { sdk } from "../sdk.js";
import type { CompletedPart, PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { LentBody } from "../../../bridge/protocol.js";
import { combineCrc32s } from "../../../local/body/crc32.js";
import { directAttempt } from "../direct/direct-attempt.js";
import { crc32, uploadingPart } from "../direct/writes.js";
import { replay } from "../direct/replay.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import type { Client } from "../client.js";
import { BadAnswer, checkEtag } from "../bad-answers.js";
import { completeUpload } from "./complete-upload.js";
import { abortUpload, MAX_PARTS, partsInParallel } from "./parts-in-parallel.js";

/** The size of all parts but the last. It is larger if there would be more parts than S3 accepts. */
const LEAST_PART_BYTES = 8 * 1024 ** 2;

/** How many parts of a value are in flight at once. */
const PARTS_AT_ONCE = 4;

/** A part that is sent as a stream, which each attempt opens again. */
export interface StreamedPart {
  readonly length: number;
  /** Reads the whole part. The bytes that are sent later must be the same. */
  digest(): Promise<{ crc32: string; sha256: string }>;
  /** @returns a stream that fails if the bytes are no longer those of the last digest */
  open(): Readable;
}

/** The source of an upload's parts: a value, the calling thread, or a file. */
export interface PartSource {
  readonly length: number;
  readonly partsAtOnce: number;
  part(start: number, end: number, signal: AbortSignal): Buffer | StreamedPart | Promise<Buffer>;
  /** Called once all parts are sent. If it throws, nothing is stored. */
  check(): Promise<void>;
}

function sourceOf(body: Buffer): PartSource {
  return {
    length: body.length,
    partsAtOnce: PARTS_AT_ONCE,
    part: (start, end) => body.subarray(start, end),
    check: () => Promise.resolve(),
  };
}

/** Asks the calling thread for a copy of a part of the body that it has lent. */
export type Lend = (start: number, end: number, signal: AbortSignal) => Promise<Buffer>;

/** A value that stays in the calling thread. Only the parts in flight are in memory twice. */
export function lentSource({ length }: LentBody, part: Lend): PartSource {
  return { length, partsAtOnce: PARTS_AT_ONCE, part, check: () => Promise.resolve() };
}

/** The input of a PUT. */
export type ObjectInput = PutObjectCommandInput & { Bucket: string; Key: string; Body: Buffer };

/**
 * Stores an object in parts. The object becomes visible as a whole, at the end. 1 CreateMultipartUpload, 1 UploadPart
 * for each 8 MiB, 1 CompleteMultipartUpload; if one of them fails, 1 AbortMultipartUpload.
 *
 * @param source - default: the Body
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
export async function uploadInParts(
  target: Target,
  { Body: body, ...input }: ObjectInput,
  task: Task,
  source: PartSource = sourceOf(body),
): Promise<void> {
  const { client } = target;
  const withChecksums = await client.sendsChecksums();
  const checksum = withChecksums
    ? ({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" } as const)
    : undefined;

  const created = await client.send(new sdk.CreateMultipartUploadCommand({ ...input, ...checksum }), task);
  if (!created.UploadId) throw new BadAnswer("the response has no upload id", created.$metadata);
  const upload = { ...keyInput(target, input.Key), UploadId: created.UploadId };
  // Many services accept this request although they do not support checksums. Some of them then reject a completion
  // that contains checksums.
  const known = checksum?.ChecksumAlgorithm === created.ChecksumAlgorithm ? created : undefined;
  try {
    const { length, partsAtOnce } = source;
    const size = partSize(length);
    const parts = await partsInParallel(
      Math.ceil(length / size),
      partsAtOnce,
      task.signal,
      async (at, signal) => {
        const part = { ...upload, PartNumber: at + 1 };
        const body = await source.part(at * size, Math.min((at + 1) * size, length), signal);
        return Buffer.isBuffer(body)
          ? uploadPart(client, { ...part, Body: body }, checksum, { ...task, signal })
          : uploadStreamed(client, part, body, checksum, { ...task, signal });
      },
    );
    await source.check();
    const completion = {
      ...upload,
      MultipartUpload: { Parts: known?.ChecksumAlgorithm === undefined ? parts.map(withoutChecksum) : parts },
      ...(known?.ChecksumType === "FULL_OBJECT" && {
        ChecksumType: known.ChecksumType,
        ChecksumCRC32: wholeCrc32(parts, source.length),
      }),
    };
    await completeUpload(target, completion, { input, length: source.length }, task);
  } catch (error) {
    await abortUpload(client, upload);
    throw error;
  }
}

function withoutChecksum({ PartNumber, ETag }: CompletedPart): CompletedPart {
  return { PartNumber, ETag };
}

// With this checksum, S3 verifies that it has joined the parts correctly, and readers verify what they receive.
function wholeCrc32(parts: CompletedPart[], length: number): string {
  const size = partSize(length);
  return combineCrc32s(
    parts.map(({ ChecksumCRC32 = "" }, at) => ({
      checksum: ChecksumCRC32,
      size: Math.min(size, length - at * size),
    })),
  );
}

/** The size of all parts but the last. */
export function partSize(length: number): number {
  return Math.max(LEAST_PART_BYTES, Math.ceil(length / MAX_PARTS));
}

async function uploadPart(
  client: Client,
  input: { Bucket: string; Key: string; UploadId: string; PartNumber: number; Body: Buffer },
  checksum: { ChecksumAlgorithm: "CRC32" } | undefined,
  task: Task,
): Promise<CompletedPart> {
  const sum = checksum && { ChecksumCRC32: crc32(input.Body) };
  const part = { ...input, ...sum };
  const tried = await directAttempt(client, part, uploadingPart(part), task);
  let ETag = tried.result?.ETag;
  if (ETag === undefined) {
    const command = replay(new sdk.UploadPartCommand(part), tried);
    const output = await client.send(command, task);
    checkEtag(output);
    ETag = output.ETag;
  }
  return { PartNumber: input.PartNumber, ETag, ...sum };
}

/**
 * Uploads a part whose bytes are not in memory. The SDK gets no body, because it sends a stream only once. Each attempt
 * puts its own stream into the request, with the length and the SHA-256 that the request was signed with.
 */
async function uploadStreamed(
  client: Client,
  input: { Bucket: string; Key: string; UploadId: string; PartNumber: number },
  part: StreamedPart,
  checksum: { ChecksumAlgorithm: "CRC32" } | undefined,
  task: Task,
): Promise<CompletedPart> {
  const { crc32: crc, sha256 } = await part.digest();
  task.signal.throwIfAborted();
  const sum = checksum && { ChecksumCRC32: crc };
  const command = new sdk.UploadPartCommand({ ...input, ...sum, ContentLength: part.length });
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers["content-type"] = "application/octet-stream";
      headers["x-amz-content-sha256"] = sha256;
      return next(args);
    },
    { step: "build", name: "s3bucketmapStreamedHeaders" },
  );
  command.middlewareStack.add(
    (next) => async (args) => {
      const body = part.open();
      try {
        // The request is copied, because the SDK examines its own request to decide whether it can send it again.
        const request = Object.assign(Object.create(Object.getPrototypeOf(args.request) as object), {
          ...(args.request as object),
          body,
        }) as typeof args.request;
        return await next({ ...args, request });
      } catch (error) {
        body.destroy();
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapStreamedBody" },
  );
  const output = await client.send(command, task);
  checkEtag(output);
  return { PartNumber: input.PartNumber, ETag: output.ETag, ...sum };
}
