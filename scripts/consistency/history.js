// @ts-check
// From what the threads wrote down to the histories of the keys.
const fs = require("node:fs");
const { etagOf } = require("./values.js");

/** A request is tried three times. */
const MOST_TIMES = 3;

/** @typedef {import("./checker.js").Op} Op */
/** @typedef {{ at: number, method: string, key: string | undefined }} Reset of the answer to a request, for a key or for many */

/** @param {readonly string[]} files */
function load(files) {
  /** @type {{ calls: Record<string, number>, errors: Record<string, number>, unexpected: string[], unsure: number }[]} */
  const summaries = [];
  /** @type {any[]} */
  const records = [];
  for (const file of files) {
    const [summary, ...rest] = fs.readFileSync(file, "utf8").split("\n");
    summaries.push(JSON.parse(String(summary)));
    for (const line of rest) records.push(JSON.parse(line));
  }
  return { summaries, records };
}

/**
 * @param {readonly any[]} records @param {readonly Reset[]} resets
 * @param {boolean} mayDrop Ceph says that it stored or deleted where another write of the key was quicker at the same
 * time, and keeps that one: even one whose condition would not have held afterwards
 * @returns {Map<string, Op[]>}
 */
function histories(records, resets, mayDrop) {
  /** @type {Map<string, any[]>} */
  const byKey = new Map();
  for (const record of records) {
    const all = byKey.get(record.key) ?? [];
    byKey.set(record.key, all);
    all.push(record);
  }
  return new Map([...byKey].map(([key, all]) => [key, historyOf(key, all, resets, mayDrop)]));
}

/** @param {string} key @param {readonly any[]} records @param {readonly Reset[]} resets @param {boolean} mayDrop @returns {Op[]} */
function historyOf(key, records, resets, mayDrop) {
  const space = key.slice(0, key.indexOf("/"));
  /** @type {Map<string, string>} */
  const byEtag = new Map();
  for (const { type, to } of records) if (type === "write" && to !== null) byEtag.set(etagOf(space, to), to);
  /** @param {string} etag */
  const valueOf = (etag) => byEtag.get(etag) ?? `the unknown ETag ${etag}`;
  const ofKey = resets.filter((reset) => reset.key === undefined || reset.key === key);
  return records.flatMap((/** @type {any} */ record) => {
    const op = { ...record, end: record.end ?? Infinity };
    if (op.is === "etag") return [{ ...op, is: "value", value: valueOf(op.value) }];
    if (op.is === "not etag") return [{ ...op, is: "not", value: valueOf(op.value) }];
    if (op.fromEtag !== undefined) op.from = valueOf(op.fromEtag);
    if (op.type === "read" || !op.plain) return [op];
    if (mayDrop && records.some((other) => isBeside(other, op))) op.must = false;
    // The SDK makes a plain write again when its answer was lost.
    const lost = ofKey.filter(({ at, method }) => at >= op.begin && at <= op.end && fits(op, method)).length;
    const times = Math.min(MOST_TIMES, 1 + lost);
    const again = Array.from({ length: times - 1 }, (_, at) => ({
      ...op,
      id: `${op.id} again ${at + 1}`,
      must: false,
    }));
    return [op, ...again];
  });
}

/** Whether a write on a condition was under way at the same time. @param {any} other @param {any} op */
function isBeside(other, op) {
  const isConditional = other.type === "write" && (other.from !== undefined || other.fromEtag !== undefined);
  return isConditional && other.begin <= op.end && op.begin <= (other.end ?? Infinity);
}

/** @param {any} op @param {string} method */
function fits({ to }, method) {
  return to === null ? method !== "PUT" : method === "PUT";
}

module.exports = { histories, load };
