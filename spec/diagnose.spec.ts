import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { inspect } from "node:util";
import { S3BucketMap } from "../lib/index.js";
import type { Diagnosis, DiagnosisLine, S3BucketOptions } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, HttpS3Options } from "./support/http-s3.js";

jest.setTimeout(120_000);

const waits = ["atomics", "deasync"] as const;
const credentials = {
  accessKeyId: "AKIARECOGNISABLEWXYZ",
  secretAccessKey: "recognisable/secret+key",
  sessionToken: "RecognisableSessionToken==",
};
const own = /^p\/\.s3bucketmap-diagnosis-[\w-]{12}$/;

let folder: string;
let server: HttpS3;
const others: HttpS3[] = [];
const before = { ...process.env };
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-diagnose-"));
  server = await startHttpS3();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all([server, ...others].map((one) => one.close()));
});
beforeEach(() => {
  server.clearFaults();
  open().clear();
  open({}, "").setMany([
    ["p/mine", "1"],
    ["p", "2"],
    ["q/other", "3"],
  ]);
  server.reset();
});
afterEach(() => {
  server.clearFaults();
  process.env = { ...before };
});

function open(options: S3BucketOptions = {}, prefix = "p/"): S3BucketMap {
  return new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials,
    prefix,
    ...options,
  });
}

async function another(options: HttpS3Options): Promise<HttpS3> {
  const made = await startHttpS3(options);
  others.push(made);
  return made;
}

