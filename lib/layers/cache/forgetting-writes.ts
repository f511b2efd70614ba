import type { BackgroundWrites, Prepared, Sending } from "../../map/internals.js";

/** A base's writes, of which a cache forgets the keys: when they are sent, and when they are done or have failed. */
export function forgettingWrites<V>(
  base: BackgroundWrites<V>,
  forget: (wholeKey: string) => void,
): BackgroundWrites<V> {
  const forgetAll = (writes: readonly Prepared<unknown>[]): void => {
    for (const { key } of writes) forget(key);
  };
  return {
    prepare: (key, value, options) => base.prepare(key, value, options),
    prepareDeletion: (key) => base.prepareDeletion(key),
    send: (writes) => {
      forgetAll(writes);
      const sending = base.send(writes);
      const finish = (): ReturnType<Sending["finish"]> => {
        try {
          return sending.finish();
        } finally {
          forgetAll(writes);
        }
      };
      return { isDone: () => sending.isDone(), finish };
    },
  };
}
