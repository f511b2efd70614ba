// @ts-check
// Faults put into a history in which there are none: a check that does not find each of them is worth nothing.

/** @typedef {import("./checker.js").Op} Op */
/** @typedef {import("./checker.js").Write} Write */

/**
 * Each makes of a history one that no order explains, or gives undefined where it does not have what that takes.
 *
 * @type {Record<string, (ops: readonly Op[]) => Op[] | undefined>}
 */
const lies = {
  // A read gives what had been overwritten before it began.
  stale(ops) {
    const two = successive(ops);
    const read =
      two &&
      ops.find(
        (op) => op.type === "read" && op.is === "value" && op.begin > two[1].end && op.value !== two[0].to,
      );
    return read && replaced(ops, read, { ...read, type: "read", is: "value", value: two[0].to });
  },
  // Two updates that had read the same value were both acknowledged.
  lost(ops) {
    const update = ops.find((op) => op.type === "write" && op.must && typeof op.from === "string");
    return update && [...ops, { .../** @type {Write} */ (update), id: "lie", to: "lie" }];
  },
  // A value is there again after another one had taken its place: its write took effect twice.
  twice(ops) {
    const two = successive(ops);
    return two && [...ops, read(two[0].to, two[1].end + 1)];
  },
  // A listing omits a key that was there before and after.
  omitted(ops) {
    const write = certain(ops).find(({ to, begin, end }) => to !== null && quietAfter(ops, begin, end));
    return write && [...ops, read(null, write.end + 1)];
  },
};

/** @param {string | null} value @param {number} begin @returns {Op} */
function read(value, begin) {
  return { type: "read", id: "lie", is: "value", value, by: "lie", via: "lie", begin, end: begin + 1 };
}

/** Acknowledged, and made only once. @param {readonly Op[]} ops @returns {Write[]} */
function certain(ops) {
  const writes = /** @type {Write[]} */ (ops.filter((op) => op.type === "write"));
  return writes.filter(({ id, must }) => must && !writes.some((other) => other.id.startsWith(`${id} again`)));
}

/** A value that was written, and another that surely took its place. @param {readonly Op[]} ops */
function successive(ops) {
  const writes = certain(ops);
  for (const first of writes) {
    const second = first.to === null ? undefined : writes.find(({ begin }) => begin > first.end);
    if (second !== undefined) return /** @type {const} */ ([first, second]);
  }
  return undefined;
}

/** No other write is under way from a write on until just after it. @param {readonly Op[]} ops @param {number} begin @param {number} end */
function quietAfter(ops, begin, end) {
  return ops.filter((op) => op.type === "write" && op.begin <= end + 2 && op.end >= begin).length === 1;
}

/** @param {readonly Op[]} ops @param {Op} old @param {Op} by @returns {Op[]} */
const replaced = (ops, old, by) => ops.map((op) => (op === old ? by : op));

module.exports = { lies };