function line(diagnosis: Diagnosis, name: string): DiagnosisLine {
  const found = diagnosis.lines.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no line ${name} in\n${String(diagnosis)}`);
  return found;
}

/** The names of the lines, by what they ended in. */
function by(diagnosis: Diagnosis, status: DiagnosisLine["status"]): string[] {
  return diagnosis.lines.filter((one) => one.status === status).map(({ name }) => name);
}

function keys(): string[] {
  return [...open({}, "").keys()];
}

function expectEachTodo({ lines }: Diagnosis): void {
  for (const one of lines) {
    if (one.status === "failed" || one.status === "limited")
      expect(one).toEqual({ ...one, todo: expect.stringMatching(/\.$/) as string });
  }
}

/** An environment in which nothing is set, with these shared configuration files. */
function emptyEnvironment(files: { config?: string; credentials?: string } = {}): string {
  const home = mkdtempSync(path.join(folder, "home-"));
  mkdirSync(path.join(home, ".aws"));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(home, ".aws", name), text);
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
  process.env["HOME"] = home;
  process.env["AWS_EC2_METADATA_DISABLED"] = "true";
  return home;
}

describe.each(waits)("S3BucketMap#diagnose() with wait %s", (wait) => {
  it("finds all well, by requests for keys of its own, and leaves all as it was", () => {
    const diagnosis = open({ wait }).diagnose();
    expect(diagnosis.ok).toBe(true);
    expect(diagnosis.lines.map(({ name, status }) => [name, status])).toEqual(
      [
        ...["endpoint", "region", "addressing", "credentials", "clock", "list", "read", "write", "delete"],
        ...["conditional PUT", "conditional DELETE", "multipart upload", "DeleteObjects", "checksums"],
        ...["round trip", "versions"],
      ].map((name) => [name, "ok"]),
    );
    const log = server.log();
    expect(new Set(log.map(({ key }) => key).filter((key) => key !== "" && !own.test(key)))).toEqual(
      new Set(),
    );
    expect(new Set(log.map(({ key }) => key)).size).toBe(2);
    expect(log.filter(({ query }) => "list-type" in query).map(({ query }) => query["prefix"])).toEqual([
      "p/",
    ]);
    expect(keys()).toEqual(["p", "p/mine", "q/other"]);
  });

  it("sends as many requests as docs/costs.md says", () => {
    open({ wait }).diagnose();
    expect(server.counts()).toMatchObject({ total: 20, LIST: 1, HEAD: 0, DELETE_OBJECTS: 1 });
    server.reset();
    open({ wait }).diagnose({ readOnly: true });
    expect(server.counts()).toMatchObject({ total: 2, LIST: 1, GET: 1 });
  });

  it("ends within its time where no answer comes, and where one comes no more", () => {
    server.fault({ times: Infinity, action: { stall: "before" } });
    const started = performance.now();
    const diagnosis = open({ wait, timeoutMs: 2000 }).diagnose();
    expect(performance.now() - started).toBeLessThan(2100);
    expect(by(diagnosis, "failed")).toEqual(["endpoint"]);
    expect(line(diagnosis, "endpoint").text).toMatch(/TimedOut: no response within \d\.\d s/);
    expectEachTodo(diagnosis);
  });
});

describe("S3BucketMap#diagnose()", () => {
  it("gives a frozen value, which is a report when it is printed", () => {
    const diagnosis = open().diagnose({ readOnly: true });
    expect(Object.isFrozen(diagnosis) && Object.isFrozen(diagnosis.lines)).toBe(true);
    expect(diagnosis.lines.every(Object.isFrozen)).toBe(true);
    expect(inspect(diagnosis)).toBe(String(diagnosis));
    expect(String(diagnosis)).toMatch(
      /^s3:\/\/bucket\/p\/: nothing that is needed has failed\nok +endpoint +http/,
    );
    expect(JSON.parse(JSON.stringify(diagnosis))).toEqual({ ok: true, lines: diagnosis.lines });
  });

  it("writes nothing with readOnly", () => {
    const diagnosis = open().diagnose({ readOnly: true });
    expect(new Set(server.log().map(({ method }) => method))).toEqual(new Set(["GET"]));
    expect(line(diagnosis, "read")).toMatchObject({ status: "ok" });
    expect(line(diagnosis, "write")).toEqual({
      name: "write",
      status: "unknown",
      text: "not tried: read only",
    });
    expect(diagnosis.ok).toBe(true);
  });

  it.each([
    ["the wrong type", 5 as never, /must be an object/],
    ["an unknown name", { readonly: true } as never, /There is no option "readonly" of diagnose/],
    ["a value of the wrong type", { readOnly: "yes" } as never, /must be true or false/],
  ])("throws a TypeError for options of %s", (_what, options, says) => {
    expect(() => open().diagnose(options)).toThrow(TypeError);
    expect(() => open().diagnose(options)).toThrow(says);
    expect(server.counts().total).toBe(0);
  });

  it("does not throw once the map is closed", () => {
    const map = open();
    map.close();
    expect(map.diagnose().lines).toEqual([
      expect.objectContaining({
        name: "diagnosis",
        status: "failed",
        text: expect.stringContaining("Closed") as string,
      }),
    ]);
  });

  it("leaves writing out where no key of its own fits under the prefix", () => {
    const diagnosis = open({}, "p".repeat(1000)).diagnose();
    expect(by(diagnosis, "unknown")).toContain("write");
    expect(line(diagnosis, "write").text).toContain("no room");
    expect(server.counts()).toMatchObject({ total: 1 });
  });

  it.each(["InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"])(
    "blames the credentials for %s",
    (code) => {
      server.fault({
        times: Infinity,
        action: { status: 403, code, message: `no ${credentials.accessKeyId}` },
      });
      const diagnosis = open().diagnose();
      expect(by(diagnosis, "failed")).toEqual(["credentials"]);
      expect(line(diagnosis, "credentials").text).toMatch(
        new RegExp(
          `^access key …WXYZ \\(option credentials\\): ${code} \\(HTTP 403\\): no access key …WXYZ$`,
        ),
      );
      expect(by(diagnosis, "unknown")).toContain("write");
      expectEachTodo(diagnosis);
    },
  );

  it("says where it has looked for credentials in vain", () => {
    const home = emptyEnvironment();
    const diagnosis = open({ credentials: undefined as never }).diagnose();
    expect(by(diagnosis, "failed")).toEqual(["credentials"]);
    expect(line(diagnosis, "credentials").text).toContain(
      `looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, profile "default" in ${home}/.aws/credentials and ${home}/.aws/config`,
    );
    expect(server.counts().total).toBe(0);
    expectEachTodo(diagnosis);
  });

  it("blames the endpoint for a port that is closed", () => {
    const diagnosis = open({ endpoint: "http://127.0.0.1:1" }).diagnose();
    expect(by(diagnosis, "failed")).toEqual(["endpoint"]);
    expect(line(diagnosis, "endpoint").text).toMatch(
      /^http:\/\/127\.0\.0\.1:1 \(option endpoint\): NetworkError: /,
    );
    expectEachTodo(diagnosis);
  });

  it.each([
    ["a web page", { status: 200, headers: { "content-type": "text/html" }, body: "<html>Log in</html>" }],
    ["a proxy's error", { status: 502, body: "<html>Bad gateway</html>" }],
  ])("blames the endpoint for %s", (_what, action) => {
    server.fault({ times: Infinity, action });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "failed")).toEqual(["endpoint"]);
    expectEachTodo(diagnosis);
  });

  it("follows to the region that the service names, and says to set it", () => {
    const body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    server.fault({ action: { status: 400, body } });
    const diagnosis = open().diagnose();
    expect(diagnosis.ok).toBe(true);
    expect(line(diagnosis, "region")).toEqual({
      name: "region",
      status: "limited",
      text: "us-east-1 (option region); the bucket is in eu-west-1, so requests are sent there",
      todo: "Set the region eu-west-1. This saves each program a request.",
    });
    expect(server.log().at(-1)!.signedFor).toBe(`${credentials.accessKeyId} eu-west-1`);
  });

  it("blames the region for a redirect that names none", () => {
    server.fault({ times: Infinity, action: { status: 301, code: "PermanentRedirect" } });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "failed")).toEqual(["region"]);
    expect(line(diagnosis, "region").todo).toContain("option region");
  });

  it("names a bucket that does not exist", async () => {
    const { endpoint } = await another({ createBuckets: false });
    const diagnosis = open({ endpoint }).diagnose();
    expect(by(diagnosis, "failed")).toEqual(["bucket"]);
    expect(line(diagnosis, "bucket").text).toContain("NoSuchBucket (HTTP 404)");
    expectEachTodo(diagnosis);
  });

  it("tells who may not list what else is allowed", () => {
    server.fault({ operation: "LIST", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "failed")).toEqual(["list"]);
    expect(line(diagnosis, "list").todo).toContain("s3:ListBucket");
    expect(line(diagnosis, "write").status).toBe("ok");
    server.fault({ operation: "GET", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    // A missing key, too, is answered so.
    expect(line(open().diagnose({ readOnly: true }), "read").status).toBe("unknown");
  });

  it("tells who may only read that writing is refused, and whether deleting is", () => {
    server.fault({ operation: "PUT", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "failed")).toEqual(["write"]);
    expect(line(diagnosis, "write").todo).toContain("s3:PutObject");
    expect(line(diagnosis, "read").status).toBe("ok");
    expect(line(diagnosis, "delete").status).toBe("ok");
    expect(line(diagnosis, "conditional PUT").status).toBe("unknown");
    server.fault({ operation: "DELETE", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(by(open().diagnose(), "failed")).toEqual(["write", "delete"]);
    server.fault({ operation: "GET", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(by(open().diagnose(), "failed")).toEqual(["read", "write", "delete"]);
  });

  it("does not take the 403 for a missing key, which those get who may not list, for a denial of deleting", () => {
    const denied = { status: 403, code: "AccessDenied" };
    server.fault({ operation: "LIST", times: Infinity, action: denied });
    // The first and the third one are of a key that is there.
    server.fault({ operation: "GET", after: 1, action: denied });
    server.fault({ operation: "GET", after: 2, action: denied });
    expect(by(open().diagnose(), "failed")).toEqual(["list"]);
    expect(server.counts().GET).toBe(4);
    server.clearFaults();
    expect(keys()).toEqual(["p", "p/mine", "q/other"]);
  });

  it("tells who may write and not read what else works", () => {
    server.fault({ operation: "GET", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "failed")).toEqual(["read"]);
    expect(by(diagnosis, "ok")).toEqual(
      expect.arrayContaining(["write", "delete", "conditional DELETE", "multipart upload", "DeleteObjects"]),
    );
    server.clearFaults();
    expect(keys()).toEqual(["p", "p/mine", "q/other"]);
  });

  it("names the one key that stays where deleting is refused", () => {
    server.fault({ operation: "DELETE", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "failed")).toEqual(["delete", "left over"]);
    const [left] = keys().filter((key) => own.test(key));
    expect(keys().filter((key) => own.test(key))).toHaveLength(1);
    expect(line(diagnosis, "left over").text).toContain(JSON.stringify(left));
    expect(by(diagnosis, "unknown")).toContain("multipart upload");
    expect(server.log().filter(({ operation }) => operation === "PutObject")).toHaveLength(1);
    expectEachTodo(diagnosis);
  });

  it("says of a write without an answer that it may still come, and deletes what came", () => {
    server.fault({ operation: "PUT", times: Infinity, action: { stall: "after-apply" } });
    const diagnosis = open({ timeoutMs: 3000 }).diagnose();
    expect(by(diagnosis, "failed")).toEqual(["write"]);
    expect(line(diagnosis, "left over")).toMatchObject({
      status: "unknown",
      text: expect.stringContaining("may still be applied") as string,
    });
    expect(keys()).toEqual(["p", "p/mine", "q/other"]);
  });

  it("tells a service that does not do what it says", () => {
    server.fault({ operation: "DELETE", times: Infinity, action: { status: 204 } });
    const diagnosis = open().diagnose();
    expect(line(diagnosis, "delete").text).toBe("the object that was deleted is still there");
    expect(line(diagnosis, "left over").text).toMatch(
      /the key ".*\.s3bucketmap-diagnosis-.*", .* is still there/,
    );
    expect(diagnosis.ok).toBe(false);
    expectEachTodo(diagnosis);
  });

  it.each([
    ["not implemented", ["conditional PUT", "conditional DELETE"]],
    ["ignored", ["conditional PUT", "conditional DELETE"]],
    ["ignored by DELETE", ["conditional DELETE"]],
    ["bare", []],
  ] as const)("tells of conditions that are %s", async (conditions, limited) => {
    const { endpoint } = await another({ conditions });
    const diagnosis = open({ endpoint }).diagnose();
    expect(by(diagnosis, "limited")).toEqual(limited);
    expect(diagnosis.ok).toBe(true);
    expect([...open({ endpoint }).keys()]).toEqual([]);
    expectEachTodo(diagnosis);
  });

  it("tells of a service without DeleteObjects, and of one without multipart uploads", () => {
    server.fault({
      operation: "DeleteObjects",
      times: Infinity,
      action: { status: 501, code: "NotImplemented" },
    });
    server.fault({
      operation: "CreateMultipartUpload",
      times: Infinity,
      action: { status: 501, code: "NotImplemented" },
    });
    const diagnosis = open().diagnose();
    expect(by(diagnosis, "limited")).toEqual(["multipart upload", "DeleteObjects"]);
    expect(diagnosis.ok).toBe(true);
    expect(keys()).toEqual(["p", "p/mine", "q/other"]);
    expectEachTodo(diagnosis);
  });

  it("measures the clock by the answers", () => {
    const headers = { date: new Date(Date.now() - 600_000).toUTCString() };
    const listing = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    server.fault({ operation: "LIST", action: { status: 200, headers, body: listing } });
    server.fault({ operation: "GET", action: { status: 404, headers, code: "NoSuchKey" } });
    const clock = line(open().diagnose({ readOnly: true }), "clock");
    expect(clock).toMatchObject({
      status: "limited",
      todo: expect.stringContaining("Set the clock") as string,
    });
    expect(clock.text).toMatch(/^(599|600|601) s ahead of the service's$/);
    server.fault({ times: Infinity, action: { status: 403, headers, code: "RequestTimeTooSkewed" } });
    expect(by(open().diagnose(), "failed")).toEqual(["clock"]);
  });
});

describe("where settings come from", () => {
  const read = (map: S3BucketMap, name: string): string => line(map.diagnose({ readOnly: true }), name).text;

  it("is the environment", () => {
    emptyEnvironment();
    process.env["AWS_ENDPOINT_URL_S3"] = server.endpoint;
    process.env["AWS_REGION"] = "eu-west-3";
    process.env["AWS_ACCESS_KEY_ID"] = credentials.accessKeyId;
    process.env["AWS_SECRET_ACCESS_KEY"] = credentials.secretAccessKey;
    process.env["AWS_SESSION_TOKEN"] = credentials.sessionToken;
    const map = new S3BucketMap("bucket");
    expect(read(map, "endpoint")).toBe(`${server.endpoint} (AWS_ENDPOINT_URL_S3)`);
    expect(read(map, "region")).toBe("eu-west-3 (AWS_REGION)");
    expect(read(map, "addressing")).toBe("the bucket is in the path (the endpoint is not AWS's)");
    expect(read(map, "credentials")).toBe(
      "access key …WXYZ (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN)",
    );
  });

  it("is a line of a shared file", () => {
    const home = emptyEnvironment({
      config: `# mine\n[default]\nregion = us-west-1\n[profile other]\nservices = mine\nregion=ca-central-1\n\n[services mine]\ns3 =\n  endpoint_url = ${server.endpoint}\n`,
      credentials: `[other]\naws_access_key_id = ${credentials.accessKeyId}\naws_secret_access_key = ${credentials.secretAccessKey}\n`,
    });
    process.env["AWS_PROFILE"] = "other";
    const map = new S3BucketMap("bucket", { forcePathStyle: true });
    expect(read(map, "endpoint")).toBe(`${server.endpoint} (${home}/.aws/config, line 10)`);
    expect(read(map, "region")).toBe(`ca-central-1 (${home}/.aws/config, line 6)`);
    expect(read(map, "addressing")).toBe("the bucket is in the path (option forcePathStyle)");
    expect(read(map, "credentials")).toBe(
      `access key …WXYZ (static credentials, profile "other" (AWS_PROFILE): ${home}/.aws/credentials, line 2)`,
    );
  });

  it("is a program, whose words are not repeated where it fails", () => {
    const secret = "whispered-secret-of-a-program";
    const given = JSON.stringify({
      Version: 1,
      AccessKeyId: credentials.accessKeyId,
      SecretAccessKey: secret,
    });
    const home = emptyEnvironment({
      config: `[profile well]\ncredential_process = echo '${given}'\n[profile ill]\ncredential_process = sh -c 'echo ${secret} >&2; exit 3'\n`,
    });
    const reach = { credentials: undefined as never };
    const well = open({ ...reach, profile: "well" }).diagnose({ readOnly: true });
    expect(line(well, "credentials").text).toBe(
      `access key …WXYZ (a program, credential_process, profile "well" (option profile): ${home}/.aws/config, line 2)`,
    );
    const ill = open({ ...reach, profile: "ill" }).diagnose({ readOnly: true });
    expect(line(ill, "credentials")).toMatchObject({
      status: "failed",
      text: expect.stringContaining(
        `has credential_process (${home}/.aws/config, line 4), but it returned no credentials`,
      ) as string,
      todo: expect.stringContaining("Run the program") as string,
    });
    for (const diagnosis of [well, ill]) expect(allWords(diagnosis)).not.toContain(secret);
  });

  it("is nothing for anonymous requests", () => {
    expect(read(open({ anonymous: true, credentials: undefined as never }), "credentials")).toContain(
      "option anonymous",
    );
  });
});

