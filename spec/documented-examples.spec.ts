import { readFileSync } from "node:fs";
import path from "node:path";
import { problemsOf, strictest } from "./support/compiled.js";
import { isAsShown, isCommonJs, pages, Project, shownOutput, snippetsOf } from "./support/documented.js";
import type { Snippet } from "./support/documented.js";
import { startHttpS3 } from "./support/http-s3.js";
import { startVersionedService } from "./support/versioned-service.js";

// Every example of the README and the docs is complete: it compiles under `strict` against the types as they are
// published, it runs, and it prints what it shows. Those of one page run in order, in one directory and on one S3.

jest.setTimeout(60_000);

const root = path.join(__dirname, "..");
const written = pages.map((page) => [page, snippetsOf(page)] as const).filter(([, { length }]) => length > 0);

/** Examples that are not run, by how they begin, with the reason. */
const notRun: Record<string, string> = {
  "npm install s3bucketmap": "needs the registry; scripts/check-package.js installs the package",
  "npm ci && npm run example": "is run by .ci/run, on a clone",
  "npx esbuild": "needs the registry; scripts/bundlers.js builds and runs bundles",
  "aws s3api put-bucket-versioning": "needs an account",
};

/** Pages whose examples need another S3 than the local one. */
const served: Record<string, "http" | "versions" | "nothing"> = {
  "docs/links.md": "http",
  "docs/settings.md": "nothing",
  "docs/versions.md": "versions",
};

/** Files that examples read or run. */
const files = {
  "script.js": 'require("s3bucketmap").s3Bucket("my-bucket").key = "value";\n',
  "backups/monday.tar": "monday",
  "own-layer.js": readFileSync(path.join(root, "examples/own-layer.js"), "utf8"),
};

const over = (endpoint: string): NodeJS.ProcessEnv => ({
  AWS_ENDPOINT_URL_S3: endpoint,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "key",
  AWS_SECRET_ACCESS_KEY: "secret",
});

/** Starts what a page needs, and gives the environment that leads there, and the way to end it. */
async function serve(page: string, { directory }: Project): Promise<[NodeJS.ProcessEnv, () => unknown]> {
  if (served[page] === "nothing") return [{}, () => undefined];
  if (served[page] === "http") {
    const server = await startHttpS3();
    return [over(server.endpoint), () => server.close()];
  }
  if (served[page] === "versions") {
    const service = await startVersionedService();
    return [over(service.endpoint), () => service.end()];
  }
  return [{ S3BUCKETMAP_LOCAL: path.join(directory, "local") }, () => undefined];
}

const reasonOf = ({ code }: Snippet): string | undefined =>
  Object.entries(notRun).find(([start]) => code.startsWith(start))?.[1];

const isRun = (snippet: Snippet): boolean => reasonOf(snippet) === undefined;
const runnable = written.filter(([, snippets]) => snippets.some(isRun));

describe.each(runnable)("the examples of %s", (page, snippets) => {
  let project: Project;
  let environment: NodeJS.ProcessEnv;
  let end: () => unknown;
  beforeAll(async () => {
    project = new Project(files);
    [environment, end] = await serve(page, project);
  });
  afterAll(async () => {
    await end();
    project.remove();
  });

  const run = snippets.filter(isRun);
  it.each(run.map((snippet) => [snippet.line, snippet] as const))("line %i runs as shown", (_, snippet) => {
    const printed = project.run(snippet, environment).split("\n").slice(0, -1);
    const shown = shownOutput(snippet);
    if (shown.length === 0) return;
    const isRight =
      printed.length === shown.length && printed.every((line, at) => isAsShown(line, shown[at]!));
    expect(isRight ? shown : printed).toEqual(shown);
  });
});

describe("the examples of the README and the docs", () => {
  const all = written.flatMap(([, snippets]) => snippets);

  it("are run, but for those with a reason", () => {
    const starts = Object.keys(notRun);
    expect(starts.filter((start) => !all.some(({ code }) => code.startsWith(start)))).toEqual([]);
  });

  it("compile under strict", () => {
    const programs = new Map<string, string>();
    for (const snippet of all.filter(({ language }) => language !== "sh")) {
      const extension = snippet.language === "ts" ? "mts" : isCommonJs(snippet) ? "cjs" : "mjs";
      const name = `${snippet.page.replace(/\W/g, "-")}-${snippet.line}.${extension}`;
      // The second line makes each a module of its own.
      programs.set(
        path.join(root, "examples", name),
        `${snippet.code}${extension === "cjs" ? "" : "\nexport {};\n"}`,
      );
    }
    expect(programs.size).toBeGreaterThan(20);
    programs.set(
      path.join(root, "examples/vitest.d.mts"),
      'declare module "vitest" { export * from "@jest/globals"; }',
    );
    expect(problemsOf(programs)).toEqual([]);
    const typed = [...programs].filter(([name]) => name.endsWith(".mts"));
    expect(problemsOf(new Map(typed), strictest)).toEqual([]);
  });
});
