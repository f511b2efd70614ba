import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap } from "s3bucketmap";
import { startHttpS3 } from "../support/http-s3.js";
import type { HttpS3 } from "../support/http-s3.js";
import { cli, node } from "../support/prompt.js";

jest.setTimeout(60_000);

let server: HttpS3;
let folder: string;
beforeAll(async () => {
  server = await startHttpS3();
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-cli-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server.close();
});
afterEach(() => server.clearFaults());

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs `s3bucketmap`, in a pipe. */
async function run(args: string[], input = "", env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(node, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", HOME: folder, S3BUCKETMAP_LOCAL: "", ...env },
  });
  const chunks: Buffer[] = [];
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (text) => (err += String(text)));
  child.stdin.on("error", () => {}); // It may have ended before it read all.
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out: Buffer.concat(chunks).toString("latin1"), err };
}

const local = (...args: string[]): string[] => ["--local", path.join(folder, "local"), ...args];

describe("s3bucketmap in a pipe", () => {
  const never = "waits for a promise that nothing is left to settle";
  it.each<[string, string, Ended]>([
    ["an await that never ends", "1\nawait new Promise(() => {})\n2\n", { code: 1, out: "1\n", err: never }],
    [
      "a rejection that nobody handles",
      "(async () => { bucket.z = undefined })(); 0",
      { code: 1, out: "0\n", err: "must be a string or bytes" },
    ],
    [
      "what a timer throws",
      "setTimeout(() => { throw new Error('late') }, 5); 0",
      { code: 1, out: "0\n", err: "late" },
    ],
  ])("fails by %s, and says so once", async (_what, input, { code, out, err }) => {
    const piped = await run(local(), input);
    const given = await run(local("--eval", input.replaceAll("\n", ";")));
    expect([piped.code, given.code, piped.out]).toEqual([code, code, out]);
    for (const ended of [piped, given]) expect(ended.err.split(err)).toHaveLength(2);
  });

  it("leaves the exit code to code that ends the process", async () => {
    expect(await run(local(), "await 1; process.exit(3)")).toEqual({ code: 3, out: "", err: "" });
  });

  it("prints what each line gives, as the prompt would, and nothing else", async () => {
    expect(await run(local(), 'bucket.a = "1"; bucket.a')).toEqual({ code: 0, out: "'1'\n", err: "" });
    const lines = [
      "const two = [",
      "  bucket.a,",
      "  '2' ]",
      "",
      "two",
      "bucket.missing",
      "for (const key in bucket) console.log(key)",
    ];
    expect(await run(local(), lines.join("\n"))).toEqual({
      code: 0,
      out: "undefined\n[ '1', '2' ]\nundefined\na\nundefined\n",
      err: "",
    });
  });

  it("keeps the buckets in one temporary directory with --local :memory:", async () => {
    const lines = ['void (bucket.a = "1")', ".get a copied", ".put copied b", "({ ...bucket })"];
    const ended = await run(["--local", ":memory:"], lines.join("\n"), { TMPDIR: folder });
    expect(ended).toEqual({
      code: 0,
      out: "undefined\n1 byte in copied\n1 byte in b\n{ a: '1', b: '1' }\n",
      err: "",
    });
    expect(readdirSync(folder).filter((name) => name.includes("-memory-"))).toEqual([]);
  });

  it("keeps the order of lines that await", async () => {
    const lines =
      "await new Promise((resolve) => setTimeout(resolve, 100, 'late'))\nbucket.order = 'next'\nawait bucket.order\n";
    expect(await run(local(), lines)).toEqual({ code: 0, out: "'late'\n'next'\n'next'\n", err: "" });
  });

  it("carries out commands", async () => {
    const { code, out } = await run(
      local("commands"),
      "bucket.k = 'v'\n.ls\n.get k copy\n.stats\n.exit\nbucket.never = '1'",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^'v'\n +size.*key\n +1 byte .* k\n1 byte in copy\n +operation/);
    expect(readFileSync(path.join(folder, "copy"), "utf8")).toBe("v");
    expect((await run(local("commands"), "bucket.never")).out).toBe("undefined\n");
  });

  it("carries out a command in the middle of a statement, and other lines with a dot are part of it", async () => {
    const { code, out, err } = await run(local(), "const x = [1]\n(x\n.ls none\n.map(String)\n)");
    expect({ code, out, err }).toEqual({
      code: 0,
      out: "undefined\n(no key begins with none)\n[ '1' ]\n",
      err: "",
    });
    expect(await run(local(), "(1,\n.ls none")).toEqual({
      code: 1,
      out: "(no key begins with none)\n",
      err: "SyntaxError: The input ends in the middle of a statement.\n",
    });
  });

  it.each([
    ["an error", "bucket.a = 5\nbucket.b = 'never'", /^TypeError: The value of "a" must be a string.*\n$/],
    ["a rejection", "await Promise.reject(new Error('no'))\nbucket.b = 'never'", /^Error: no\n$/],
    ["a mistake in the language", "let = = 1\nbucket.b = 'never'", /^SyntaxError: .*\n$/],
    ["a command's error", ".head nothing\nbucket.b = 'never'", /^Error: There is no key nothing\.\n$/],
    [
      "an unknown command",
      ".lls\nbucket.b = 'never'",
      /^Error: There is no command \.lls: did you mean \.ls\?\n$/,
    ],
    [
      "what is no command's name",
      ".values(bucket)\nbucket.b = 'never'",
      /^Error: A line that begins with a dot is a command\. A statement .* has its dots at the ends of lines\.\n$/,
    ],
    [
      "an end in the middle",
      "bucket.never = [\n'1',",
      /^SyntaxError: The input ends in the middle of a statement\.\n$/,
    ],
  ])("ends at %s, with exit code 1 and one line on stderr", async (_what, input, says) => {
    const ended = await run(local("errors"), input);
    expect(ended).toEqual({ code: 1, out: "", err: expect.stringMatching(says) as string });
    expect((await run(local("errors", "--eval", "Object.keys(bucket).length"))).out).toBe("0\n");
  });

  it("is ended by Ctrl-C with exit code 130", async () => {
    server.fault({ key: "stalled", action: { stall: "before" } });
    const child = spawn(
      process.execPath,
      [cli, "--endpoint", server.endpoint, "bucket", "-e", "bucket.stalled"],
      {
        env: {
          ...process.env,
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "key",
          AWS_SECRET_ACCESS_KEY: "secret",
        },
      },
    );
    while (!server.log().some(({ key }) => key === "stalled"))
      await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([130, null]);
  });
});