/** All that can be learnt of a thing by printing it. */
function allWords(thing: Diagnosis): string {
  const everything = { depth: Infinity, showHidden: true, showProxy: true, maxStringLength: null };
  return [String(thing), JSON.stringify(thing), inspect(thing, { ...everything, customInspect: false })].join(
    "\n",
  );
}

it("tells no secret, whatever the service repeats", () => {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  for (const code of ["AccessDenied", "SignatureDoesNotMatch", "InvalidToken", "Odd"]) {
    const message = `${accessKeyId} ${secretAccessKey} ${encodeURIComponent(secretAccessKey)} ${sessionToken}`;
    server.fault({ times: Infinity, action: { status: 403, code, message } });
    const words = allWords(open().diagnose());
    expect(words).toContain(code);
    for (const secret of [accessKeyId, secretAccessKey, encodeURIComponent(secretAccessKey), sessionToken])
      expect(words).not.toContain(secret);
    server.clearFaults();
  }
});

describe("S3BucketMap#diagnose() of a local S3", () => {
  it("names the directory and the version of lmdb, and leaves no key", () => {
    const local = path.join(folder, "local");
    const diagnosis = new S3BucketMap("bucket", { local }).diagnose();
    expect(diagnosis.ok).toBe(true);
    expect(by(diagnosis, "ok")).toEqual(diagnosis.lines.map(({ name }) => name));
    expect(line(diagnosis, "directory").text).toBe(`${local} (option local)`);
    expect(line(diagnosis, "versions").text).toMatch(/, lmdb \d+\.\d+\.\d+$/);
    expect([...new S3BucketMap("bucket", { local }).keys()]).toEqual([]);
  });

  it("makes nothing with readOnly", () => {
    const local = path.join(folder, "absent");
    const diagnosis = new S3BucketMap("bucket", { local }).diagnose({ readOnly: true });
    expect(diagnosis.ok).toBe(true);
    expect(line(diagnosis, "directory").text).toContain("no store yet");
    expect(existsSync(local)).toBe(false);
  });

  it("blames the directory that is a file", () => {
    const local = path.join(folder, "file");
    writeFileSync(local, "");
    const diagnosis = new S3BucketMap("bucket", { local }).diagnose();
    expect(by(diagnosis, "failed")).toEqual(["directory"]);
    expect(line(diagnosis, "directory").text).toContain("LocalS3NotADirectory");
    expectEachTodo(diagnosis);
  });
});

