// Makes the pictures of the pages, each from what it shows: `npm run pictures`, or into another folder,
// `node scripts/pictures.js FOLDER`. The plots are drawn from the tables of bench/README.md, without measuring again.
const fs = require("node:fs");
const path = require("node:path");
const { layersPicture, threadsPicture } = require("./pictures/diagrams.js");
const { plotsOfResults } = require("../bench/support/plots.js");
const { promptPicture } = require("./pictures/prompt.js");

const root = path.join(__dirname, "..");
const folder = process.argv[2] ?? path.join(root, "docs/pictures");

async function main() {
  fs.mkdirSync(folder, { recursive: true });
  const results = fs.readFileSync(path.join(root, "bench/README.md"), "utf8");
  /** @type {Record<string, string>} */
  const pictures = { threads: threadsPicture(), layers: layersPicture(), ...plotsOfResults(results) };
  for (const [name, svg] of Object.entries(pictures)) fs.writeFileSync(path.join(folder, `${name}.svg`), svg);
  // The last, because it needs a terminal, which is not everywhere.
  fs.writeFileSync(path.join(folder, "prompt.svg"), await promptPicture());
}

main().catch((/** @type {unknown} */ error) => {
  console.error(error);
  process.exitCode = 1;
});
