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

/** How long after the deadline of the call the key may still be deleted. */
export const CLEARING_MS = 5000;

export type Method = "put" | "delete" | "copy";

/** What a service does not keep to. */
export function unsupported(why: string): OperationError {
  return new OperationError("ConditionsUnsupported", why);
}

/** Whether a service answers that it does not know conditions; a 304 is an answer to a read. */
export function isNotImplemented(error: unknown): boolean {
  const status = statusOf(error);
  return status === 501 || status === 304 || (error as Error).name === "NotImplemented";
}

/** A trial's key could not be deleted. */
export function keyLeft(key: string, failure: Failure, found?: Quoting): OperationError {
  const text = `${maybeThere(key)}, for it could not be deleted: ${said(failure)}. Delete it, or have it deleted, and allow s3:DeleteObject under the prefix of the map, or no trial can clear up after itself`;
  return trialFailed(
    failure,
    found === undefined ? text : `${text}. The service honours conditional writes: call again`,
  );
}

/** The call's time was up before the trial's key was known to be gone. */
export function trialCutOff(key: string): DeadlinePassed {
  return new DeadlinePassed(maybeThere(key));
}

/**
 * Finds out whether a service keeps to the conditions of a method, and how it wants ETags. Some services ignore conditions:
 * then each `create` would succeed. The trial needs a key of its own, where nothing can be lost, and deletes it in the end.
 *
 * For a PUT 5 requests, or 7 if ETags must be bare. For the source of a copy 3, or 5. For a DELETE 3, or 5 if they must
 * be bare, or 2 if the condition is ignored. With `record`, one HEAD more.
 *
 * @param record - remembers what the trial shows; a key that may have been left is then remembered, too
 */
export function tryConditions(
  method: Method,
  target: Target,
  key: string,
  signal: AbortSignal,
  record?: Conditions,
): Promise<Quoting> {
  return new Trial(method, target, key, signal, record).run();
}

class Trial {
  readonly #method: Method;
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #record: Conditions | undefined;
  readonly #key: string;
  readonly #input: KeyInput;
  /** Exists once the key may have been stored. */
  readonly #doubt = new Doubt();
  #isDeleted = false;
  #found: Quoting | undefined;

  constructor(
    method: Method,
    target: Target,
    key: string,
    signal: AbortSignal,
    record: Conditions | undefined,
  ) {
    this.#method = method;
    this.#target = target;
    this.#key = key;
    this.#signal = signal;
    this.#record = record;
    this.#input = keyInput(target, key);
  }

