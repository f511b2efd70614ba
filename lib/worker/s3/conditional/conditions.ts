import { randomBytes } from "node:crypto";
import { MAX_KEY_BYTES } from "../../../arguments/keys.js";
import { OperationError } from "../../operation-error.js";
import { isAws } from "../direct/predicted-route.js";
import { Trial, unsupported } from "./trial.js";
import type { Quoting, Target } from "../target.js";

/** A random end of this length is no key of anybody else's. */
const LEAST_RANDOM = 8;

/** AWS keeps to conditions, and so does the local S3; of any other service it is not known. */
export function isKnown(target: Target, hostname: string): boolean {
  return target.settings.local !== undefined || isAws(hostname);
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
 * service wants ETags bare, once for each service; and one HEAD where it `looks` whether the key is gone.
 */
export async function checkPut(
  target: Target,
  key: string,
  signal: AbortSignal,
  looks: boolean,
): Promise<Quoting> {
  const trial = new Trial(target, key, signal, looks);
  return trial.run(async () => {
    const etag = unquote(await trial.put());
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

/** The same for a DELETE. 3 requests, or 5 where the service wants ETags bare, or 2 where it ignores them; and the HEAD. */
export async function checkDelete(
  target: Target,
  key: string,
  signal: AbortSignal,
  looks: boolean,
): Promise<Quoting> {
  const trial = new Trial(target, key, signal, looks);
  return trial.run(async () => {
    const etag = unquote(await trial.put());
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
export function keyOfTrial({ conditions }: Target, prefix: string): string {
  // Repeated trials under one prefix leave no second key. A deletion that may still come would spoil another trial.
  for (const [key, deletion] of conditions.left)
    if (deletion === "refused" && key.startsWith(prefix)) return key;
  const room = MAX_KEY_BYTES - Buffer.byteLength(prefix);
  if (room < LEAST_RANDOM) throw new NoRoomForTrial();
  return prefix + `.s3bucketmap-check-${randomBytes(12).toString("base64url")}`.slice(-room);
}

function wrongEtag(): string {
  return randomBytes(16).toString("hex");
}