describe("as a program", () => {
  const cli = path.join(__dirname, "../dist/prompt/cli.js");

  function run(args: string[], input = ""): { code: number | null; out: string; err: string } {
    const env = {
      ...before,
      ...{ NO_COLOR: "1", HOME: folder, S3BUCKETMAP_LOCAL: "", AWS_REGION: "us-east-1" },
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, input, encoding: "utf8" });
    return { code: status, out: stdout, err: stderr.replace(/^\(node:\d+\) [\s\S]*$/, "") };
  }
  const at = (): string[] => ["--endpoint", server.endpoint, "s3://bucket/p/"];

  it("s3bucketmap --diagnose prints the report, and its exit code says whether something needed has failed", () => {
    const well = run([cli, "--diagnose", ...at()]);
    expect(well).toMatchObject({ code: 0, err: "" });
    expect(well.out).toMatch(/^s3:\/\/bucket\/p\/: nothing that is needed has failed\n/);
    expect(well.out).toMatch(
      /\nok +credentials +access key …WXYZ \(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY\)\n/,
    );
    const readOnly = run([cli, "--diagnose", "--read-only", ...at()]);
    expect(readOnly).toMatchObject({ code: 0, err: "" });
    expect(readOnly.out).toContain("Not tried (read only): write, delete");
    expect(run([cli, "--diagnose", "--endpoint", "http://127.0.0.1:1", "bucket"])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^s3:\/\/bucket\/: failed: endpoint\nFAILED /) as string,
    });
    expect(`${well.out}${readOnly.out}`).not.toMatch(/recognisable/i);
  });

  it.each([
    ["no bucket", ["--diagnose"], /requires a bucket/],
    ["a location that cannot be", ["--diagnose", "s3:///p"], /contains no bucket name/],
    ["code", ["--diagnose", "--eval", "1", "bucket"], /cannot be used together/],
    ["--read-only alone", ["--read-only", "bucket"], /can only be used with --diagnose/],
  ])("s3bucketmap --diagnose with %s is a mistake", (_what, args, says) => {
    expect(run([cli, ...args])).toEqual({ code: 2, out: "", err: expect.stringMatching(says) as string });
  });

  it(".diagnose prints the report at the prompt, with the layers as without", () => {
    const { code, out } = run([cli, "--json", ...at()], ".diagnose\n.diagnose read-only\n");
    expect(code).toBe(0);
    expect(out.match(/nothing that is needed has failed/g)).toHaveLength(2);
    expect(run([cli, ...at()], ".diagnose all\n")).toMatchObject({
      code: 1,
      err: expect.stringContaining("Use .diagnose") as string,
    });
  });

  it.each([
    ["CommonJS", "index.js", "cjs", (file: string) => `const { S3BucketMap } = require(${file});`],
    ["an ES module", "index.mjs", "mjs", (file: string) => `import { S3BucketMap } from ${file};`],
  ])("works in %s", (_what, entry, extension, load) => {
    const program = path.join(folder, `program.${extension}`);
    writeFileSync(
      program,
      `${load(JSON.stringify(path.join(__dirname, "../dist", entry)))}
       const map = new S3BucketMap("bucket", { endpoint: ${JSON.stringify(server.endpoint)}, prefix: "p/" });
       const { ok, lines } = map.diagnose();
       console.log(ok, lines.length, String(map.diagnose({ readOnly: true })).split("\\n")[0]);`,
    );
    expect(run([program])).toEqual({
      code: 0,
      out: "true 16 s3://bucket/p/: nothing that is needed has failed\n",
      err: "",
    });
  });
});
