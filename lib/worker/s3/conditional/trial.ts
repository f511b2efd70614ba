import { randomBytes } from "node:crypto";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { Failure } from "../../../bridge/protocol.js";
import { DeadlinePassed } from "../../deadline.js";
import { toFailure } from "../../failure.js";
import { OperationError } from "../../operation-error.js";
import { isAmbiguous } from "../attempts/ambiguous.js";
import { Doubt } from "../attempts/doubt.js";
import { quote, unquote } from "../etag.js";
import type { Quoting } from "../etag.js";
import { sourceInput } from "../operations/copy-object.js";
import { deleteObject } from "../operations/delete-object.js";
import { otherRegion, statusOf } from "../sdk-errors.js";
import type { SdkError } from "../sdk-errors.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { KeyInput } from "../bucket-input.js";
import type { Conditions, Target } from "../target.js";
import type { Task } from "../task.js";

/** How long after the deadline of the call the key may still be deleted. */
export const CLEARING_MS = 5000;

export type Method = "put" | "delete" | "copy";

/** The service does not honour a condition. */
export function unsupported(why: string): OperationError {
  return new OperationError("ConditionsUnsupported", why);
}

/**
 * Whether a service reports that it does not implement conditions. A 304 response to a write means the same.
 */
export function isNotImplemented(error: unknown): boolean {
  const status = statusOf(error);
  return status === 501 || status === 304 || (error as Error).name === "NotImplemented";
}

/** A trial's key could not be deleted. */
export function keyLeft(key: string, failure: Failure, found?: Quoting): OperationError {
  const text = `${maybeThere(key)}, because it could not be deleted: ${said(failure)}. Delete it, and allow s3:DeleteObject under the prefix of the map, so that the library can delete such keys itself`;
  return trialFailed(
    failure,
    found === undefined ? text : `${text}. The service honours conditional writes, so you can call again`,
  );
}

/** The time of the call was up before it was known that the trial's key is gone. */
export function trialCutOff(key: string): DeadlinePassed {
  return new DeadlinePassed(maybeThere(key));
}

/**
 * Finds out whether a service honours the conditions of a method, and in which form it expects ETags. Some services
 * ignore conditions, so that every `create` would succeed. The trial writes to its own key, where nothing can be lost,
 * and deletes it at the end.
 *
 * A PUT costs 5 requests, or 7 if ETags must be bare. The source of a copy costs 4, or 6 if they must be bare. A DELETE
 * costs 3, or 5 if they must be bare, or 2 if the condition is ignored. With `record`, one HEAD more.
 *
 * @param record - remembers the result of the trial, and a key that may have been left
 */
export function tryConditions(
  method: Method,
  target: Target,
  key: string,
  task: Task,
  record?: Conditions,
): Promise<Quoting> {
  return new Trial(method, target, key, task, record).run();
}

class Trial {
  readonly #method: Method;
  readonly #target: Target;
  readonly #task: Task;
  readonly #record: Conditions | undefined;
  readonly #key: string;
  readonly #input: KeyInput;
  /** Exists once the key may have been stored. */
  readonly #doubt: Doubt;
  #isDeleted = false;
  #found: Quoting | undefined;

  constructor(method: Method, target: Target, key: string, task: Task, record: Conditions | undefined) {
    this.#method = method;
    this.#target = target;
    this.#key = key;
    this.#task = task;
    this.#doubt = new Doubt(task.doubt);
    this.#record = record;
    this.#input = keyInput(target, key);
  }

  /**
   * Runs the trial, and deletes its key whatever the result. A call whose time is up does not wait for the deletion.
   */
  run(): Promise<Quoting> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(this.#cutOff());
      this.#task.signal.addEventListener("abort", stop, { once: true });
      if (this.#task.signal.aborted) stop();
      void this.#carryOut()
        .then(resolve, reject)
        .finally(() => this.#task.signal.removeEventListener("abort", stop));
    });
  }

