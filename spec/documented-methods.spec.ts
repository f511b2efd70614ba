import { readFileSync } from "node:fs";
import path from "node:path";
import * as main from "../dist/index.js";
import * as layers from "../dist/layers/index.js";

// The tables of docs/methods.md name every method and every export, and nothing else.

const page = readFileSync(path.join(__dirname, "../docs/methods.md"), "utf8");

/** The names in the first column of a section's table. */
function documented(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const cells = section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | ")[0]!);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)(?=[`(])/g)].map(([, name]) => name!));
  return [...new Set(names)].sort();
}

function methods(): string[] {
  const own = main.S3BucketMap.prototype;
  const names = [own, Object.getPrototypeOf(own) as object].flatMap((one) => Object.getOwnPropertyNames(one));
  return [...new Set(names)].filter((name) => name !== "constructor").sort();
}

describe("docs/methods.md", () => {
  it("has every method of S3BucketMap", () => {
    expect(documented("Methods of a map")).toEqual(methods());
  });

  it.each([
    ["s3bucketmap", main],
    ["s3bucketmap/layers", layers],
  ])("has every export of %s", (name, exported) => {
    expect(documented(`Exports of ${name}`)).toEqual(Object.keys(exported).sort());
  });
});
