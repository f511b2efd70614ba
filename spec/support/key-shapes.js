// @ts-check
// Keys as buckets have them, in S3's order; the same ones each time. Plain JavaScript, since benches use them, too.
const { createHash } = require("node:crypto");

const hash = (/** @type {number} */ number) => createHash("md5").update(String(number)).digest("hex");

/** @param {number} number */
function uuid(number) {
  const h = hash(number);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
}

// Latin, Greek, kana, CJK and emoji, in names of different lengths.
/** @param {number} number */
function unicodeName(number) {
  const h = hash(number);
  const ranges = [
    [0x61, 26],
    [0xe0, 30],
    [0x3b1, 24],
    [0x3042, 80],
    [0x4e00, 20_000],
    [0x1f300, 500],
  ];
  let name = "";
  for (let at = 0; at < 4; at += 1) {
    const [first = 0, count = 1] = ranges[parseInt(h.slice(at * 8, at * 8 + 2), 16) % ranges.length] ?? [];
    name += String.fromCodePoint(first + (parseInt(h.slice(at * 8 + 2, at * 8 + 7), 16) % count));
  }
  return `${name} ${number}`;
}

/** @type {Record<string, (number: number, count: number) => string>} */
const shapes = {
  uuid,
  "zero-padded numbers": (number) => `key ${String(number).padStart(10, "0")}`,
  "a dense prefix with a long tail": (number, count) =>
    number < count * 0.9
      ? `logs/2026/03/01/part-${String(number).padStart(8, "0")}.json`
      : `${hash(number).slice(0, 3)}/${uuid(number)}`,
  unicode: unicodeName,
};

/**
 * @param {string} shape
 * @param {number} count
 */
function keysOfShape(shape, count) {
  const nameOf = shapes[shape];
  if (nameOf === undefined) throw new Error(`no such shape: ${shape}`);
  return Array.from({ length: count }, (_, number) => nameOf(number, count)).sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

module.exports = { keysOfShape, shapes: Object.keys(shapes) };