  async #carryOut(): Promise<Quoting> {
    let error: Error | undefined;
    try {
      this.#found = await this.#try();
    } catch (thrown) {
      error = thrown as Error;
    }
    const failure = await this.#delete();
    // Once the time is up, nothing receives this error. After a redirect to another region, the trial is repeated
    // there.
    if (error !== undefined && (this.#task.signal.aborted || otherRegion(error) !== undefined)) throw error;
    const stays = failure !== undefined || (await this.#isStillThere());
    const there = `the key ${JSON.stringify(this.#key)}, which was written to test this, is still there: delete it`;
    if (error instanceof OperationError)
      throw this.#conclude(stays ? unsupported(`${error.message}; ${there}`) : error);
    if (failure !== undefined) {
      if (this.#found !== undefined) this.#conclude(this.#found);
      throw keyLeft(this.#key, failure, this.#found);
    }
    if (stays)
      throw this.#conclude(unsupported(`the service reported a deletion that it did not make; ${there}`));
    if (error !== undefined) throw this.#notTried(error);
    return this.#conclude(this.#found!);
  }

  /** Remembers what does not change from one trial to the next. */
  #conclude<C extends Quoting | OperationError>(conclusion: C): C {
    if (this.#record !== undefined) this.#record[this.#method] = conclusion;
    return conclusion;
  }

  // A request may be carried out late, even after the response to a deletion.
  #cutOff(): Error {
    if (!this.#doubt.exists) return this.#task.signal.reason as Error;
    if (this.#found !== undefined) this.#conclude(this.#found);
    this.#record?.left.set(this.#key, "unsure");
    return trialCutOff(this.#key);
  }

  async #try(): Promise<Quoting> {
    const etag = await this.#store();
    if (this.#method === "delete")
      return quotingOf(etag, (IfMatch) => this.#deleteFails412(IfMatch), "DELETE");
    if (this.#method === "copy")
      return quotingOf(etag, (IfMatch) => fails412(this.#copy(IfMatch)), "copy's source");
    if (!(await fails412(this.#put({ IfNoneMatch: "*" }))))
      throw unsupported("the service ignores If-None-Match of a PUT");
    return quotingOf(etag, (IfMatch) => fails412(this.#put({ IfMatch })), "PUT");
  }

  /** @returns the ETag, without quotes */
  async #store(): Promise<string> {
    const { ETag = "" } = await this.#put({}, { ...this.#task, doubt: this.#doubt });
    return unquote(ETag);
  }

  async #put(
    condition: Partial<PutObjectCommandInput>,
    task = this.#task,
  ): Promise<{ ETag?: string | undefined }> {
    const command = new sdk.PutObjectCommand({ ...this.#input, Body: Buffer.alloc(0), ...condition });
    return this.#target.client.send(command, task);
  }

  // The object is copied to itself, so that one key is enough.
  async #copy(CopySourceIfMatch: string): Promise<unknown> {
    const command = new sdk.CopyObjectCommand({
      ...this.#input,
      ...sourceInput({ bucket: this.#target.settings.bucket, key: this.#key }),
      CopySourceIfMatch,
      MetadataDirective: "REPLACE",
    });
    return this.#target.client.send(command, this.#task);
  }

  async #deleteFails412(IfMatch: string): Promise<boolean> {
    const command = new sdk.DeleteObjectCommand({ ...this.#input, IfMatch });
    const deletion = this.#target.client.send(command, this.#task).catch((error: SdkError) => {
      // No other program knows the key, so an earlier attempt, whose response was lost, has deleted it.
      const wasDeleted = statusOf(error) === 404 && (error.$metadata?.attempts ?? 1) > 1;
      if (!wasDeleted) throw error;
    });
    if (await fails412(deletion)) return true;
    this.#deleted();
    return false;
  }

  #deleted(): void {
    this.#isDeleted = true;
    if (!this.#task.signal.aborted) this.#target.conditions.left.delete(this.#key);
  }

  /** Deletes the key if it may exist. @returns why it could not be deleted */
  async #delete(): Promise<Failure | undefined> {
    if (!this.#doubt.exists || this.#isDeleted) return undefined;
    try {
      const { signal } = this.#task;
      const task = { ...this.#task, signal: signal.aborted ? AbortSignal.timeout(CLEARING_MS) : signal };
      await deleteObject(this.#target, this.#key, task);
      this.#deleted();
      return undefined;
    } catch (error) {
      if (!this.#task.signal.aborted)
        this.#record?.left.set(this.#key, isAmbiguous(error as Error) ? "unsure" : "rejected");
      return toFailure(error, false);
    }
  }

  // If the HEAD fails, for example for lack of permission, the service's response to the DELETE is believed.
  async #isStillThere(): Promise<boolean> {
    if (this.#record === undefined || !this.#doubt.exists) return false;
    const command = new sdk.HeadObjectCommand(this.#input);
    return this.#target.client.send(command, this.#task).then(
      () => true,
      () => false,
    );
  }

  #notTried(error: Error): OperationError {
    const failure = toFailure(error, false);
    const since = this.#doubt.exists ? ", which has been deleted" : "";
    const key = JSON.stringify(this.#key);
    return trialFailed(
      failure,
      `conditions could not be tested with the key ${key}${since}: ${said(failure)}`,
    );
  }
}

/** The form in which a service expects ETags. It must reject a wrong ETag, and accept the right one. */
async function quotingOf(
  etag: string,
  fails412: (ifMatch: string) => Promise<boolean>,
  verb: "PUT" | "DELETE" | "copy's source",
): Promise<Quoting> {
  for (const quoting of ["quoted", "bare"] as const) {
    const wrong = randomBytes(16).toString("hex");
    if (!(await fails412(quote(wrong, quoting))))
      throw unsupported(`the service ignores If-Match of a ${verb}`);
    if (!(await fails412(quote(etag, quoting)))) return quoting;
  }
  throw unsupported(`the service rejects If-Match of a ${verb} even with the right ETag`);
}

async function fails412(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    if (statusOf(error) === 412) return true;
    throw isNotImplemented(error) ? unsupported("the service does not implement conditions") : error;
  }
}

/** The error of a trial without a result. The cause may be gone the next time. */
function trialFailed({ code, reason: _, ...details }: Failure, reason: string): OperationError {
  return new OperationError(code, reason, details);
}

function maybeThere(key: string): string {
  return `the key ${JSON.stringify(key)}, which was written to test conditions, may still be there`;
}

function said({ code, reason }: Failure): string {
  return (reason ?? code).replace(/\.$/, "");
}
