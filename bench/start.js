// How long a script lives that makes a map and never uses it, beside one that only starts Node. The two
// take turns, so that what else the machine does falls on both.
const { spawnSync } = require("node:child_process");
const path = require("node:path");

const rounds = process.argv.includes("--smoke") ? 3 : 40;
const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
const scripts = {
  "bare node": "0",
  "a map, never used": `globalThis.map = new (require(${library}).S3BucketMap)("bucket");`,
};

/** @type {Record<string, number[]>} */
const times = {};
for (let round = 0; round < rounds; round += 1) {
  for (const [name, source] of Object.entries(scripts)) {
    const started = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, ["-e", source]);
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    (times[name] ??= []).push(Number(process.hrtime.bigint() - started) / 1e6);
  }
}

const bare = median(times["bare node"] ?? []);
for (const [name, all] of Object.entries(times)) {
  const sorted = all.toSorted((a, b) => a - b);
  const spread = `${sorted[Math.floor(all.length / 10)]?.toFixed(1)}–${sorted[Math.ceil(all.length * 0.9) - 1]?.toFixed(1)}`;
  console.log(
    `${name.padEnd(20)} median ${median(all).toFixed(1)} ms (10–90 %: ${spread}), ${(median(all) / bare).toFixed(2)} × bare, ${(median(all) - bare).toFixed(1)} ms more`,
  );
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
