// The prompt in use: a session in a pseudoterminal, on a local S3, and what its screen shows at the end.
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const ts = require("typescript");
const { card, dark, label, mono, picture } = require("./svg.js");

const root = path.join(__dirname, "../..");
// As wide as the longest line of the prompt's greeting.
const columns = 105;

/** The terminal of the specs, compiled. @param {string} folder */
function terminalOfSpecs(folder) {
  for (const name of ["terminal", "screen"]) {
    const source = fs.readFileSync(path.join(root, "spec/support", `${name}.ts`), "utf8");
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 };
    fs.writeFileSync(
      path.join(folder, `${name}.js`),
      ts.transpileModule(source, { compilerOptions }).outputText,
    );
  }
  return /** @type {typeof import("../../spec/support/terminal.js")} */ (
    require(path.join(folder, "terminal.js"))
  );
}

/** A project in which `npx s3bucketmap` runs the build. @param {string} folder */
function install(folder) {
  const bin = path.join(folder, "node_modules/.bin");
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(folder, "package.json"), "{}\n");
  const command = `#!/bin/sh\nexec "${process.execPath}" "${path.join(root, "dist/prompt/cli.js")}" "$@"\n`;
  fs.writeFileSync(path.join(bin, "s3bucketmap"), command, { mode: 0o755 });
}

/** @returns {Promise<string[]>} the lines of the screen */
async function record() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "s3bucketmap-picture-"));
  const { Terminal, keys } = terminalOfSpecs(folder);
  install(folder);
  const terminal = new Terminal(["sh"], {
    cwd: folder,
    columns: 200,
    env: {
      PS1: "$ ",
      ENV: "",
      HOME: folder,
      NODE_REPL_HISTORY: "",
      NO_COLOR: "1",
      NODE_NO_WARNINGS: "1",
      npm_config_offline: "true",
      npm_config_update_notifier: "false",
      S3BUCKETMAP_LOCAL: "",
    },
  });
  try {
    await terminal.until(() => terminal.lines.at(-1) === "$", "the shell");
    terminal.press("npx s3bucketmap --local buckets my-bucket\r");
    await terminal.prompt();
    /** @param {string} text */
    const enter = async (text) => {
      await terminal.type(text);
      terminal.press(keys.enter);
      await terminal.prompt();
    };
    await enter('bucket.city = "Bonn"');
    await enter('bucket["2026/june"] = "rain"');
    await enter('bucket["2026/july"] = "sun"');
    await terminal.type('bucket["2026/');
    // Tab twice: what is the same for all keys, and then all of them.
    terminal.press(keys.tab);
    await terminal.shows(/> bucket\["2026\/ju$/m);
    terminal.press(keys.tab);
    await terminal.shows(/july.*june/);
    await terminal.type("l");
    terminal.press(keys.tab);
    await terminal.shows(/> bucket\["2026\/july"\]$/m);
    terminal.press(keys.enter);
    await terminal.prompt();
    await enter("bucket");
    return terminal.lines.map((line) => line.replaceAll(folder, "~"));
  } finally {
    terminal.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const size = 14;
const leading = 21;
const margin = 18;
const bar = 34;

/** @param {readonly string[]} lines */
function draw(lines) {
  const width = Math.ceil(columns * size * 0.602) + 2 * margin;
  const height = bar + lines.length * leading + margin + 4;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, at) => `<circle cx="${margin + 4 + at * 20}" cy="${bar / 2 + 2}" r="6" fill="${fill}"/>`,
  );
  const text = lines.map((line, at) => {
    const isTyped = /^[$>] /.test(line);
    const y = bar + (at + 1) * leading;
    return label(margin, y, line, {
      size,
      font: mono,
      fill: isTyped ? "#ffffff" : "#b7c0ca",
      weight: isTyped ? 600 : 400,
    });
  });
  return picture(
    {
      width,
      height,
      title: "A session at the prompt: values are stored, Tab completes keys",
      colours: "fixed",
    },
    [card(width, height, dark.box, dark.border), ...dots, ...text].join("\n"),
  );
}

module.exports = { promptPicture: async () => draw(await record()) };
