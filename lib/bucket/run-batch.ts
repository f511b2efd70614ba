import { failAtExit } from "../global/at-exit.js";
import { Progress } from "./bulk.js";
import { loadPipelines } from "./bucket-calls.js";
import type { BucketCalls } from "./bucket-calls.js";
import { fatalCodes } from "../errors/code-sets.js";
import type { WritePipeline } from "./write-pipeline.js";
import { isPromise } from "../arguments/kinds.js";
import { argumentError } from "../errors/errors.js";

/** Runs `fn` while the writes of a map are pipelined. See `batch` for the errors. */
export function runInBatch<T>(calls: BucketCalls, fn: () => T): T {
  calls.checkOpen("batch");
  const { WritePipeline, within } = loadPipelines();
  const batch = new WritePipeline(calls.bridge, calls.shared, calls.prefix, (key, { op, failure }) =>
    calls.error(failure, op, key),
  );
  let result: { value: T } | { thrown: unknown };
  try {
    const run = (): T => {
      try {
        return fn();
      } finally {
        // The batch stays open until then, because a callback during this wait may end the process.
        batch.finish();
      }
    };
    const value = within(batch, run, () => finishAtExit(calls, batch));
    result = isPromise(value) ? { thrown: notSynchronous() } : { value };
  } catch (thrown) {
    result = { thrown };
  }

  const failed = failureOf(calls, batch);
  if (failed === undefined) {
    if ("value" in result) return result.value;
    throw result.thrown;
  }
  if ("value" in result || batch.thrown.has(result.thrown)) throw failed;
  throw new AggregateError(
    [result.thrown, failed],
    `The function of the batch threw an error, and some of its writes failed, too: ${failed.message}`,
  );
}

// `fn` called process.exit. Its writes are still sent, and a failure changes the exit code.
function finishAtExit(calls: BucketCalls, batch: WritePipeline): void {
  batch.finish();
  const failed = failureOf(calls, batch);
  if (failed !== undefined) failAtExit("batch", failed);
}

function failureOf(calls: BucketCalls, batch: WritePipeline): Error | undefined {
  const progress = new Progress(calls, "batch", "set", "written");
  let areAllFatal = true;
  for (const [key, { op, failure }] of batch.ends) {
    if (failure === undefined) progress.succeeded(key);
    else progress.failed(key, failure, op);
    areAllFatal &&= failure !== undefined && fatalCodes.has(failure.code);
  }
  if (batch.stopped !== undefined && areAllFatal) {
    const failures = [...batch.ends.values()].map(({ failure }) => failure);
    const unsure = failures.find((failure) => failure?.mayHaveBeenApplied === true);
    return calls.error(unsure ?? batch.stopped, "batch");
  }
  return progress.error();
}

function notSynchronous(): TypeError {
  return argumentError(
    "The function of a batch returned a promise: it must be synchronous. Its writes before the first await are " +
      "stored. Later writes are not part of the batch.",
  );
}
