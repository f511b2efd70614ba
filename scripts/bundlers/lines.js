// The bundlers, and the lines of docs/bundlers.md, as scripts/bundlers.js runs them.

/**
 * @typedef {object} Bundler
 * @property {string} name
 * @property {string} [output] - of several that it makes
 * @property {readonly string[]} packages - the bundler first
 * @property {Record<string, string>} [files] - its configuration
 * @property {{ line: string, file: string, setting: RegExp }} [plain] - the library in the bundle; what its error names
 * @property {{ line: string, file: string }} leftOut
 * @property {boolean} [isMinified]
 * @property {boolean} [isInShort]
 */

/** Builds the worker's file into the folder of a bundle. @param {string} folder */
exports.workerLine = (folder) =>
  `esbuild s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node --out-extension:.js=.cjs --outdir=${JSON.stringify(folder)}`;

/** A function and its worker, for a place where nothing is installed. */
exports.lambda =
  "esbuild app.mjs s3bucketmap-worker=s3bucketmap/worker --bundle --platform=node --minify-whitespace --out-extension:.js=.cjs --outdir=function";

/** Two functions in folders of their own, and their worker above both. */
exports.handlers = [
  "esbuild handlers/one/index.mjs handlers/two/index.mjs --bundle --platform=node --out-extension:.js=.cjs --outbase=handlers --outdir=functions",
  exports.workerLine("functions"),
];

const esbuild = "esbuild app.mjs --bundle --platform=node";
const banner =
  "--banner:js='import { createRequire as makeRequire } from \"node:module\"; const require = makeRequire(import.meta.url);'";

/** The same as ES modules. */
exports.lambdaOfModules = [
  `${esbuild} --format=esm --out-extension:.js=.mjs ${banner} --outdir=modules`,
  exports.workerLine("modules"),
];

const general = /esbuild: --external:s3bucketmap; rollup: external: \[\/\^s3bucketmap\/\]/;

const rollupPackages = ["rollup", "@rollup/plugin-commonjs", "@rollup/plugin-node-resolve"];
const rollupFiles = {
  "rollup.config.mjs": `import commonjs from "@rollup/plugin-commonjs";
import resolve from "@rollup/plugin-node-resolve";
export default { input: "app.mjs", plugins: [resolve(), commonjs()] };
`,
  "rollup.external.mjs": `export default { input: "app.mjs", external: [/^s3bucketmap/] };
`,
};

/** @param {string} output @param {"none" | "production" | "development"} mode @param {boolean} isModule @returns {Bundler} */
function webpack(output, mode, isModule) {
  const folder = `webpack-${mode}-${isModule ? "esm" : "cjs"}`;
  const extension = isModule ? "mjs" : "cjs";
  const config = (/** @type {string} */ to, /** @type {string} */ more) => `module.exports = {
  mode: "${mode}",
  target: "node",
  entry: "./app.mjs",
  output: { path: __dirname + "/out/${to}", filename: "app.${extension}"${isModule ? ", module: true" : ""} },
  ${isModule ? "experiments: { outputModule: true }," : ""}
  ${more}
};
`;
  return {
    name: "webpack",
    output,
    packages: ["webpack", "webpack-cli"],
    files: {
      [`${folder}.cjs`]: config(folder, ""),
      [`${folder}-external.cjs`]: config(
        `${folder}-external`,
        'externals: [/^s3bucketmap/], externalsType: "node-commonjs",',
      ),
    },
    plain: {
      line: `webpack -c ${folder}.cjs`,
      file: `out/${folder}/app.${extension}`,
      setting: /webpack: target: "node", externals: \[\/\^s3bucketmap\/\], externalsType: "node-commonjs"/,
    },
    leftOut: { line: `webpack -c ${folder}-external.cjs`, file: `out/${folder}-external/app.${extension}` },
    isMinified: mode === "production",
  };
}

