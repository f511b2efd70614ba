import { sdk } from "../sdk.js";
import type { CompletedPart, CopyObjectCommandInput } from "@aws-sdk/client-s3";
import { BadAnswer, checkEtag } from "../bad-answers.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { completeUpload } from "./complete-upload.js";
import { abortUpload, MAX_PARTS, partsInParallel } from "./parts-in-parallel.js";
import { withExpires } from "./expires.js";

/** Everything that a copy request contains about the new object, and about the version that it copies. */
export type CopyInput = CopyObjectCommandInput & { Bucket: string; Key: string; CopySource: string };

type Command = { readonly middlewareStack: object };

/** How the request that makes the copy visible is sent. */
export interface Sent {
  /** Called with the first command, before it is sent. */
  before?(command: Command): void;
  /** Sends the last command. */
  last?<Output>(command: Command, send: () => Promise<Output>): Promise<Output>;
}

/** How many parts are copied at once. */
const PARTS_AT_ONCE = 8;

/**
 * Copies a large object in parts, within the service. The copy becomes visible as a whole, at the end. 1
 * CreateMultipartUpload, 1 UploadPartCopy for each part, 1 CompleteMultipartUpload; if one of them fails, 1
 * AbortMultipartUpload.
 *
 * @returns the ETag of the copy
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
export async function copyInParts(
  target: Target,
  { MetadataDirective: _, IfNoneMatch, ...copy }: CopyInput,
  { size, part, expires }: { size: number; part: number; expires: string | undefined },
  task: Task,
  sent: Sent,
): Promise<string> {
  const { client } = target;
  // The SDK leaves out what S3 does not take with an operation, such as the source here and the headers below.
  const create = new sdk.CreateMultipartUploadCommand(copy);
  withExpires(create, expires);
  sent.before?.(create);
  const created = await client.send(create, task);
  if (!created.UploadId) throw new BadAnswer("the response has no upload id", created.$metadata);
  const upload = { ...keyInput(target, copy.Key), UploadId: created.UploadId };
  const bytes = Math.max(part, Math.ceil(size / MAX_PARTS));
  try {
    const Parts = await partsInParallel(
      Math.ceil(size / bytes),
      PARTS_AT_ONCE,
      task.signal,
      async (at, signal) => {
        const range = `bytes=${at * bytes}-${Math.min(size, (at + 1) * bytes) - 1}`;
        const part = { ...copy, ...upload, PartNumber: at + 1, CopySourceRange: range };
        const output = await client.send(new sdk.UploadPartCopyCommand(part), { ...task, signal });
        const ETag = output.CopyPartResult?.ETag;
        if (ETag === undefined) throw new BadAnswer("the response has no ETag", output.$metadata);
        return { PartNumber: at + 1, ETag } satisfies CompletedPart;
      },
    );
    const completion = { ...upload, MultipartUpload: { Parts } };
    if (sent.last === undefined)
      return await completeUpload(target, completion, { input: copy, length: size, expires }, task);
    const complete = new sdk.CompleteMultipartUploadCommand({
      ...completion,
      ...(IfNoneMatch === undefined ? {} : { IfNoneMatch }),
    });
    const output = await sent.last(complete, () => client.send(complete, task));
    checkEtag(output);
    return output.ETag;
  } catch (error) {
    await abortUpload(client, upload);
    throw error;
  }
}