describe("s3bucketmap --eval", () => {
  it("prints what the code gives: text and bytes as they are, with --json as JSON", async () => {
    const at = local("eval");
    expect(await run([...at, "--eval", "bucket.a = 'one\\ntwo'"])).toEqual({
      code: 0,
      out: "one\ntwo\n",
      err: "",
    });
    expect((await run([...at, "-e", "bucket.a"])).out).toBe("one\ntwo\n");
    expect((await run([...at, "--bytes", "-e", "bucket.b = Buffer.from([0, 255, 10])"])).out).toBe(
      "\0\xff\n",
    );
    expect((await run([...at, "--json", "-e", "bucket.c = { a: [1] }; bucket.c"])).out).toBe(
      '{\n  "a": [\n    1\n  ]\n}\n',
    );
    expect((await run([...at, "--json", "-e", "bucket.c.a.push(2); bucket.c"])).out).toBe(
      '{\n  "a": [\n    1,\n    2\n  ]\n}\n',
    );
    expect((await run([...at, "-e", "bucket.missing"])).out).toBe("undefined\n");
    expect((await run([...at, "-e", "[...map.keys()]"])).out).toBe("[ 'a', 'b', 'c' ]\n");
    expect((await run([...at, "-e", "await Promise.resolve(map.size)"])).out).toBe("3\n");
    expect((await run([...at, "-e", "bucket"])).out).toMatch(/^S3 bucket object over .*\n +7 bytes .* a\n/);
  });

  it("sets the exit code", async () => {
    expect(await run(local("--eval", "nope"))).toEqual({
      code: 1,
      out: "",
      err: "ReferenceError: nope is not defined\n",
    });
    expect(await run(local("--eval", "throw null"))).toEqual({ code: 1, out: "", err: "null\n" });
    expect((await run(local("--eval", "process.exitCode = 7; 1"))).code).toBe(7);
    expect(await run(local("--eval", "if ("))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^SyntaxError/) as string,
    });
  });

  it("says that the code ran if its result cannot be printed as JSON", async () => {
    const at = [...local("not-json"), "--json", "--eval"];
    for (const [code, reason] of [
      ["bucket.w = 1; ({ a: 1n })", "Do not know how to serialize a BigInt"],
      ["const a = {}; a.a = a; a", "Converting circular structure to JSON"],
      ["({ toJSON() { throw new TypeError('mine'); } })", "mine"],
    ] as const) {
      const { code: exit, out, err } = await run([...at, code]);
      expect({ exit, out }).toEqual({ exit: 1, out: "" });
      expect(
        err.startsWith(`TypeError: The code ran, but its result cannot be printed as JSON: ${reason}`),
      ).toBe(true);
    }
    expect((await run([...at, "({ toJSON() { throw new Error('mine'); } })"])).err).toBe("Error: mine\n");
    expect((await run([...at, "bucket.w"])).out).toBe("1\n");
    expect((await run([...at, "() => 1"])).out).toBe("[Function (anonymous)]\n");
  });

  it("reaches a service by its options and the environment", async () => {
    const credentials = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
    const args = [
      "--endpoint",
      server.endpoint,
      "--region",
      "us-east-1",
      "s3://bucket/p/",
      "-e",
      "bucket.k = 'v'",
    ];
    expect(await run(args, "", credentials)).toMatchObject({ code: 0, out: "v\n" });
    const map = new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
    expect(map.get("p/k")).toBe("v");
    const denied = await run([
      "--endpoint",
      server.endpoint,
      "bucket",
      "--profile",
      "none-such",
      "-e",
      "bucket.k",
    ]);
    expect(denied).toMatchObject({ code: 1, out: "" });
    expect(denied.err.trim().split("\n")).toHaveLength(1);
  });
});

