import { sdk } from "../sdk.js";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { Failure } from "../../../bridge/protocol.js";
import { DeadlinePassed } from "../../deadline.js";
import { toFailure } from "../../failure.js";
import { OperationError } from "../../operation-error.js";
import { Doubt } from "../attempts/doubt.js";
import { isAmbiguous } from "../attempts/ambiguous.js";
import { deleteObject } from "../operations/delete-object.js";
import { otherRegion } from "../region.js";
import type { Quoting, Target } from "../target.js";

/** How long after the deadline of the call the key may still be deleted. */
const CLEARING_MS = 5000;

/** A trial did not come to its end. The cause may be gone the next time. */
export class TrialFailed extends OperationError {
  constructor(failure: Failure, reason: string) {
    const { code, reason: _, ...details } = failure;
    super(code, reason, details);
  }
}

/** A trial's key could not be deleted again. */
export class TrialLeft extends TrialFailed {
  /** What the trial has shown all the same. */
  readonly found: Quoting | undefined;

  constructor(key: string, failure: Failure, found: Quoting | undefined) {
    const todo =
      "Delete it, or have it deleted, and allow s3:DeleteObject under the prefix of the map, or no trial can clear up after itself";
    super(
      failure,
      `the key ${JSON.stringify(key)}, on which conditions were tried, may still be there, for it could not be deleted: ${said(failure)}. ${todo}` +
        (found === undefined ? "" : ". The service keeps to conditions: call again"),
    );
    this.found = found;
  }
}

/** The time of the call was up before a trial's key was known to be gone. */
export class TrialCutOff extends DeadlinePassed {
  /** What the trial has shown all the same. */
  readonly found: Quoting | undefined;

  constructor(key: string, found: Quoting | undefined) {
    super(`the key ${JSON.stringify(key)}, on which conditions were tried, may still be there`);
    this.found = found;
  }
}

/**
 * Deletes the keys under a prefix of which a trial could not learn whether they were deleted. One DELETE each.
 *
 * @throws TrialLeft or TrialCutOff where that is still not known
 */
export async function clearLeft(target: Target, prefix: string, signal: AbortSignal): Promise<void> {
  const { left } = target.conditions;
  for (const [key, deletion] of [...left]) {
    if (deletion !== "unsure" || !key.startsWith(prefix)) continue;
    try {
      await deleteObject(target, key, signal);
      left.delete(key);
    } catch (error) {
      if (signal.aborted) throw new TrialCutOff(key, undefined);
      if (isAmbiguous(error as Error)) throw new TrialLeft(key, toFailure(error, false), undefined);
      left.set(key, "refused");
    }
  }
}

/** The same beside a call that does not wait for it. */
export function clearLeftBeside(target: Target, prefix: string): void {
  clearLeft(target, prefix, AbortSignal.timeout(CLEARING_MS)).catch(() => {});
}

/** A key on which to try conditions. */
export class Trial {
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #looks: boolean;
  readonly #input: { Bucket: string; Key: string; RequestPayer?: "requester" };
  /** Of the first PUT: whether the key may have been stored. */
  readonly #doubt = new Doubt();
  #isDeleted = false;
  #found: Quoting | undefined;

  /** @param looks - whether the key is gone in the end, and remembers it where it is not */
  constructor(target: Target, key: string, signal: AbortSignal, looks: boolean) {
    this.#target = target;
    this.#signal = signal;
    this.#looks = looks;
    this.#input = {
      Bucket: target.settings.bucket,
      Key: key,
      ...(target.settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
    };
  }

  /**
   * Runs a trial, and deletes its key however it ends. A call whose time is up does not wait for that, nor does one
   * that comes after it.
   *
   * @throws what the trial throws, which tells of the key where that has stayed; TrialLeft, TrialCutOff
   */
  run(trial: () => Promise<Quoting>): Promise<Quoting> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(this.#cutOff());
      this.#signal.addEventListener("abort", stop, { once: true });
      if (this.#signal.aborted) stop();
      void this.#carryOut(trial)
        .then(resolve, reject)
        .finally(() => this.#signal.removeEventListener("abort", stop));
    });
  }

