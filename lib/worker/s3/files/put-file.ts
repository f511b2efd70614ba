import type { Call } from "../../../bridge/operations.js";
import { MULTIPART_ABOVE } from "../../../bridge/protocol.js";
import type { Verdict } from "../../../bridge/protocol.js";
import { OperationError } from "../../operation-error.js";
import { storeIf } from "../conditional/conditional.js";
import { uploadInParts } from "../operations/multipart-upload.js";
import { objectInput, putObject } from "../operations/put-object.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { sayLength } from "../transport/seen-requests.js";
import { SourceFile } from "./source-file.js";

/** S3's own limit: 10,000 parts of 5 GiB, which it calls 50 TB. Other services report lower limits themselves. */
const MAX_BYTES = 10_000 * 5 * 1024 ** 3;

/** A conditional write is one PUT, whose body is in memory. */
const MAX_CONDITIONAL_FILE_BYTES = 64 * 1024 ** 2;

/**
 * Stores a file. 1 PUT, or above 16 MiB an upload in parts, of which only a few MiB are in memory at a time.
 *
 * @param moved - called whenever bytes have been read
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 */
export async function putFile(
  target: Target,
  { key, path, headers, base, prefix }: Omit<Call<"putFile">, "op">,
  task: Task,
  moved: () => void,
): Promise<Verdict> {
  const file = await SourceFile.open(path, moved);
  try {
    const { length } = file;
    sayLength(length);
    if (base !== undefined) {
      checkLength(length, MAX_CONDITIONAL_FILE_BYTES, "a conditional write, which is a single request,");
      const body = await file.readAll();
      const { verdict } = await storeIf(target, { key, body, headers, base, prefix }, task);
      return verdict;
    }
    checkLength(length, MAX_BYTES, "S3");
    if (length <= MULTIPART_ABOVE) {
      await putObject(target, key, await file.readAll(), headers, task);
    } else {
      await uploadInParts(target, objectInput(target, key, "", headers), task, file);
      target.bucketProved = true;
    }
    return "done";
  } finally {
    await file.close();
  }
}

function checkLength(length: number, most: number, what: string): void {
  if (length <= most) return;
  throw new OperationError(
    "EntityTooLarge",
    `${what} accepts at most ${most} bytes, but this file has ${length} bytes`,
  );
}
