import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { WRITES_NAME } from "../../bridge/protocol.js";
import type { ObjectHeaders, Verdict, Version } from "../../bridge/protocol.js";
import { OperationError } from "../failure.js";
import { checkDelete, checkPut, isKnown, quote } from "./conditions.js";
import type { Conditions, Quoting } from "./conditions.js";
import { headVersion } from "./head-object.js";
import { beforeSending, sendOnce } from "./once.js";
import { pause } from "./pause.js";
import { putCommand } from "./put-object.js";
import type { Target } from "./s3.js";
import { BadAnswer, maybeDone } from "./tries.js";
import { hasHappened, historyOf, newWriteId } from "./write-id.js";

/** What an object's user metadata may have in all. */
const MAX_METADATA_BYTES = 2048;

/**
 * How often a conditional write goes out at most, while nothing has changed. More than another request, for Ceph
 * says 500 where one of many writers at once is beaten.
 */
const MAX_SENT = 5;

/** How often it is asked what became of it, each time with the tries of any request. */
const MAX_LOOKS = 3;

/** The state that a conditional write is to replace, and where a service may be tried first. */
export interface Condition {
  /** Without an ETag: the key must be missing. */
  base: Version;
  /** The map's. */
  prefix: string;
}

/**
 * Stores an object where the key is still as `base` says. One PUT, and for each that ends without one knowing how
 * one HEAD, which decides by the write's id. Once for a service other than AWS a trial before it.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function storeIf(
  target: Target,
  key: string,
  body: string | Uint8Array,
  headers: ObjectHeaders,
  { base, prefix }: Condition,
  signal: AbortSignal,
): Promise<Verdict> {
  const id = newWriteId();
  const used = Object.entries(headers.metadata ?? {}).reduce((sum, [n, v]) => sum + n.length + v.length, 0);
  const history = historyOf(id, base, MAX_METADATA_BYTES - used);
  const marked = { ...headers, metadata: { ...headers.metadata, [WRITES_NAME]: history } };
  const send: Send = async (quoting, checked) => {
    const command = putCommand(target, key, body, marked);
    if (base.etag === undefined) command.input.IfNoneMatch = "*";
    else command.input.IfMatch = quote(base.etag, quoting);
    beforeSending(command, (hostname) => {
      if (!checked && !isKnown(target, hostname)) throw new NotKnown();
    });
    const { client } = target;
    const output = await sendOnce(command, () => client.send(command, { abortSignal: signal }));
    if (output.ETag === undefined) throw new BadAnswer("the answer has no ETag", output.$metadata);
  };
  return decide(target, key, base, signal, {
    send: () => asWanted(target, "put", () => checkPut(target, prefix, signal), send),
    // Not there any more, it may have happened before.
    happened: (now) => (now === undefined ? undefined : hasHappened(id, base, now.writes ?? [])),
  });
}

/**
 * Deletes an object where it is still as `base` says. One DELETE; otherwise as {@link storeIf}.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
export async function removeIf(
  target: Target,
  key: string,
  { base, prefix }: Condition,
  signal: AbortSignal,
): Promise<Verdict> {
  const { client, settings } = target;
  const send: Send = async (quoting, checked) => {
    const command = new DeleteObjectCommand({
      Bucket: settings.bucket,
      Key: key,
      IfMatch: quote(base.etag ?? "", quoting),
      ...(settings.requestPayer === true ? { RequestPayer: "requester" as const } : {}),
    });
    beforeSending(command, (hostname) => {
      if (!checked && !isKnown(target, hostname)) throw new NotKnown();
    });
    await sendOnce(command, () => client.send(command, { abortSignal: signal }));
  };
  return decide(target, key, base, signal, {
    send: () => asWanted(target, "delete", () => checkDelete(target, prefix, signal), send),
    // Gone is what was wanted: whether by this DELETE or by somebody else's, nobody can tell, nor needs to. Where the
    // object's history goes back to what was to be deleted, nobody has deleted it.
    happened: (now) => (now === undefined ? true : hasHappened("", base, now.writes ?? [])),
  });
}

interface Write {
  send(): Promise<void>;
  /** By how the object is now; undefined where that does not tell. */
  happened(now: Version | undefined): boolean | undefined;
}