  async #carryOut(trial: () => Promise<Quoting>): Promise<Quoting> {
    let error: Error | undefined;
    try {
      this.#found = await trial();
    } catch (thrown) {
      error = thrown as Error;
    }
    const failure = await this.#remove();
    // What is thrown once the time is up is heard by nobody.
    if (error !== undefined && (this.#signal.aborted || otherRegion(error) !== undefined)) throw error;
    const stays = failure !== undefined || (this.#looks && this.#wasPut && (await this.#isSeen()));
    if (error instanceof OperationError)
      throw stays ? unsupported(`${error.message}; ${this.#stays}`) : error;
    if (failure !== undefined) throw new TrialLeft(this.#input.Key, failure, this.#found);
    if (stays) throw unsupported(`it does not delete what it says it has deleted; ${this.#stays}`);
    if (error !== undefined) throw this.#failed(error);
    return this.#found!;
  }

  // What was sent may be carried out later, even after a deletion that was answered.
  #cutOff(): Error {
    if (!this.#wasPut) return this.#signal.reason as Error;
    this.#remember("unsure");
    return new TrialCutOff(this.#input.Key, this.#found);
  }

  #remember(deletion: "refused" | "unsure"): void {
    if (this.#looks) this.#target.conditions.left.set(this.#input.Key, deletion);
  }

  get #wasPut(): boolean {
    return this.#doubt.exists;
  }

  /** @returns the ETag */
  async put(): Promise<string> {
    const { ETag } = await this.#doubt.during(() => this.#put({}));
    return ETag ?? "";
  }

  refusesPut(condition: Partial<PutObjectCommandInput>): Promise<boolean> {
    return this.#refuses(this.#put(condition));
  }

  async refusesDelete(etag: string): Promise<boolean> {
    const command = new sdk.DeleteObjectCommand({ ...this.#input, IfMatch: etag });
    const deletion = this.#target.client
      .send(command, { abortSignal: this.#signal })
      .catch((error: unknown) => {
        if (!wasDoneBefore(error)) throw error;
      });
    const refused = await this.#refuses(deletion);
    if (!refused) this.#deleted();
    return refused;
  }

  get #stays(): string {
    return `the key ${JSON.stringify(this.#input.Key)}, on which that was tried, is still there: delete it`;
  }

  async #put(condition: Partial<PutObjectCommandInput>): Promise<{ ETag?: string | undefined }> {
    const command = new sdk.PutObjectCommand({ ...this.#input, Body: Buffer.alloc(0), ...condition });
    return this.#target.client.send(command, { abortSignal: this.#signal });
  }

  #deleted(): void {
    this.#isDeleted = true;
    if (!this.#signal.aborted) this.#target.conditions.left.delete(this.#input.Key);
  }

  /** @returns why it could not be done */
  async #remove(): Promise<Failure | undefined> {
    if (!this.#wasPut || this.#isDeleted) return undefined;
    try {
      const signal = this.#signal.aborted ? AbortSignal.timeout(CLEARING_MS) : this.#signal;
      await deleteObject(this.#target, this.#input.Key, signal);
      this.#deleted();
      return undefined;
    } catch (error) {
      if (!this.#signal.aborted) this.#remember(isAmbiguous(error as Error) ? "unsure" : "refused");
      return toFailure(error, false);
    }
  }

  // Who may not look must believe the service.
  async #isSeen(): Promise<boolean> {
    try {
      const command = new sdk.HeadObjectCommand(this.#input);
      await this.#target.client.send(command, { abortSignal: this.#signal });
      return true;
    } catch {
      return false;
    }
  }

  #failed(error: unknown): TrialFailed {
    const failure = toFailure(error, false);
    const key = JSON.stringify(this.#input.Key);
    const since = this.#wasPut ? ", which has been deleted" : "";
    return new TrialFailed(
      failure,
      `conditions could not be tried on the key ${key}${since}: ${said(failure)}`,
    );
  }

  async #refuses(request: Promise<unknown>): Promise<boolean> {
    try {
      await request;
      return false;
    } catch (error) {
      const { $metadata, name } = error as { $metadata?: { httpStatusCode?: number }; name: string };
      const status = $metadata?.httpStatusCode;
      if (status === 412) return true;
      // "A header you provided implies functionality that is not implemented."; 304 is for reads.
      if (status === 501 || status === 304 || name === "NotImplemented")
        throw unsupported("it does not implement conditions");
      throw error;
    }
  }
}

// Nobody else knows the key: a try whose answer was lost has deleted it.
function wasDoneBefore(error: unknown): boolean {
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number; attempts?: number } };
  return $metadata?.httpStatusCode === 404 && ($metadata.attempts ?? 1) > 1;
}

/** What a service does not keep to. */
export function unsupported(why: string): OperationError {
  return new OperationError("ConditionsUnsupported", why);
}

function said({ code, reason }: Failure): string {
  return (reason ?? code).replace(/\.$/, "");
}
