import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { plotsOfRun } from "../bench/support/plots.js";
import { pages } from "./support/documented.js";
import { hasTerminal } from "./support/terminal.js";

jest.setTimeout(60_000);

const root = path.join(__dirname, "..");
const kept = path.join(root, "docs/pictures");
const names = readdirSync(kept).sort();
const read = (folder: string, name: string): string => readFileSync(path.join(folder, name), "utf8");

/** The tags that are closed without being open, or never closed. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [tag, end, name, alone] of svg.matchAll(
    /<(\/?)([a-z][\w:]*)(?:\s+[\w:-]+="[^"<]*")*\s*(\/?)>/gi,
  )) {
    if (end !== "" && open.pop() !== name) return [tag];
    if (end === "" && alone === "") open.push(name!);
  }
  return open;
}

/** Without what another run, or another version, shows differently. */
const lasting = (svg: string): string =>
  svg
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, "TIME")
    .replace(/Node\.js [\d.]+/g, "Node.js")
    .replace(/s3bucketmap [\d.]+/g, "s3bucketmap");

describe("docs/pictures", () => {
  let made: string;
  beforeAll(async () => {
    made = mkdtempSync(path.join(tmpdir(), "s3bucketmap-pictures-"));
    const run = promisify(execFile)(process.execPath, [path.join(root, "scripts/pictures.js"), made]);
    // Without a terminal it ends with an error, after all pictures but that of the prompt.
    if (hasTerminal) await run;
    else await run.catch(() => undefined);
  });
  afterAll(() => rmSync(made, { recursive: true }));

  it("has the pictures that the script makes, and no other", () => {
    expect(names.filter((name) => hasTerminal || name !== "prompt.svg")).toEqual(readdirSync(made).sort());
  });

  it.each(names.filter((name) => hasTerminal || name !== "prompt.svg"))(
    "has %s as `npm run pictures` makes it",
    (name) => {
      expect(lasting(read(kept, name))).toBe(lasting(read(made, name)));
    },
  );

  it.each(names)("has %s well-formed, without a path of a machine or anything from the network", (name) => {
    const svg = read(kept, name);
    expect(unbalanced(svg)).toEqual([]);
    expect(svg.replace(/<[^<>]*>/g, "")).not.toMatch(/[<]|&(?!amp;|lt;|gt;|quot;)/);
    for (const place of [root, homedir(), tmpdir(), "file:", "s3bucketmap-picture-"])
      expect(svg).not.toContain(place);
    expect(svg.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, "")).not.toMatch(/https?:|href|url\((?!#)|@import/);
    expect(svg).toMatch(/^<svg [^>]*aria-label="[^"]+"/);
  });

  it("shows how the prompt completes keys and lists the bucket", () => {
    const text = read(kept, "prompt.svg").replace(/<[^<>]*>/g, "");
    expect(text).toContain("bucket[&quot;2026/july&quot;]  bucket[&quot;2026/june&quot;]");
    expect(text).toMatch(
      /S3 bucket object over S3BucketMap[^]* 4 bytes {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}city/,
    );
  });

  it("has only pictures that a page shows", () => {
    const shown = [...pages, "bench/README.md"].flatMap((page) =>
      [...read(root, page).matchAll(/!\[[^\]]+\]\(([^)]+\.svg)\)/g)].map(([, link]) =>
        path.join(root, path.dirname(page), link!),
      ),
    );
    expect([...new Set(shown)].sort()).toEqual(names.map((name) => path.join(kept, name)));
  });
});

describe("plotsOfRun()", () => {
  it("draws each table that has figures, with its names, its unit and its middle halves", () => {
    const run = [
      "2026-11-23, a machine",
      "### reads <1 KB>",
      "",
      "| who | ms | middle half |",
      "| --- | --- | --- |",
      "| the SDK | 1.50 | 1.25–2.00 |",
      "| this library | 0.75 | 0.50–1.00 |",
      "",
      "### words",
      "",
      "| a | b |",
      "| - | - |",
      "| c | d |",
    ].join("\n");
    const plots = plotsOfRun(run);
    expect(Object.keys(plots)).toEqual(["reads-1-kb"]);
    const texts = [...plots["reads-1-kb"]!.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
    expect(texts).toEqual(
      expect.arrayContaining([
        "reads &lt;1 KB&gt;",
        "ms",
        "the SDK",
        "1.50   (1.25–2.00)",
        "this library",
        "0.75   (0.50–1.00)",
      ]),
    );
    expect(unbalanced(plots["reads-1-kb"]!)).toEqual([]);
  });

  it("keeps the tables of one heading apart", () => {
    const table = "| who | ms |\n| --- | --- |\n| a | 1 |\n\n";
    expect(Object.keys(plotsOfRun(`### x\n\n${table}${table}${table}`))).toEqual(["x", "x-2", "x-3"]);
  });
});
