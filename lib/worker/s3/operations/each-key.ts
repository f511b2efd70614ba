import type { Failure, KeyFailure } from "../../../bridge/protocol.js";
import { fatalCodes } from "../../../errors/code-sets.js";
import { toFailure } from "../../failure.js";
import { DeadlinePassed } from "../../deadline.js";
import { Doubt } from "../attempts/doubt.js";
import type { Task } from "../task.js";

type Outcome<T> = { value: T } | { failure: Failure };

/**
 * Runs an operation for each item, `atOnce` at a time, and resolves with their outcomes in order. When the deadline
 * passes, operations in flight may still be carried out, and no others are started. If one failure shows that all
 * operations must fail, no others are started either. The call still waits for operations in flight, because no write
 * may happen after it has returned. If all operations have failed with such errors, the first error is thrown.
 */
export async function forEachOf<Item, T>(
  items: readonly Item[],
  atOnce: number,
  task: Task,
  operation: (item: Item, task: Task) => Promise<T>,
): Promise<Outcome<T>[]> {
  const outcomes = new Array<Outcome<T>>(items.length);
  let next = 0;
  let stop: Failure | undefined;
  let fatalError: Error | undefined;

  let pass: () => void = () => {};
  const passed = new Promise<never>((_resolve, reject) => {
    pass = () => reject(new DeadlinePassed());
    task.signal.addEventListener("abort", pass, { once: true });
  });
  passed.catch(() => {}); // Prevents an unhandled rejection if nothing is racing this promise.

  const run = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      if (stop !== undefined || task.signal.aborted) {
        outcomes[at] = { failure: stop ?? { code: "TimedOut" } };
        continue;
      }
      const doubt = new Doubt(task.doubt);
      try {
        outcomes[at] = { value: await Promise.race([operation(items[at]!, { ...task, doubt }), passed]) };
      } catch (error) {
        const failure = toFailure(error, doubt.exists);
        outcomes[at] = { failure };
        if (!fatalCodes.has(failure.code)) continue;
        // Nothing is sent for the other items.
        stop ??= { ...failure, mayHaveBeenApplied: false };
        fatalError ??= error as Error;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run));
  } finally {
    task.signal.removeEventListener("abort", pass);
  }
  const areAllFatal = outcomes.every((one) => "failure" in one && fatalCodes.has(one.failure.code));
  if (fatalError !== undefined && areAllFatal) throw fatalError;
  return outcomes;
}

/** The keys whose operations failed. */
export function failuresOf(keys: readonly string[], outcomes: readonly Outcome<unknown>[]): KeyFailure[] {
  return outcomes.flatMap((outcome, at) =>
    "failure" in outcome ? [{ key: keys[at]!, failure: outcome.failure }] : [],
  );
}
