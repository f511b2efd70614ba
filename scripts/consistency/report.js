// @ts-check
// What was found, so that somebody can read it.

/** @typedef {import("./checker.js").Op} Op */

/** @param {number} ns */
const ms = (ns) => (ns === Infinity ? "never known" : (ns / 1e6).toFixed(3));
/** @param {string | null} value */
const shown = (value) => (value === null ? "absent" : value);

/** @param {Op} op */
function described(op) {
  if (op.type === "read")
    return `read ${op.is === "not" ? (op.value === null ? "there" : `other than ${shown(op.value)}`) : shown(op.value)}`;
  const what = op.to === null ? "delete" : `write ${op.to}`;
  const condition = op.from === undefined ? "" : ` if ${shown(op.from)}`;
  return `${what}${condition}${op.must ? "" : " (may have happened)"}`;
}

/** @param {Op} op @param {Op} [marked] */
function line(op, marked) {
  return `  ${op === marked || op.id === marked?.id ? ">" : " "} ${ms(op.begin).padStart(11)} to ${ms(op.end).padStart(11)}  ${op.by.padEnd(5)} ${described(op)}  [${op.via}]`;
}

/**
 * A violation with the key's history around it: the write whose value was read, and what was under way.
 *
 * @param {string} key @param {import("./checker.js").Violation} violation @param {readonly Op[]} ops
 */
function explain(key, { op, possible }, ops) {
  /** @type {Set<unknown>} */
  const values = new Set(
    [op.type === "read" ? op.value : op.from, ...possible].filter((value) => value !== null),
  );
  const before = ops
    .filter((other) => other.type === "write" && other.end < op.begin)
    .sort((a, b) => b.end - a.end);
  /** @type {Set<Op>} */
  const last = new Set(before.slice(0, 4));
  // The first of those that say that it had become so.
  for (const value of values) {
    const reads = ops.filter(
      (other) => other.type === "read" && other.is === "value" && other.value === value,
    );
    for (const read of reads
      .filter(({ begin }) => begin <= op.end)
      .sort((a, b) => a.end - b.end)
      .slice(0, 3))
      last.add(read);
  }
  // What shows in which order the writes before it came.
  const nearest = ops
    .filter((other) => other.type === "read" && other.begin <= op.end && other.end >= (before[1]?.begin ?? 0))
    .sort((a, b) => b.end - a.end);
  for (const read of nearest.slice(0, 16)) last.add(read);
  const around = ops.filter((other) => {
    const isNear = other.begin <= op.end && other.end >= op.begin;
    if (other.type === "read") return other.id === op.id || last.has(other) || (isNear && other.by === op.by);
    return (
      isNear ||
      last.has(other) ||
      values.has(other.to) ||
      (op.type === "read" && op.after?.includes(other.id))
    );
  });
  around.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const at = around.findIndex((other) => other.id === op.id);
  const window = around.slice(Math.max(0, at - 24), at + 8);
  const could = possible.slice(0, 6).map(shown).join(", ");
  return [
    `${key}: ${op.by} ${described(op)}, by ${op.via}; it could only have been: ${could}`,
    ...window.map((other) => line(other, op)),
  ].join("\n");
}

/** @param {Record<string, number>[]} counts */
function summed(counts) {
  /** @type {Record<string, number>} */
  const all = {};
  for (const one of counts)
    for (const [name, count] of Object.entries(one)) all[name] = (all[name] ?? 0) + count;
  return all;
}

/** @param {Record<string, number>} counts */
function listed(counts) {
  return (
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${count}`)
      .join(", ") || "none"
  );
}

module.exports = { explain, listed, summed };
