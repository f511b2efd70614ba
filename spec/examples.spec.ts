import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { examples, runExample } from "./support/examples.js";

// Its own temporary folder, to see what an example leaves behind.
let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(path.join(tmpdir(), "s3bucketmap-examples-spec-"));
});
afterEach(() => rmSync(temporary, { recursive: true }));

function run(
  example: string,
  args: string[] = [],
  environment: NodeJS.ProcessEnv = {},
): ReturnType<typeof runExample> {
  return runExample(example, args, { TMPDIR: temporary, ...environment });
}

describe.each(examples)("examples/%s", (example, output) => {
  it("prints the same on a local S3 of its own, and leaves nothing behind", () => {
    expect(run(example)).toEqual({ status: 0, stdout: output, stderr: "" });
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("does not touch the local S3 that the environment names", () => {
    const named = path.join(temporary, "named");
    expect(run(example, [], { S3BUCKETMAP_LOCAL: named }).stdout).toBe(output);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it("prints the same from the bucket that its arguments name, twice", () => {
    const environment = { S3BUCKETMAP_LOCAL: path.join(temporary, "service") };
    for (let turn = 1; turn <= 2; turn += 1) {
      expect(run(example, ["key", "secret", "my-bucket"], environment)).toEqual({
        status: 0,
        stdout: output,
        stderr: "",
      });
    }
  });

  it.each([[["key"]], [["key", "secret"]], [["key", "secret", "my-bucket", "more"]]])(
    "says in one line what it takes when it is given %j",
    (args) => {
      const { status, stdout, stderr } = run(example, args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
      expect(stderr).toMatch(/^Give no arguments, .* or three: ACCESS_KEY SECRET_KEY BUCKET .*\n$/);
      expect(stderr).not.toContain(args[1] ?? "\0");
    },
  );
});
