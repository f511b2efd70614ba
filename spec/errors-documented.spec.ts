import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { advice } from "../lib/errors/advice.js";
import { operations } from "../lib/local/operation-table.js";

const root = path.join(__dirname, "..");

/** The codes in the first column of the table in docs/errors.md. */
function documented(): Set<string> {
  const page = readFileSync(path.join(root, "docs/errors.md"), "utf8");
  const section = /^(.*?)^## /ms.exec(page)![1]!;
  const cells = section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|")[1]!);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => code!)));
}

/** The codes that the sources give to an error, without those that the local S3 answers in S3's stead. */
function produced(): Set<string> {
  const files = readdirSync(path.join(root, "lib"), { recursive: true, encoding: "utf8" });
  const gives =
    /(?:\bcode: |OperationError\(\s*|Unreadable\(\s*|checkFormat\(\w+, \w+, |workerFailed\(|^\s*(?:if .*)?return )"([A-Z]\w+)"/gm;
  const local = /"(LocalS3(?!Error)[A-Z]\w+)"/g;
  const codes = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join(root, "lib", file), "utf8"))
    .flatMap((text) => [...text.matchAll(gives), ...text.matchAll(local)].map(([, code]) => code!));
  return new Set(codes);
}

// What the expression above takes for a code: a map's Symbol.toStringTag, and the names of S3's operations.
const noCodes = ["S3BucketMap", ...Object.keys(operations)];

describe("the table of errors in docs/errors.md", () => {
  it("has every code that the library gives, and what there is advice for", () => {
    const codes = [...produced(), ...Object.keys(advice)].filter((code) => !noCodes.includes(code));
    // So that a change of how the sources say it does not make this vacuous.
    expect(codes).toEqual(
      expect.arrayContaining(["TimedOut", "WorkerDied", "BadListing", "Closed", "Unknown"]),
    );
    expect(codes.filter((code) => !documented().has(code))).toEqual([]);
  });

  it("has no code that nothing gives", () => {
    const known = new Set([...produced(), ...Object.keys(advice)]);
    // S3's own, and the names of classes.
    const others = /^(HTTP\d+|\w+Error)$/;
    expect([...documented()].filter((code) => !known.has(code) && !others.test(code))).toEqual([]);
  });

  it("says in each row what to do", () => {
    const page = readFileSync(path.join(root, "docs/errors.md"), "utf8");
    const rows = /^(.*?)^## /ms
      .exec(page)![1]!
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows.length).toBeGreaterThan(15);
    for (const row of rows) expect(row.split("|")[2]!.trim()).toMatch(/\w+ \w+ \w+/);
  });
});
