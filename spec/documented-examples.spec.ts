import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

// Every example in JavaScript or TypeScript of the README and the docs compiles under `strict`, against the types as they are
// published. One program has them all: each page is a file, and an example sees what those before it declare.

const root = path.join(__dirname, "..");
const pages = [
  "README.md",
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
];

/** What the examples use without saying where it comes from. */
const given = `
const { randomBytes } = require("node:crypto");
const { asMap, asObject, batch, s3Bucket, S3BucketMap } = require("s3bucketmap");
const key = randomBytes(32);
const map = new S3BucketMap("my-bucket");
const bucket = s3Bucket("my-bucket");
const myLayer = /** @type {(map: import("s3bucketmap").SyncMap<string>) => import("s3bucketmap").SyncMap<string>} */ (
  /** @type {unknown} */ (null)
);
`;

interface Example {
  readonly line: number;
  readonly text: string;
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(path.join(root, page), "utf8");
  return [...text.matchAll(/^```(?:js|ts|javascript|typescript)\n([^]*?)^```/gm)].map(
    ({ index, 1: code }) => ({
      line: text.slice(0, index).split("\n").length + 1,
      text: code!,
    }),
  );
}

/** A page as one file: blocks within blocks, so that an example may declare anew what another has declared. */
function fileOf(examples: readonly Example[]): string {
  const blocks = examples.map(({ text }) =>
    text
      // Not installed here, and much the same.
      .replace('"vitest"', '"node:test"')
      .replace(/^import type .*\n/gm, "\n")
      .replace(
        /^import (\{[^}]*\}) from (".*?");$/gm,
        (_all, names: string, from: string) => `const ${names.replace(/ as /g, ": ")} = require(${from});`,
      )
      .replace(/^import \* as (\w+) from (".*?");$/gm, "const $1 = require($2);")
      .replace(/^import (\w+) from (".*?");$/gm, "const $1 = require($2).default;"),
  );
  const page = `{ ${given.replaceAll("\n", " ")}\n${blocks.map((block) => `{\n${block}`).join("")}${"}".repeat(blocks.length + 1)}\n`;
  // A name that is bound to a call of require belongs to the whole file. These belong to their blocks.
  return page.replace(
    /\brequire\((".*?")\)/g,
    (_all, from: string) => `/** @type {typeof import(${from})} */ (/** @type {unknown} */ (null))`,
  );
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
};

describe("the examples in the README and the docs", () => {
  it("compile under strict", () => {
    const files = new Map<string, string>();
    for (const page of pages) {
      const examples = examplesOf(page);
      if (examples.length > 0)
        files.set(path.join(root, "examples", `${page.replace(/\W/g, "-")}.cjs`), fileOf(examples));
    }
    expect(files.size).toBeGreaterThan(3);
    const host = ts.createCompilerHost(options);
    const fileExists = host.fileExists.bind(host);
    const readFile = host.readFile.bind(host);
    const getSourceFile = host.getSourceFile.bind(host);
    host.fileExists = (file) => files.has(file) || fileExists(file);
    host.readFile = (file) => files.get(file) ?? readFile(file);
    host.getSourceFile = (file, languageVersion, ...more) => {
      const text = files.get(file);
      return text === undefined
        ? getSourceFile(file, languageVersion, ...more)
        : ts.createSourceFile(file, text, languageVersion, true);
    };
    const program = ts.createProgram([...files.keys()], options, host);
    const wrong = [...files.keys()].flatMap((file) => {
      const source = program.getSourceFile(file)!;
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ start = 0, messageText }) => {
          const line = source.text.slice(0, start).split("\n").length;
          const shown = source.text.split("\n")[line - 1]!.slice(0, 100);
          return `${path.basename(file)}: ${shown} — ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
        },
      );
    });
    expect(wrong).toEqual([]);
  });
});
