import { wholeKey } from "../arguments/keys.js";
import type { Call, Op, Result } from "../bridge/operations.js";
import type { SourceBucket, Version } from "../bridge/protocol.js";
import type { CopyOutcome, StoredObjects } from "../map/copy-types.js";
import { copiedOnly } from "../errors/copied-only.js";
import { S3BucketMapError } from "../errors/errors.js";
import { OwnEtags } from "../errors/own-etags.js";
import { startAtCaller } from "../errors/stack.js";
import type { BucketCalls } from "./bucket-calls.js";
import { checkServiceHasVersions, checkVersioning, checkVersioningAfter } from "./versions.js";
import { areOneBucket, areOnOneService } from "./same-service.js";

/** How many times a rename that reads and writes the value starts, because the source has changed. */
const MAX_TURNS = 10;

/** The objects of a map's bucket. */
export function storedObjects(calls: BucketCalls): StoredObjects {
  const { prefix } = calls;
  const whole = (key: string): string => wholeKey(prefix, key);
  return {
    calls: () => calls,
    takesFrom: (other) => areOnOneService(calls, callsOfOther(other)),
    isSameAs: (other, under) => areOneBucket(calls, callsOfOther(other), under),
    copy(from, to, ifAbsent) {
      const call = { op: "copy", key: whole(from), to: whole(to), ifAbsent, prefix } as const;
      return writing(calls, call, [call.to], (copied) => copied === true);
    },
    copyMany(source, pairs) {
      const other = callsOfOther(source)!;
      const given = pairs.map(({ from, to }) => ({ from: wholeKey(other.prefix, from), to: whole(to) }));
      for (const { to } of given) calls.tell(to, "unsure");
      const bucket = sourceOf(calls, other);
      const outcomes = calls.call({ op: "copyMany", pairs: given, ...(bucket && { source: bucket }) });
      return outcomes.map((outcome, at): CopyOutcome => {
        const { from, to } = given[at]!;
        if ("failure" in outcome) return calls.error(outcome.failure, "copy", from);
        if (!outcome.copied) return "missing";
        calls.wrote(to, "set");
        return "copied";
      });
    },
    rename(from, to) {
      const call = { op: "rename", key: whole(from), to: whole(to), prefix } as const;
      const renamed = writing(calls, call, [call.to, call.key], (done) => done);
      if (renamed) calls.wrote(call.key, "deleted");
      return renamed;
    },
    restore(key, versionId) {
      checkServiceHasVersions(calls, "restore", whole(key));
      const call = { op: "restore", key: whole(key), versionId } as const;
      let isRestored: boolean;
      try {
        isRestored = writing(calls, call, [call.key], (done) => done);
      } catch (error) {
        checkVersioningAfter(calls, "restore", error as S3BucketMapError);
        throw error;
      }
      if (isRestored) return;
      checkVersioning(calls, "restore", call.key);
      const reason = `version ${JSON.stringify(versionId)} is not there, or is a delete marker; nothing was written`;
      throw calls.error({ code: "NoSuchVersion", reason }, "restore", call.key);
    },
    renameByValue(from, to, copy) {
      const [key, target] = [whole(from), whole(to)];
      if (!calls.call({ op: "proveRename", key, prefix }, "rename")) return false;
      const etags = new OwnEtags();
      // A proxy may have sent the last DELETE twice. Then the first one may have deleted the source.
      let mayBeGone = false;
      const isThere = (): boolean => {
        try {
          return !mayBeGone || calls.call({ op: "proveRename", key, prefix }, "rename");
        } catch {
          return false;
        }
      };
      for (let turn = 0; turn < MAX_TURNS; turn += 1) {
        let base: Version | undefined;
        try {
          base = copy();
        } catch (error) {
          throw turn === 0 ? error : halfRenamed(calls, error, key, target, isThere());
        }
        // Another program has deleted it since it was copied.
        if (base === undefined) return turn > 0;
        etags.given(base);
        calls.tell(key, "unsure");
        const call = { op: "removeCopied", key, to: target, base, prefix } as const;
        const { verdict, isUnsure } = calls.call(call, "rename");
        if (verdict === "done" || verdict === "missing") {
          calls.wrote(key, "deleted");
          return true;
        }
        mayBeGone = isUnsure === true;
        etags.refused(verdict === "conflict" ? undefined : base);
      }
      const { code, reason } = etags.failureAfter(MAX_TURNS);
      const there = isThere();
      const said = `${reason}; ${copiedOnly("it", target, there)}`;
      throw calls.error({ code, reason: said, mayHaveBeenApplied: !there }, "rename", key);
    },
  };
}

/** The calls behind the objects of another map, which may belong to another copy of the library. */
function callsOfOther(objects: StoredObjects): BucketCalls | undefined {
  return objects.calls?.() as BucketCalls | undefined;
}

/**
 * Adds to the error of a rename that an earlier copy was made. An error that a layer's function threw belongs to the
 * program. It may be frozen, or thrown again later. So it becomes the cause of another error.
 */
function halfRenamed(
  calls: BucketCalls,
  error: unknown,
  key: string,
  target: string,
  isThere: boolean,
): S3BucketMapError {
  const copied = `${copiedOnly("An earlier value", target, isThere)}.`;
  if (!(error instanceof S3BucketMapError)) {
    const said = `The layers do not accept the present value of ${JSON.stringify(key)}: see the error's cause. ${copied}`;
    const { bucket } = calls;
    return new S3BucketMapError(said, {
      code: "ValueRefused",
      operation: "rename",
      bucket,
      key: target,
      cause: error,
    });
  }
  error.message += ` ${copied}`;
  return startAtCaller(error);
}

/** Makes a call that writes, and notes what happened to the first of its keys. */
function writing<One extends Op>(
  calls: BucketCalls,
  call: Call<One>,
  keys: readonly string[],
  isDone: (result: Result<One>) => boolean,
): Result<One> {
  for (const key of keys) calls.tell(key, "unsure");
  const result = calls.call(call);
  if (isDone(result)) calls.wrote(keys[0]!, "set");
  return result;
}

/** The source's bucket, if it differs from the target's. */
function sourceOf(target: BucketCalls, source: BucketCalls): SourceBucket | undefined {
  const { bucket, region } = source.shared.settings.client;
  const own = target.shared.settings.client;
  if (bucket === own.bucket && region === own.region) return undefined;
  return region === undefined ? { bucket } : { bucket, region };
}
