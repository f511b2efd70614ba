import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.join(__dirname, "..");

const sample = `\
bucketMap[testKey] = 'some value'
testKey in bucketMap = true
testKey2 in bucketMap = false
key = anotherTestKey
key = testKey
`;

const longer = `\
subMap.testKey = 'a value under a prefix'
bucketMap["subprefix/testKey"] = 'a value under a prefix'
bucketMap.testKey = undefined
delete bucketMap.notThere = true
bucketMap["Jesús"] = 'a value under a key with ú'
the value of a key of 780 bytes = 'a value under a long key'
overwritten, bucketMap.testKey = 'some other value'
4 keys:
  Jesús = 'a value under a key with ú'
  kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk… = 'a value under a long key'
  subprefix/testKey = 'a value under a prefix'
  testKey = 'some other value'
under "subprefix/": testKey
after deleting each: 0 keys
`;

const examples: [string, string][] = [
  ["sample.js", sample],
  ["longer.js", longer],
];

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
): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, "examples", example), ...args],
    { encoding: "utf8", env: { ...process.env, TMPDIR: temporary, ...environment }, timeout: 60_000 },
  );
  return { status, stdout, stderr };
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

  const { S3BUCKETMAP_SPEC_ENDPOINT: endpoint, S3BUCKETMAP_SPEC_BUCKET: bucket = "bucket1" } = process.env;
  const { S3BUCKETMAP_SPEC_ACCESS_KEY: key = "test", S3BUCKETMAP_SPEC_SECRET_KEY: secret = "testtest" } =
    process.env;
  (endpoint === undefined ? it.skip : it)("prints the same from the S3 service of the environment", () => {
    expect(run(example, [key, secret, bucket], { AWS_ENDPOINT_URL_S3: endpoint })).toEqual({
      status: 0,
      stdout: output,
      stderr: "",
    });
  });
});
