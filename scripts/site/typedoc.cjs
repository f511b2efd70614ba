// The options of TypeDoc, which makes the site: `npm run docs`, into .cache/site/.
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "../..");
const index = fs.readFileSync(path.join(root, "docs/README.md"), "utf8");
// In the order of docs/README.md.
const pages = [...index.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, page]) => `docs/${page}`);

/** @type {Partial<import("typedoc").TypeDocOptions>} */
module.exports = {
  name: "s3bucketmap",
  entryPoints: ["lib/index.ts", "lib/layers/index.ts", "lib/testing/index.ts"].map((file) =>
    path.join(root, file),
  ),
  tsconfig: path.join(root, "tsconfig.build.json"),
  basePath: root,
  readme: path.join(root, "README.md"),
  projectDocuments: [
    ...pages,
    "bench/README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "docs/README.md",
    "docs/decisions/*.md",
  ].map((page) => path.join(root, page)),
  router: "file",
  plugin: [path.join(__dirname, "plugin.mjs")],
  customCss: path.join(__dirname, "site.css"),
  out: path.join(root, ".cache/site"),
  includeVersion: true,
  hideGenerator: true,
  disableSources: true,
  searchInComments: true,
  searchInDocuments: true,
  navigation: { includeGroups: true, includeFolders: false },
  groupOrder: [
    "Guide",
    "Modules",
    "Project",
    "Decisions",
    "Constructors",
    "Properties",
    "Accessors",
    "Methods",
    "*",
  ],
  highlightLanguages: ["ts", "js", "sh", "json", "console", "mermaid"],
  // An address is made a link only if it begins with https://, as README.md does not.
  markdownItLoader: (parser) => {
    /** @type {{ linkify: { set(options: object): void } }} */ (parser).linkify.set({ fuzzyLink: false });
  },
  // Types are checked by `npm run typecheck`.
  skipErrorChecking: true,
  // Some types that nobody needs to name are not exported.
  validation: { notExported: false, invalidLink: true, invalidPath: true },
  treatWarningsAsErrors: true,
};
