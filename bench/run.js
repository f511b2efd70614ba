// All benchmarks, one after the other, as one page of tables: `npm run bench`. With --smoke each only shows that it runs.
// With --plot each table is drawn, too, into .cache/plots/. With --plot=FILE nothing is run: the tables are those of a
// Markdown file, as bench/README.md.
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const smoke = process.argv.includes("--smoke");
const plot = process.argv.find((argument) => /^--plot(=|$)/.test(argument));
const [, written] = plot?.split("=") ?? [];

/** @param {string} tables */
function draw(tables) {
  // Loaded where it is needed: it is no small package.
  const { plotsOfRun } = require("./support/plots.js");
  const folder = path.join(__dirname, "../.cache/plots");
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, svg] of Object.entries(plotsOfRun(tables))) {
    fs.writeFileSync(path.join(folder, `${name}.svg`), svg);
    console.log(`.cache/plots/${name}.svg`);
  }
}

if (written !== undefined) {
  draw(fs.readFileSync(written, "utf8"));
  process.exit();
}

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
let tables = "";
for (const bench of benches) {
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(__dirname, bench), ...(smoke ? ["--smoke"] : [])],
    {
      stdio: ["inherit", plot === undefined ? "inherit" : "pipe", "inherit"],
      encoding: "utf8",
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    },
  );
  if (plot !== undefined) process.stdout.write(stdout);
  tables += stdout ?? "";
  if (status !== 0) {
    console.error(`${bench} ended with ${status}`);
    process.exit(1);
  }
}
if (plot !== undefined) draw(tables);