describe("s3bucketmap without a bucket", () => {
  it("has all buckets, and says which command needs one", async () => {
    const env = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
    const lines = [
      'void (s3["of-the-cli"].a = "1")',
      '"of-the-cli" in s3',
      "s3['of-the-cli'].a",
      "typeof bucket",
    ];
    expect(await run(["--endpoint", server.endpoint], lines.join("\n"), env)).toEqual({
      code: 0,
      out: "undefined\ntrue\n'1'\n'undefined'\n",
      err: "",
    });
    const names = await run(["--endpoint", server.endpoint, "-e", "JSON.stringify(s3)"], "", env);
    expect(JSON.parse(names.out)).toContain("of-the-cli");
    const bytes = await run(["--endpoint", server.endpoint, "--bytes", "-e", "s3['of-the-cli'].a"], "", env);
    expect(bytes.out).toBe("1");
    for (const command of [".ls", ".head a", ".get a b", ".put README.md a"]) {
      const ended = await run(["--endpoint", server.endpoint], command, env);
      expect([command, ended.code]).toEqual([command, 1]);
      expect(ended.err).toMatch(/No bucket was named|ENOENT/);
    }
    const stats = await run(["--endpoint", server.endpoint], "Object.keys(s3).length > 0\n.stats", env);
    expect(stats.out).toMatch(/^true\n[^]*ListBuckets +1 /);
  });

  it("has them beside the bucket, too", async () => {
    const ended = await run([
      "--local",
      ":memory:",
      "-e",
      "bucket.a = '1'; `${Object.keys(s3)} ${s3.bucket.a}`",
    ]);
    expect(ended).toEqual({ code: 0, out: "bucket 1\n", err: "" });
  });
});

describe("the command line", () => {
  it.each([
    [
      ["--json"],
      /^s3bucketmap: --json requires a bucket: s3bucketmap --json s3:\/\/bucket\/prefix\. To try it without S3, add --local DIR/,
    ],
    [["--diagnose"], /^s3bucketmap: --diagnose requires a bucket/],
    [["--lcal", "x"], /^s3bucketmap: There is no option --lcal: did you mean --local\?/],
    [["--frobnicate"], /^s3bucketmap: There is no option --frobnicate: --help lists them$/m],
    [
      ["bucket", "-e", "1", "--eval", "2"],
      /^s3bucketmap: --eval can be given only once\. To run several statements, join them: --eval "one; two"/,
    ],
    [["bucket", "--local"], /^s3bucketmap: --local needs a directory/],
    [["bucket", "--eval"], /^s3bucketmap: --eval needs code/],
    [["bucket", "--json=yes"], /^s3bucketmap: --json takes no value/],
    [["bucket", "--json", "--bytes"], /^s3bucketmap: --json and --bytes cannot be used together/],
    [["one", "two"], /^s3bucketmap: One bucket at a time: "one", or "two"\?/],
    [["my_bucket!"], /^s3bucketmap: "my_bucket!" is not a bucket name/],
    [["http://bucket"], /^s3bucketmap: The location "http:\/\/bucket" must .* set --endpoint\.$/m],
    [["bucket", "--endpoint", "localhost"], /^s3bucketmap: --endpoint must be a URL/],
    [["bucket", "--region="], /^s3bucketmap: --region must not be empty\.$/m],
    [
      ["bucket", "--endpoint", "http://u:p@h"],
      /Use --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY\.$/m,
    ],
    [["a/b"], /: "a\/b" is not a bucket name\. .* write "s3:\/\/a\/b"\.$/m],
    [
      ["--local", "x", "--endpoint", "http://localhost"],
      /^s3bucketmap: --local and --endpoint cannot be used together/,
    ],
  ])("says of %j in one line what to do, with exit code 2", async (args, says) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(says);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  it("prints its help and its version", async () => {
    const { code, out, err } = await run(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const flag of ["local", "endpoint", "region", "profile", "json", "bytes", "eval", "help", "version"])
      expect(out).toContain(`--${flag}`);
    const { version } = JSON.parse(readFileSync(path.join(__dirname, "../../package.json"), "utf8")) as {
      version: string;
    };
    expect(await run(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });
});
