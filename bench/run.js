// All benchmarks, one after the other, as one page of tables: `npm run bench`. With --smoke each only shows that it runs.
const { spawnSync } = require("node:child_process");
const os = require("node:os");
const path = require("node:path");

const smoke = process.argv.includes("--smoke");
const benches = [
  "empty-call.js",
  "small-values.js",
  "concurrent-reads.js",
  "bulk.js",
  "bulk-loopback.js",
  "copy-all.js",
  "listing.js",
  "iterate.js",
  "big.js",
  "tools.js",
  "start.js",
];

const [cpu] = os.cpus();
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${os.cpus().length} × ${cpu?.model.trim() ?? "?"}, ${os.type()} ${os.arch()}, ` +
    `Node ${process.versions.node}, load ${os
      .loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")}`,
);
for (const bench of benches) {
  const { status } = spawnSync(
    process.execPath,
    [path.join(__dirname, bench), ...(smoke ? ["--smoke"] : [])],
    {
      stdio: "inherit",
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    },
  );
  if (status !== 0) {
    console.error(`${bench} ended with ${status}`);
    process.exit(1);
  }
}
