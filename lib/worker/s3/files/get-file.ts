import type { Readable } from "node:stream";
import { sdk } from "../sdk.js";
import type { GetObjectCommandInput } from "@aws-sdk/client-s3";
import type { Call } from "../../../bridge/operations.js";
import { combineCrc32s } from "../../../local/body/crc32.js";
import { OperationError } from "../../operation-error.js";
import { BadAnswer, BrokenBody, MAX_UNTOLD_BYTES, TooLong } from "../bad-answers.js";
import { checkEndIsMarked } from "../body/whole-body.js";
import type { Client } from "../client.js";
import { replay } from "../direct/replay.js";
import { isNoSuchKey } from "../sdk-errors.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";
import type { Task } from "../task.js";
import { sayLength } from "../transport/seen-requests.js";
import { Again, Download } from "./download.js";
import { openBody } from "./open-body.js";
import type { OpenAnswer } from "./open-body.js";
import { TargetFile } from "./target-file.js";

/** How often a download is attempted, if the object changes in the meantime, or its bytes are damaged or incomplete. */
const TRIES = 3;

/**
 * Writes an object into a file. Returns false for a missing key. 1 GET; above 32 MiB, at most 1 more GET for each 8
 * MiB.
 *
 * @param moved - called whenever bytes have been written
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
export async function getFile(
  target: Target,
  { key, path }: Omit<Call<"getFile">, "op">,
  task: Task,
  moved: () => void,
): Promise<boolean> {
  const input = keyInput(target, key);
  const file = await TargetFile.create(path, task.signal);
  try {
    for (let tries = 1; ; tries += 1) {
      const answer = await openObject(target, input, task);
      if (answer === undefined) return false;
      try {
        await writeTo(file, target, input, answer, task, moved);
        file.replace();
        return true;
      } catch (error) {
        if (!(error instanceof Again) || task.signal.aborted) throw error;
        if (tries === TRIES) throw error.because;
        await file.empty();
      } finally {
        answer.body.destroy();
      }
    }
  } finally {
    await file.close();
  }
}

/** The response to a plain GET, or undefined for a missing key. */
async function openObject(
  target: Target,
  input: GetObjectCommandInput,
  task: Task,
): Promise<OpenAnswer | undefined> {
  let answer: OpenAnswer | undefined;
  try {
    answer = await openBody(target.client, input, task);
  } catch (error) {
    if (!isNoSuchKey(error)) throw error;
  }
  target.bucketProved = true;
  return answer;
}

/** @throws Again if it is worth restarting the download */
async function writeTo(
  file: TargetFile,
  { client, settings }: Target,
  input: GetObjectCommandInput,
  answer: OpenAnswer,
  task: Task,
  moved: () => void,
): Promise<void> {
  const { headers } = answer;
  const told = headers["content-length"];
  let crc32: string | undefined;
  if (told === undefined) await writeUntold(file, answer, moved);
  else {
    sayLength(Number(told));
    const download = new Download({ client, input, file, answer, length: Number(told), task, moved });
    crc32 = combineCrc32s(await download.run(settings.concurrency));
  }
  await verify(client, input, file, headers, crc32, task, moved);
}

/** Writes a body whose length is not known beforehand, for example because a proxy has compressed the response. */
async function writeUntold(file: TargetFile, answer: OpenAnswer, moved: () => void): Promise<void> {
  let at = 0;
  try {
    checkEndIsMarked(answer);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      if (at + chunk.length > MAX_UNTOLD_BYTES) throw new TooLong(answer.statusCode, MAX_UNTOLD_BYTES);
      await file.write([chunk], at);
      at += chunk.length;
      moved();
    }
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new Again(error instanceof BadAnswer ? error : new BrokenBody(error as Error));
  }
}

/**
 * Compares the bytes that were written with the object's checksum, if the service sends a checksum of the whole object.
 * A checksum of the parts' checksums cannot be verified, because it is unknown where the parts begin.
 */
async function verify(
  client: Client,
  input: GetObjectCommandInput,
  file: TargetFile,
  headers: OpenAnswer["headers"],
  crc32: string | undefined,
  task: Task,
  moved: () => void,
): Promise<void> {
  const given = Object.keys(headers).filter(
    (name) =>
      name.startsWith("x-amz-checksum-") && name !== "x-amz-checksum-type" && !headers[name]!.includes("-"),
  );
  if (given.length === 0) return;
  if (given.length === 1 && given[0] === "x-amz-checksum-crc32" && crc32 !== undefined) {
    if (headers["x-amz-checksum-crc32"] === crc32) return;
    throw new Again(damaged());
  }
  // The SDK supports the other algorithms. It reads the file as if it were the body of the response.
  const outcome = { statusCode: 200, headers: { ...headers }, stream: file.read() };
  const command = replay(new sdk.GetObjectCommand(input), { outcome });
  try {
    const output = await client.send(command, task);
    for await (const _ of output.Body as Readable) moved();
  } catch (error) {
    if (/checksum/i.test((error as Error).message)) throw new Again(damaged());
    throw error;
  } finally {
    outcome.stream.destroy();
  }
}

function damaged(): OperationError {
  return new OperationError("ChecksumMismatch", "the bytes that arrived do not match the checksum");
}
