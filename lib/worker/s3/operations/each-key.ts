import type { Failure, KeyFailure } from "../../../bridge/protocol.js";
import { fatalCodes } from "../../../errors/codes.js";
import { toFailure } from "../../failure.js";
import { DeadlinePassed } from "../../deadline.js";
import { Doubt } from "../attempts/doubt.js";

type Outcome<T> = { value: T } | { failure: Failure };

/**
 * Runs an operation for each of many, so many at a time, and says of each how it ended, in their order.
 * When the deadline passes, what is under way may still happen, and the rest is not begun. Where one shows that all must
 * fail, the rest is not begun either; if indeed all did, its error is thrown instead. What is under way has ended by then:
 * a write must not happen after the call.
 */
export async function forEachOf<Item, T>(
  items: readonly Item[],
  atOnce: number,
  signal: AbortSignal,
  operation: (item: Item) => Promise<T>,
): Promise<Outcome<T>[]> {
  const outcomes = new Array<Outcome<T>>(items.length);
  let next = 0;
  let stop: Failure | undefined;
  let fatalError: Error | undefined;

  let pass: () => void = () => {};
  const passed = new Promise<never>((_resolve, reject) => {
    pass = () => reject(new DeadlinePassed());
    signal.addEventListener("abort", pass, { once: true });
  });
  passed.catch(() => {}); // It is only looked at where it is raced.

  const run = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      if (stop !== undefined || signal.aborted) {
        outcomes[at] = { failure: stop ?? { code: "TimedOut" } };
        continue;
      }
      const doubt = new Doubt();
      try {
        outcomes[at] = { value: await Promise.race([doubt.during(() => operation(items[at]!)), passed]) };
      } catch (error) {
        const failure = toFailure(error, doubt.exists);
        outcomes[at] = { failure };
        if (!fatalCodes.has(failure.code)) continue;
        // Of the others nothing is sent.
        stop ??= { ...failure, mayHaveBeenApplied: false };
        fatalError ??= error as Error;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run));
  } finally {
    signal.removeEventListener("abort", pass);
  }
  const areAllFatal = outcomes.every((one) => "failure" in one && fatalCodes.has(one.failure.code));
  if (fatalError !== undefined && areAllFatal) throw fatalError;
  return outcomes;
}

/** The keys whose operations failed, out of the outcomes in the order of the keys. */
export function failuresOf(keys: readonly string[], outcomes: readonly Outcome<unknown>[]): KeyFailure[] {
  return outcomes.flatMap((outcome, at) =>
    "failure" in outcome ? [{ key: keys[at]!, failure: outcome.failure }] : [],
  );
}