/** @type {Bundler[]} */
exports.bundlers = [
  {
    name: "esbuild",
    output: "CommonJS",
    packages: ["esbuild"],
    plain: { line: `${esbuild} --outdir=out/esbuild`, file: "out/esbuild/app.js", setting: general },
    leftOut: {
      line: `${esbuild} --external:s3bucketmap --outdir=out/esbuild-external`,
      file: "out/esbuild-external/app.js",
    },
    isInShort: true,
  },
  {
    name: "esbuild",
    output: "minified",
    packages: ["esbuild"],
    plain: {
      line: `${esbuild} --minify --outdir=out/esbuild-minified`,
      file: "out/esbuild-minified/app.js",
      setting: general,
    },
    leftOut: {
      line: `${esbuild} --external:s3bucketmap --outdir=out/esbuild-minified-external`,
      file: "out/esbuild-minified-external/app.js",
    },
    isMinified: true,
  },
  {
    name: "esbuild",
    output: "ES module",
    packages: ["esbuild"],
    plain: {
      line: `${esbuild} --format=esm --out-extension:.js=.mjs ${banner} --outdir=out/esbuild-esm`,
      file: "out/esbuild-esm/app.mjs",
      setting: general,
    },
    leftOut: {
      line: `${esbuild} --format=esm --out-extension:.js=.mjs --external:s3bucketmap --outdir=out/esbuild-esm-external`,
      file: "out/esbuild-esm-external/app.mjs",
    },
  },
  {
    name: "rollup",
    output: "CommonJS",
    packages: rollupPackages,
    files: rollupFiles,
    plain: {
      line: "rollup -c -f cjs -o out/rollup/app.cjs",
      file: "out/rollup/app.cjs",
      setting: general,
    },
    leftOut: {
      line: "rollup -c rollup.external.mjs -f cjs -o out/rollup-external/app.cjs",
      file: "out/rollup-external/app.cjs",
    },
  },
  {
    name: "rollup",
    output: "ES module",
    packages: rollupPackages,
    files: rollupFiles,
    plain: {
      line: "rollup -c -f es -o out/rollup-esm/app.mjs",
      file: "out/rollup-esm/app.mjs",
      setting: general,
    },
    leftOut: {
      line: "rollup -c rollup.external.mjs -f es -o out/rollup-esm-external/app.mjs",
      file: "out/rollup-esm-external/app.mjs",
    },
    isInShort: true,
  },
  webpack("CommonJS, unminified", "none", false),
  webpack("CommonJS, minified", "production", false),
  webpack("CommonJS, development", "development", false),
  webpack("ES module, unminified", "none", true),
  {
    name: "ncc",
    packages: ["@vercel/ncc"],
    plain: {
      line: "ncc build app.cjs -o out/ncc",
      file: "out/ncc/index.cjs",
      setting: /ncc: --external s3bucketmap --external s3bucketmap\/layers/,
    },
    leftOut: {
      line: "ncc build app.cjs --external s3bucketmap --external s3bucketmap/layers -o out/ncc-external",
      file: "out/ncc-external/index.cjs",
    },
  },
  {
    name: "ncc",
    output: "ES module",
    packages: ["@vercel/ncc"],
    plain: {
      line: "ncc build app.mjs -o out/ncc-esm",
      file: "out/ncc-esm/index.mjs",
      setting: /ncc: --external s3bucketmap --external s3bucketmap\/layers/,
    },
    leftOut: {
      line: "ncc build app.mjs --external s3bucketmap --external s3bucketmap/layers -o out/ncc-esm-external",
      file: "out/ncc-esm-external/index.mjs",
    },
  },
  {
    name: "Vite SSR",
    output: "noExternal: true",
    packages: ["vite"],
    files: {
      "vite.config.mjs": `export default { build: { ssr: "app.mjs", outDir: "out/vite", minify: false }, ssr: { noExternal: true } };
`,
      "vite.external.mjs": `export default { build: { ssr: "app.mjs", outDir: "out/vite-external" } };
`,
    },
    plain: { line: "vite build", file: "out/vite/app.mjs", setting: general },
    leftOut: { line: "vite build -c vite.external.mjs", file: "out/vite-external/app.mjs" },
  },
  {
    name: "Vite SSR",
    output: "external beside noExternal: true",
    packages: ["vite"],
    files: {
      "vite.both.mjs": `export default { build: { ssr: "app.mjs", outDir: "out/vite-both" }, ssr: { noExternal: true, external: ["s3bucketmap"] } };
`,
    },
    leftOut: { line: "vite build -c vite.both.mjs", file: "out/vite-both/app.mjs" },
  },
];