async function decide(
  target: Target,
  key: string,
  base: Version,
  signal: AbortSignal,
  write: Write,
): Promise<Verdict> {
  let ambiguous: Error | undefined;
  for (let sent = 1; ; sent += 1) {
    let refused: Verdict | undefined;
    try {
      await write.send();
      target.bucketProved = true;
      return "done";
    } catch (error) {
      refused = verdictOf(error, base);
      if (refused === undefined) {
        if (!(error instanceof Error) || !maybeDone(error) || signal.aborted) {
          // A definite no to this sending; an earlier one may have been carried out.
          throw ambiguous ?? error;
        }
        ambiguous = error;
      } else if (ambiguous === undefined && refused !== "conflict") return refused;
    }
    if (ambiguous !== undefined) {
      let now: Version | undefined;
      try {
        now = await look(target, key, signal);
      } catch {
        throw ambiguous; // It says that the write may have happened.
      }
      const happened = write.happened(now);
      if (happened === true) return "done";
      if (!isSame(now, base)) {
        if (happened === undefined) throw ambiguous;
        return now === undefined ? "missing" : base.etag === undefined ? "exists" : "changed";
      }
    }
    // All is as it was before. To send it again is safe: should the first still arrive, one of the two is refused.
    if (sent === MAX_SENT) {
      if (ambiguous !== undefined) throw ambiguous;
      return "conflict";
    }
    await pause(Math.random() * 50 * 2 ** sent, signal);
  }
}

// All depends on this answer, so it is asked for more often than others where it is lost.
async function look(target: Target, key: string, signal: AbortSignal): Promise<Version | undefined> {
  for (let asked = 1; ; asked += 1) {
    try {
      return await headVersion(target, key, signal);
    } catch (error) {
      if (asked === MAX_LOOKS || !(error instanceof Error) || !maybeDone(error)) throw error;
    }
    await pause(Math.random() * 50 * 2 ** asked, signal);
  }
}

// The same bytes are not enough: they can have been written again, over the write in question.
function isSame(now: Version | undefined, base: Version): boolean {
  return now?.etag === base.etag && (base.writes === undefined || now?.writes?.[0] === base.writes[0]);
}

/** What S3's refusal means; undefined where it is none of the condition. */
function verdictOf(error: unknown, base: Version): Verdict | undefined {
  const { name, $metadata } = error as { name?: unknown; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (status === 412) return base.etag === undefined ? "exists" : "changed";
  // Somebody else's write or deletion of the key was under way at the same time; nothing was done.
  if (status === 409) return "conflict";
  if (status === 404 && name === "NoSuchKey" && base.etag !== undefined) return "missing";
  return undefined;
}

/** A service of which it is not known whether it keeps to conditions; nothing has been sent to it. */
class NotKnown extends Error {}

type Send = (quoting: Quoting, checked: boolean) => Promise<void>;

/** Sends as the service wants it, which it is first asked for where it is not known. */
async function asWanted(
  target: Target,
  method: keyof Conditions,
  check: () => Promise<Quoting>,
  send: Send,
): Promise<void> {
  const found = target.conditions[method];
  if (found instanceof OperationError) throw found;
  try {
    return await send(found ?? "quoted", found !== undefined);
  } catch (error) {
    if (!(error instanceof NotKnown)) throw error;
  }
  try {
    target.conditions[method] = await check();
  } catch (error) {
    // That it does not keep to them stays so; anything else may be over the next time.
    if (error instanceof OperationError) target.conditions[method] = error;
    throw error;
  }
  await asWanted(target, method, check, send);
}