  /** Runs the trial, and deletes its key however it ends. A call whose time is up does not wait for the deletion. */
  run(): Promise<Quoting> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(this.#cutOff());
      this.#signal.addEventListener("abort", stop, { once: true });
      if (this.#signal.aborted) stop();
      void this.#carryOut()
        .then(resolve, reject)
        .finally(() => this.#signal.removeEventListener("abort", stop));
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
    // Once the time is up nobody hears what is thrown. A redirect to another region is followed, and the trial repeated.
    if (error !== undefined && (this.#signal.aborted || otherRegion(error) !== undefined)) throw error;
    const stays = failure !== undefined || (await this.#isStillThere());
    const there = `the key ${JSON.stringify(this.#key)}, on which that was tried, is still there: delete it`;
    if (error instanceof OperationError)
      throw this.#conclude(stays ? unsupported(`${error.message}; ${there}`) : error);
    if (failure !== undefined) {
      if (this.#found !== undefined) this.#conclude(this.#found);
      throw keyLeft(this.#key, failure, this.#found);
    }
    if (stays) throw this.#conclude(unsupported(`it does not delete what it says it has deleted; ${there}`));
    if (error !== undefined) throw this.#notTried(error);
    return this.#conclude(this.#found!);
  }

  /** Remembers what does not change from one trial to the next. */
  #conclude<C extends Quoting | OperationError>(conclusion: C): C {
    if (this.#record !== undefined) this.#record[this.#method] = conclusion;
    return conclusion;
  }

  // A request may be carried out late, even after a deletion that was answered.
  #cutOff(): Error {
    if (!this.#doubt.exists) return this.#signal.reason as Error;
    if (this.#found !== undefined) this.#conclude(this.#found);
    this.#record?.left.set(this.#key, "unsure");
    return trialCutOff(this.#key);
  }

  async #try(): Promise<Quoting> {
    const etag = await this.#store();
    if (this.#method === "delete")
      return quotingOf(etag, (IfMatch) => this.#refusesDelete(IfMatch), "DELETE");
    if (this.#method === "copy")
      return quotingOf(etag, (IfMatch) => refused(this.#copy(IfMatch)), "copy's source");
    if (!(await refused(this.#put({ IfNoneMatch: "*" }))))
      throw unsupported("it ignores If-None-Match of a PUT");
    return quotingOf(etag, (IfMatch) => refused(this.#put({ IfMatch })), "PUT");
  }

  /** @returns the ETag, without quotes */
  async #store(): Promise<string> {
    const { ETag = "" } = await this.#doubt.during(() => this.#put({}));
    return unquote(ETag);
  }

  async #put(condition: Partial<PutObjectCommandInput>): Promise<{ ETag?: string | undefined }> {
    const command = new sdk.PutObjectCommand({ ...this.#input, Body: Buffer.alloc(0), ...condition });
    return this.#target.client.send(command, { abortSignal: this.#signal });
  }

  // To itself, so that one key is enough.
  async #copy(CopySourceIfMatch: string): Promise<unknown> {
    const command = new sdk.CopyObjectCommand({
      ...this.#input,
      ...sourceInput({ bucket: this.#target.settings.bucket, key: this.#key }),
      CopySourceIfMatch,
      MetadataDirective: "REPLACE",
    });
    return this.#target.client.send(command, { abortSignal: this.#signal });
  }

  async #refusesDelete(IfMatch: string): Promise<boolean> {
    const command = new sdk.DeleteObjectCommand({ ...this.#input, IfMatch });
    const deletion = this.#target.client
      .send(command, { abortSignal: this.#signal })
      .catch((error: SdkError) => {
        // Nobody else knows the key: an earlier try, whose answer was lost, has deleted it.
        const wasDeleted = statusOf(error) === 404 && (error.$metadata?.attempts ?? 1) > 1;
        if (!wasDeleted) throw error;
      });
    if (await refused(deletion)) return true;
    this.#deleted();
    return false;
  }

  #deleted(): void {
    this.#isDeleted = true;
    if (!this.#signal.aborted) this.#target.conditions.left.delete(this.#key);
  }

  /** Deletes the key if need be. @returns why it could not be deleted */
  async #delete(): Promise<Failure | undefined> {
    if (!this.#doubt.exists || this.#isDeleted) return undefined;
    try {
      const signal = this.#signal.aborted ? AbortSignal.timeout(CLEARING_MS) : this.#signal;
      await deleteObject(this.#target, this.#key, signal);
      this.#deleted();
      return undefined;
    } catch (error) {
      if (!this.#signal.aborted)
        this.#record?.left.set(this.#key, isAmbiguous(error as Error) ? "unsure" : "refused");
      return toFailure(error, false);
    }
  }

  // Without the permission to look, the service has to be believed.
  async #isStillThere(): Promise<boolean> {
    if (this.#record === undefined || !this.#doubt.exists) return false;
    const command = new sdk.HeadObjectCommand(this.#input);
    return this.#target.client.send(command, { abortSignal: this.#signal }).then(
      () => true,
      () => false,
    );
  }

  #notTried(error: Error): OperationError {
    const failure = toFailure(error, false);
    const since = this.#doubt.exists ? ", which has been deleted" : "";
    const key = JSON.stringify(this.#key);
    return trialFailed(failure, `conditions could not be tried on the key ${key}${since}: ${said(failure)}`);
  }
}

/** How a service wants ETags: it must refuse a wrong one, and take the right one. */
async function quotingOf(
  etag: string,
  refuses: (ifMatch: string) => Promise<boolean>,
  verb: "PUT" | "DELETE" | "copy's source",
): Promise<Quoting> {
  for (const quoting of ["quoted", "bare"] as const) {
    const wrong = randomBytes(16).toString("hex");
    if (!(await refuses(quote(wrong, quoting)))) throw unsupported(`it ignores If-Match of a ${verb}`);
    if (!(await refuses(quote(etag, quoting)))) return quoting;
  }
  throw unsupported(`it refuses If-Match of a ${verb} with the right ETag`);
}

async function refused(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return false;
  } catch (error) {
    if (statusOf(error) === 412) return true;
    throw isNotImplemented(error) ? unsupported("it does not implement conditions") : error;
  }
}

/** A trial that showed nothing. The cause may be gone the next time. */
function trialFailed({ code, reason: _, ...details }: Failure, reason: string): OperationError {
  return new OperationError(code, reason, details);
}

function maybeThere(key: string): string {
  return `the key ${JSON.stringify(key)}, on which conditions were tried, may still be there`;
}

function said({ code, reason }: Failure): string {
  return (reason ?? code).replace(/\.$/, "");
}
