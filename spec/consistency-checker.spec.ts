import { check } from "../scripts/consistency/checker.js";
import type { Op, Read, Write } from "../scripts/consistency/checker.js";

let ids = 0;
const span = (begin: number, end: number) => ({ id: `op ${(ids += 1)}`, by: "one", via: "", begin, end });
const write = (to: string | null, begin: number, end: number, how: Partial<Write> = {}): Write => ({
  ...span(begin, end),
  type: "write",
  to,
  must: true,
  ...how,
});
const read = (value: string | null, begin: number, end: number, how: Partial<Read> = {}): Read => ({
  ...span(begin, end),
  type: "read",
  is: "value",
  value,
  ...how,
});
const there = (begin: number, end: number): Read => read(null, begin, end, { is: "not" });
const again = { must: false } as const;

const good: Record<string, Op[]> = {
  "a read of what was there before it began": [write("a", 0, 1), read("a", 2, 3)],
  "either value while a write is under way": [
    write("a", 0, 1),
    write("b", 2, 9),
    read("a", 3, 4),
    read("b", 5, 6),
  ],
  "a prefetched value of before a write": [write("a", 0, 1), write("b", 4, 5), read("a", 2, 8)],
  "a value that is there while a write of unknown outcome may happen": [
    write("a", 0, 1),
    write("b", 2, Infinity, again),
    read("a", 3, 4),
    read("b", 5, 6),
    read("b", 7, 8),
  ],
  "a plain write that took effect twice": [
    write("a", 0, 9),
    write("a", 0, 9, again),
    write("b", 2, 3),
    read("a", 0, 1),
    read("b", 4, 5),
    read("a", 8, 9),
  ],
  "an update of what it read": [write("a", 0, 1), write("b", 2, 3, { from: "a" }), read("b", 4, 5)],
  "a create after a delete": [
    write("a", 0, 1),
    write(null, 2, 3),
    write("b", 2, 5, { from: null }),
    there(6, 7),
  ],
  "a key that is listed or omitted while it is deleted": [
    write("a", 0, 1),
    write(null, 2, 9),
    there(3, 4),
    read(null, 5, 6),
  ],
  "a clear of what was absent before": [
    write(null, 0, 9, again),
    read(null, 0, 9),
    write("a", 3, 4),
    read("a", 10, 11),
  ],
};

const bad: Record<string, Op[]> = {
  "a stale read": [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)],
  "an old value after a new one": [write("a", 0, 1), write("b", 2, 9), read("b", 3, 4), read("a", 5, 6)],
  "a lost update": [write("a", 0, 1), write("b", 2, 5, { from: "a" }), write("c", 2, 5, { from: "a" })],
  "an update that was applied twice": [
    write("a", 0, 1),
    write("b", 2, 3, { from: "a" }),
    write("c", 4, 5),
    read("b", 6, 7),
  ],
  "two creates that won": [write("a", 0, 5, { from: null }), write("b", 0, 5, { from: null })],
  "a deleted value that is there again": [write("a", 0, 1), write(null, 2, 3), read("a", 4, 5)],
  "a value that was never written": [write("a", 0, 1), read("x", 2, 3)],
  "a key that a listing omits": [write("a", 0, 1), read(null, 2, 3), read("a", 4, 5)],
  "a key that is found after it was deleted": [write("a", 0, 1), write(null, 2, 3), there(4, 5)],
  "an acknowledged write that did not happen": [write("a", 0, 1), write("b", 2, 3), read("a", 9, 10)],
  "a plain write that took effect twice without a reason": [
    write("a", 0, 9),
    write("b", 2, 3),
    read("a", 0, 1),
    read("b", 4, 5),
    read("a", 8, 9),
  ],
  "a read of one's own write that gives what was there before": (() => {
    const own = write("b", 2, 9);
    return [write("a", 0, 1), own, read("a", 3, 4, { after: [own.id] })];
  })(),
  "two writes to one key in the wrong order": (() => {
    const second = write("b", 1, 9);
    return [write("a", 0, 9, { unless: [second.id] }), second, read("a", 10, 11)];
  })(),
  "a write that is refused although the key had that ETag": [
    write("a", 0, 1),
    read("a", 2, 3, { is: "not" }),
  ],
};

/** Whether any order of all that happened, each at a moment within its interval, explains every read: by trying them all. */
function isExplained(ops: readonly Op[]): boolean {
  const step = (left: readonly Op[], value: string | null, now: number): boolean => {
    if (!left.some((op) => op.type === "read" || op.must)) return true;
    return left.some((op) => {
      const at = Math.max(now, op.begin);
      const rest = left.filter((other) => other !== op);
      if (at > op.end || rest.some((other) => (other.type === "read" || other.must) && other.end < at))
        return false;
      if (op.type === "write") return (op.from === undefined || op.from === value) && step(rest, op.to, at);
      return (op.is === "value") === (op.value === value) && step(rest, value, at);
    });
  };
  return step(ops, null, 0);
}

/** mulberry32 */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe("check()", () => {
  it.each(Object.entries(good))("allows %s", (_, ops) => {
    expect(check(ops)).toEqual({ violations: [], undecided: false });
  });

  it.each(Object.entries(bad))("finds %s", (_, ops) => {
    expect(check(ops).violations).not.toHaveLength(0);
  });

  it("says what else the key can have been", () => {
    const stale = read("a", 4, 5);
    const { violations } = check([write("a", 0, 1), write("b", 2, 3), stale]);
    expect(violations).toEqual([{ op: stale, possible: ["b"] }]);
  });

  it("agrees with a trial of all orders", () => {
    const below = generator(14);
    const outcomes = { explained: 0, not: 0 };
    for (let turn = 0; turn < 1500; turn += 1) {
      const values = [null, "a", "b", "c"];
      const ops = Array.from({ length: 2 + below(5) }, (): Op => {
        const begin = below(20);
        const end = below(8) === 0 ? Infinity : begin + 1 + below(12);
        const value = values[below(4)]!;
        if (below(2) === 0)
          return read(value, begin, begin + 1 + below(12), below(4) === 0 ? { is: "not" } : {});
        const from = below(3) === 0 ? { from: values[below(4)]! } : {};
        return write(value, begin, end, { must: end !== Infinity && below(4) > 0, ...from });
      });
      const isRight = isExplained(ops);
      outcomes[isRight ? "explained" : "not"] += 1;
      expect({ ops, isRight: check(ops).violations.length === 0 }).toEqual({ ops, isRight });
    }
    expect(Math.min(outcomes.explained, outcomes.not)).toBeGreaterThan(150);
  });
});
