/**
 * @param {readonly number[]} values
 * @param {number} part - of 0 to 1: 0.5 is the median
 */
function quantile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

/** @param {readonly number[]} values */
const median = (values) => quantile(values, 0.5);

/**
 * The median, and between which values the middle half lies.
 *
 * @param {readonly number[]} values
 * @param {number} digits
 */
function spread(values, digits = 2) {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(values, part).toFixed(digits));
  return { middle: String(middle), range: `${low}–${high}` };
}

/**
 * Prints rows as a Markdown table.
 *
 * @param {string} title
 * @param {string[]} heads
 * @param {string[][]} rows
 */
function printTable(title, heads, rows) {
  const widths = heads.map((head, at) => Math.max(head.length, ...rows.map((row) => (row[at] ?? "").length)));
  const line = (/** @type {string[]} */ row) =>
    `| ${widths.map((width, at) => (row[at] ?? "").padEnd(width)).join(" | ")} |`;
  console.log(`\n### ${title}\n`);
  console.log(line(heads));
  console.log(`|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  for (const row of rows) console.log(line(row));
}

module.exports = { median, printTable, quantile, spread };
