import { randomBytes } from "node:crypto";
import { DeleteObjectCommand, PutObjectCommand } from "./sdk.js";
import type { DeleteObjectCommandInput, PutObjectCommandInput } from "@aws-sdk/client-s3";
import { MAX_KEY_BYTES } from "../../keys.js";
import { OperationError } from "../operation-error.js";
import type { Target } from "./s3.js";

/** How a service wants an ETag in If-Match. */
export type Quoting = "quoted" | "bare";

/** What a service was seen to make of the conditions of a PUT and of a DELETE; the error says that it ignores them. */
export interface Conditions {
  put?: Quoting | OperationError;
  delete?: Quoting | OperationError;
}

/** A random end of this length is no key of anybody else's. */
const LEAST_RANDOM = 8;

/** AWS keeps to conditions, and so does the local S3; of any other service it is not known. */
export function isKnown(target: Target, hostname: string): boolean {
  return target.settings.local !== undefined || /\.amazonaws\.(com|com\.cn|eu)$/.test(hostname);
}

/** An ETag as a service wants it. */
export function quote(etag: string, quoting: Quoting): string {
  return quoting === "quoted" ? `"${etag}"` : etag;
}

export function unquote(etag: string): string {
  // A proxy that compresses makes ETags weak; S3 knows them by their strong form.
  return etag.replace(/^(?:W\/)?"(.*)"$/, "$1");
}

/**
 * Finds out whether a service keeps to the conditions of a PUT: some ignore them, and then every `create` would win.
 * It is tried on a key of its own, where nothing can be lost, which is deleted afterwards. 5 requests, or 7 where the
 * service wants ETags bare, once for each service.
 */
export async function checkPut(target: Target, key: string, signal: AbortSignal): Promise<Quoting> {
  const trial = new Trial(target, key, signal);
  return trial.run(async () => {
    const etag = await trial.put();
    if (!(await trial.refusesPut({ IfNoneMatch: "*" })))
      throw unsupported("it ignores If-None-Match of a PUT");
    for (const quoting of ["quoted", "bare"] as const) {
      if (!(await trial.refusesPut({ IfMatch: quote(wrongEtag(), quoting) }))) {
        throw unsupported("it ignores If-Match of a PUT");
      }
      if (!(await trial.refusesPut({ IfMatch: quote(etag, quoting) }))) return quoting;
    }
    throw unsupported("it refuses If-Match of a PUT with the right ETag");
  });
}

/** The same for a DELETE. 3 requests, or 4 where the service ignores If-Match or wants it bare. */
export async function checkDelete(target: Target, key: string, signal: AbortSignal): Promise<Quoting> {
  const trial = new Trial(target, key, signal);
  return trial.run(async () => {
    const etag = await trial.put();
    for (const quoting of ["quoted", "bare"] as const) {
      if (!(await trial.refusesDelete(quote(wrongEtag(), quoting)))) {
        throw unsupported(
          "it ignores If-Match of a DELETE, so update cannot delete there; delete the key by delete",
        );
      }
      if (!(await trial.refusesDelete(quote(etag, quoting)))) return quoting;
    }
    throw unsupported("it refuses If-Match of a DELETE with the right ETag; delete the key by delete");
  });
}

/** Nothing was tried: what a service keeps to is still not known. */
export class NoRoomForTrial extends OperationError {
  constructor() {
    super("ConditionsUnsupported", "the prefix is too long for a key to try conditions on");
  }
}

/** A key of the library's own, for a trial. It is under the map's own prefix, beyond which nothing may be touched. */
export function keyOfTrial(prefix: string): string {
  const room = MAX_KEY_BYTES - Buffer.byteLength(prefix);
  if (room < LEAST_RANDOM) throw new NoRoomForTrial();
  return prefix + `.s3bucketmap-check-${randomBytes(12).toString("base64url")}`.slice(-room);
}

/** A key on which to try conditions. */
class Trial {
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #input: { Bucket: string; Key: string; RequestPayer?: "requester" };
  #isThere = false;

  constructor(target: Target, key: string, signal: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
    this.#input = {
      Bucket: target.settings.bucket,
      Key: key,
      ...(target.settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
    };
  }

  /** The key does not stay, whatever the trial ends in. */
  async run<T>(trial: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await trial();
    } catch (error) {
      await this.#remove().catch(() => {}); // The first error says more.
      throw error;
    }
    await this.#remove();
    return result;
  }

  /** @returns the ETag, bare */
  async put(): Promise<string> {
    this.#isThere = true; // Perhaps, even where it fails.
    return unquote((await this.#put({})).ETag ?? "");
  }

  refusesPut(condition: Partial<PutObjectCommandInput>): Promise<boolean> {
    return this.#refuses(this.#put(condition));
  }

  async refusesDelete(etag: string): Promise<boolean> {
    const refused = await this.#refuses(this.#delete({ IfMatch: etag }));
    if (!refused) this.#isThere = false;
    return refused;
  }

  async #put(condition: Partial<PutObjectCommandInput>): Promise<{ ETag?: string | undefined }> {
    const command = new PutObjectCommand({ ...this.#input, Body: Buffer.alloc(0), ...condition });
    return this.#target.client.send(command, { abortSignal: this.#signal });
  }

  #delete(condition: Partial<DeleteObjectCommandInput>): Promise<unknown> {
    const command = new DeleteObjectCommand({ ...this.#input, ...condition });
    return this.#target.client.send(command, { abortSignal: this.#signal });
  }

  async #remove(): Promise<void> {
    if (this.#isThere) await this.#delete({});
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

function wrongEtag(): string {
  return randomBytes(16).toString("hex");
}

function unsupported(why: string): OperationError {
  return new OperationError("ConditionsUnsupported", why);
}
