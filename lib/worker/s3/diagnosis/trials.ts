import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { OperationError } from "../../operation-error.js";
import { checkDelete, checkPut } from "../conditional/conditions.js";
import { deleteObject } from "../operations/delete-object.js";
import { deleteObjects } from "../operations/delete-objects.js";
import { crc32 } from "../direct/writes.js";
import { isMissing } from "../operations/missing.js";
import { uploadInParts } from "../operations/multipart-upload.js";
import type { ObjectInput } from "../operations/multipart-upload.js";
import { putCommand, putObject } from "../operations/put-object.js";
import type { Target } from "../target.js";
import { sdk } from "../sdk.js";
import { BadAnswer } from "../bad-answers.js";
import { readWhole } from "../body/whole-body.js";
import type { Answers } from "./answers.js";

/** What is written on trial. */
const BODY = Buffer.from("A trial of s3bucketmap's diagnosis; it can be deleted.\n");
const HEADERS = { contentType: "text/plain; charset=utf-8" };

/** What a read finds. */
export type Seen = "missing" | "there" | "there, with a checksum";

export type Operation<T> = (target: Target, signal: AbortSignal) => Promise<T>;

/** What is tried on one key, which belongs to the library alone. */
export class Trials {
  readonly #key: string;
  readonly #answers: Answers;

  constructor(key: string, answers: Answers) {
    this.#key = key;
    this.#answers = answers;
  }

  put: Operation<unknown> = (target, signal) => putObject(target, this.#key, BODY, HEADERS, signal);

  read: Operation<Seen> = async (target, signal) => {
    const input = { ...this.#input(target), ChecksumMode: "ENABLED" as const };
    const command = this.#answers.watch(new sdk.GetObjectCommand(input));
    const bytes = readWhole(command, 2 * BODY.length);
    let output: GetObjectCommandOutput;
    try {
      output = await target.client.send(command, { abortSignal: signal });
    } catch (error) {
      if (isMissing(target, error)) return "missing";
      throw error;
    }
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
    if (Buffer.compare(bytes(), BODY) !== 0)
      throw new BadAnswer("what was read is not what was written", output.$metadata);
    const hasChecksum = Object.keys(output).some((name) => /^Checksum(?!Type)/.test(name));
    return hasChecksum ? "there, with a checksum" : "there";
  };

  delete: Operation<unknown> = (target, signal) => deleteObject(target, this.#key, signal);

  conditionalPut: Operation<unknown> = (target, signal) => checkPut(target, this.#key, signal, false);

  conditionalDelete: Operation<unknown> = (target, signal) => checkDelete(target, this.#key, signal, false);

  multipart: Operation<void> = (target, signal) => {
    const { input } = putCommand(target, this.#key, BODY, HEADERS);
    return uploadInParts(target, input as ObjectInput, signal);
  };

  /** @returns how the service takes it */
  deleteObjects: Operation<"plain" | "with MD5" | "none"> = async (target, signal) => {
    // A map learns of it by itself, from its own calls.
    const own: Target = { ...target };
    delete own.bulkDeletes;
    const [refused] = await deleteObjects(own, [this.#key], signal);
    if (refused !== undefined) {
      const { code, reason = "", ...details } = refused.failure;
      throw new OperationError(code, reason, details);
    }
    return own.bulkDeletes ?? "none";
  };

  /** @returns whether a body is refused that is not the one of its checksum */
  checksChecksums: Operation<boolean> = async (target, signal) => {
    const command = putCommand(target, this.#key, BODY, HEADERS);
    command.input.ChecksumCRC32 = crc32(Buffer.from("another value"));
    try {
      await target.client.send(command, { abortSignal: signal });
      return false;
    } catch (error) {
      const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
      if ($metadata?.httpStatusCode === 400) return true;
      throw error;
    }
  };

  #input({ settings }: Target): { Bucket: string; Key: string; RequestPayer?: "requester" } {
    return {
      Bucket: settings.bucket,
      Key: this.#key,
      ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
    };
  }
}
