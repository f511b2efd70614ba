import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { S3BucketMap, S3BucketMapError } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import type * as library from "../lib/index.js";
import { toFailure } from "../lib/worker/failure.js";
import { freshMap, seed } from "./support/fault-cell.js";
import { changeFile } from "./support/change-file.js";
import { hostileBuild } from "./support/hostile-build.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(60_000);

const root = path.join(__dirname, "..");
let folder: string;
let server: HttpS3;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "s3bucketmap-errors-"));
  server = await startHttpS3();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => seed(server));

function thrown(run: () => unknown, ErrorClass = S3BucketMapError): S3BucketMapError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ErrorClass);
    return error as S3BucketMapError;
  }
  throw new Error("nothing was thrown");
}

/** The library, loaded from a copy of its own, with a worker thread of its own. */
function copyOfLibrary(name: string): { folder: string; load: () => typeof library } {
  const copy = path.join(folder, name);
  cpSync(path.join(root, "dist"), path.join(copy, "dist"), { recursive: true });
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- a path that is only known now
  return { folder: copy, load: () => require(path.join(copy, "dist/index.js")) as typeof library };
}

describe.each(["atomics", "deasync"] as const)(
  "a success that is not about a whole object, wait: %s",
  (wait) => {
    it.each([
      [201, { "content-length": "0" }],
      [203, { "content-length": "0" }],
      [204, { "content-length": "0" }],
      [204, {}],
      [205, { "content-length": "0" }],
      [206, { "content-length": "0" }],
    ])("is BadAnswer to every method that reads, and replaces no file: %i with %j", (status, length) => {
      const headers = { etag: '"x"', "last-modified": "Mon, 02 Nov 2026 10:00:00 GMT", ...length };
      server.fault({ times: Infinity, action: { status, headers, body: "" } });
      const map = freshMap(server.endpoint, wait);
      const file = path.join(folder, "target");
      writeFileSync(file, "old");
      const reads = [
        () => map.get("here"),
        () => map.has("here"),
        () => map.head("here"),
        () => map.getFile("here", file),
      ];
      for (const read of reads)
        expect(thrown(read)).toMatchObject({ code: "BadAnswer", statusCode: status, attempts: 1 });
      expect(readFileSync(file, "utf8")).toBe("old");
    });
  },
);

describe.each(["atomics", "deasync"] as const)("a value whose end nothing marks, wait: %s", (wait) => {
  it("is BadAnswer to every method that reads, after three attempts, and replaces no file", async () => {
    // A thread of its own, because this one waits.
    const worker = new Worker(
      `const { parentPort } = require("node:worker_threads");
      let requests = 0;
      parentPort.on("message", () => parentPort.postMessage(requests));
      const server = require("node:net").createServer((socket) => socket.on("error", () => {}).once("data", () => {
        requests += 1;
        socket.end('HTTP/1.1 200 OK\\r\\nETag: "x"\\r\\nConnection: close\\r\\n\\r\\nhalf');
      }));
      server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`,
      { eval: true },
    );
    const [port] = (await once(worker, "message")) as [number];
    const requests = async (): Promise<number> => {
      worker.postMessage("");
      return ((await once(worker, "message")) as [number])[0];
    };
    const map = freshMap(`http://127.0.0.1:${port}`, wait);
    const file = path.join(folder, "target");
    writeFileSync(file, "old");
    expect(thrown(() => map.get("here"))).toMatchObject({ code: "BadAnswer", statusCode: 200 });
    expect(await requests()).toBe(3);
    expect(thrown(() => map.getFile("here", file))).toMatchObject({ code: "BadAnswer", statusCode: 200 });
    expect(await requests()).toBe(6);
    expect(readFileSync(file, "utf8")).toBe("old");
    await worker.terminate();
  });
});

describe("an error", () => {
  it("of S3's has its code, what was tried on what, status, request id, tries and cause", () => {
    server.fault({ operation: "GET", action: { status: 403, code: "AccessDenied", message: "No way." } });
    const error = thrown(() => freshMap(server.endpoint, "atomics").get("here"));
    expect({ ...error }).toEqual({
      code: "AccessDenied",
      operation: "get",
      bucket: "bucket",
      key: "p/here",
      statusCode: 403,
      requestId: "FAULT",
      attempts: 1,
    });
    expect(error.message).toBe(
      'Cannot read "p/here" in bucket "bucket": AccessDenied (HTTP 403): No way. The credentials do not allow it. ' +
        "S3 also answers 403 for a missing key when s3:ListBucket is not allowed.",
    );
    expect(error.cause).toMatchObject({ name: "AccessDenied", message: "No way." });
  });

  it.each([
    ["UnknownError", 500],
    ["NotFound", 404],
    ["Unknown", 400],
    ["Error", 409],
  ])("of a service's own has its code: %s", (code, status) => {
    const map = freshMap(server.endpoint, "atomics");
    server.fault({ action: { status, code, message: "" }, times: Infinity });
    for (const call of [() => map.get("here"), () => map.set("here", "new"), () => map.size]) {
      const error = thrown(call);
      expect(error).toMatchObject({ code, statusCode: status });
      expect(error.message).toContain(`: ${code} (HTTP ${status})`);
      expect(error.message).not.toContain("no error code");
    }
    server.clearFaults();
    server.fault({ action: { status, body: "<html>no</html>" }, times: Infinity });
    expect(thrown(() => map.set("here", "new")).message).toContain(`: HTTP${status}`);
  });

  it("says nothing of what is not known", () => {
    const error = thrown(() => freshMap("http://127.0.0.1:9", "atomics").get("here"));
    expect(inspect(error)).not.toContain("undefined");
    expect(error.requestId).toBeUndefined();
  });

  it("of the network has the system's own as its cause", () => {
    const error = thrown(() => freshMap("http://nosuch.invalid", "atomics").get("here"));
    expect(error).toMatchObject({ code: "NetworkError", attempts: 3 });
    expect(error.cause).toMatchObject({ code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) as string });
  });

  it("of a host of AWS that does not exist advises to look at the region", () => {
    const cause = Object.assign(new Error("getaddrinfo ENOTFOUND b.s3.frankfurt.amazonaws.com"), {
      code: "ENOTFOUND",
      syscall: "getaddrinfo",
    });
    expect(toFailure(cause, false)).toMatchObject({
      code: "NetworkError",
      todo: expect.stringContaining("Check the region") as string,
    });
  });
});

describe("the code", () => {
  it("TimedOut names the deadline", () => {
    server.fault({ operation: "GET", action: { stall: "before" } });
    expect(thrown(() => freshMap(server.endpoint, "atomics", 1000).get("here")).message).toBe(
      'Timed out after 1000 ms while reading "p/here" in bucket "bucket".',
    );
  });

  const withoutCredentials = (
    options: S3BucketOptions,
    environment: NodeJS.ProcessEnv = {},
  ): S3BucketMapError => {
    const before = { ...process.env };
    for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) delete process.env[name];
    Object.assign(process.env, { HOME: folder, AWS_EC2_METADATA_DISABLED: "true", ...environment });
    server.reset();
    const map = new S3BucketMap("bucket", { endpoint: server.endpoint, ...options });
    const error = thrown(() => map.set("here", "new"));
    process.env = before;
    expect(server.counts().total).toBe(0);
    return error;
  };

  it("CredentialsMissing comes where there are none, and nothing is sent", () => {
    const error = withoutCredentials({});
    expect(error).toMatchObject({ code: "CredentialsMissing", operation: "set" });
    expect(error.message).toContain(
      'looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, profile "default" in',
    );
    expect(error.message).toContain("use the option local with a directory");
    expect(error.message).not.toContain("may still have happened");
  });

  it("CredentialsMissing names a profile that is not there, and the files", () => {
    const { message } = withoutCredentials({ profile: "nope" });
    const files = path.join(folder, ".aws");
    expect(message).toContain(
      `there is no profile "nope" (option profile): ${files}/credentials and ${files}/config contain no profiles. Correct the profile's name`,
    );
  });

  it("CredentialsMissing names the profiles that are there, and says why the environment is not used", () => {
    const files = path.join(folder, ".aws");
    mkdirSync(files);
    writeFileSync(
      path.join(files, "credentials"),
      "[ work ]\naws_access_key_id = a\naws_secret_access_key = b\n",
    );
    writeFileSync(path.join(files, "config"), '[profile "empty"]\nregion = r\n[sso-session x]\n[default]\n');
    const misspelt = withoutCredentials({ profile: "wrok" }).message;
    expect(misspelt).toMatch(
      /there is no profile "wrok" .* contain empty, default, work\. Correct .* add the profile\.$/,
    );
    const given = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    expect(withoutCredentials({ profile: "wrok" }, given).message).toMatch(
      / do not name a profile, because it takes precedence\.$/,
    );
    expect(withoutCredentials({ profile: "empty" }).message).toMatch(
      /profile "empty" \(option profile\) has no credentials in .*Add aws_access_key_id and aws_secret_access_key to the profile/,
    );
    rmSync(files, { recursive: true });
  });

  it("CredentialsMissing says how to log in where a profile has SSO", () => {
    const files = path.join(folder, ".aws");
    mkdirSync(files);
    const lines = ["[profile work]", "sso_session = mine", "sso_account_id = 1", "sso_role_name = r"];
    const session = ["[sso-session mine]", "sso_region = us-east-1", "sso_start_url = https://sso.invalid"];
    writeFileSync(path.join(files, "config"), [...lines, ...session, ""].join("\n"));
    const { message } = withoutCredentials({ profile: "work" });
    rmSync(files, { recursive: true });
    expect(message).toContain('profile "work" (option profile) has sso_session');
    expect(message).toMatch(/ Log in: aws sso login --profile work\.$/);
  });

  it("NetworkError says that an endpoint does not speak TLS", () => {
    const map = freshMap(server.endpoint.replace("http:", "https:"), "atomics");
    const { message } = thrown(() => map.get("here"));
    expect(message).toContain("the endpoint does not speak TLS: its URL may have to begin with http://.");
  });

  it("BadConfiguration says what the SDK could not make sense of", () => {
    const map = new S3BucketMap("bucket", {
      region: "no region/at all",
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
    const error = thrown(() => map.set("here", "new"));
    expect(error).toMatchObject({ code: "BadConfiguration", operation: "set" });
    expect(error.message).toContain("no region/at all");
    expect(error.message).not.toContain("may still have happened");
  });

  it("NotUtf8 comes with bytes that are no string, and names the option", () => {
    const map = freshMap(server.endpoint, "atomics").set("bytes", new Uint8Array([0xff, 0xfe]));
    const error = thrown(() => map.get("bytes"));
    expect(error).toMatchObject({ code: "NotUtf8", operation: "get", key: "p/bytes" });
    expect(error.message).toContain('readAs: "bytes"');
    map.delete("bytes");
  });

  it("ValueTooLong comes before the body of a value that no string can hold", () => {
    server.fault({
      operation: "GET",
      action: { status: 200, body: "x", headers: { "content-length": "600000000", etag: '"e"' } },
    });
    const error = thrown(() => freshMap(server.endpoint, "atomics").get("here"));
    expect(error).toMatchObject({ code: "ValueTooLong", operation: "get", key: "p/here" });
    expect(error.message).toContain("600000000 bytes");
  });

  it.each(["atomics", "deasync"] as const)(
    "says nothing of a condition after a plain call, wait: %s",
    (wait) => {
      // As from a proxy.
      server.fault({ times: Infinity, action: { status: 412, body: "<html>Not now</html>" } });
      const map = freshMap(server.endpoint, wait);
      for (const use of [() => map.get("here"), () => map.set("here", "new"), () => map.delete("here")])
        expect(thrown(use)).toMatchObject({ name: "S3BucketMapError", code: "HTTP412", statusCode: 412 });
    },
  );

  it("PartialFailure names the keys that were deleted, and those that were not with their errors", () => {
    const refusal =
      "<DeleteResult><Deleted><Key>p/here</Key></Deleted>" +
      "<Error><Key>p/other</Key><Code>AccessDenied</Code><Message>Not this</Message></Error></DeleteResult>";
    server.fault({ operation: "DELETE_OBJECTS", action: { status: 200, body: refusal } });
    const error = thrown(() => freshMap(server.endpoint, "atomics").clear()) as library.PartialFailureError;
    expect(error).toMatchObject({
      name: "PartialFailureError",
      code: "PartialFailure",
      operation: "clear",
      bucket: "bucket",
      succeeded: ["here"],
    });
    expect([...error.failed.keys()]).toEqual(["other"]);
    expect(error.failed.get("other")).toBe(error.cause);
    expect(error.cause).toMatchObject({
      name: "AccessDeniedError",
      code: "AccessDenied",
      operation: "delete",
      key: "p/other",
      statusCode: 200,
    });
  });

  it("Unknown is for what is thrown and is no error", () => {
    expect(toFailure("a string", true)).toEqual({
      code: "Unknown",
      reason: "a string",
      mayHaveBeenApplied: true,
    });
  });

  // [what was thrown, its code]
  it.each<[string, Error, string]>([
    ["a mistake in the code", new TypeError("x is not a function"), "Unknown"],
    [
      "a mistake of Node's kind",
      Object.assign(new TypeError("no"), { code: "ERR_INVALID_ARG_TYPE" }),
      "Unknown",
    ],
    ["a file that is no directory", Object.assign(new Error("EEXIST: …"), { code: "EEXIST" }), "Unknown"],
    ["a store of another format", new Error("it has the format 7"), "Unknown"],
    [
      "an endpoint that is none",
      Object.assign(new TypeError("no"), { code: "ERR_INVALID_URL" }),
      "BadConfiguration",
    ],
    ["a region that is none", new Error('Region not accepted: region="no/".'), "BadConfiguration"],
    ["a reset", Object.assign(new Error("read"), { code: "ECONNRESET", syscall: "read" }), "NetworkError"],
  ])("of %s says what it is", (_what, error, code) => {
    expect(toFailure(error, false)).toMatchObject({ code, reason: error.message });
  });

  it("Closed comes after close(), from every method, and nothing is sent", () => {
    const map = freshMap(server.endpoint, "atomics");
    map.close();
    server.reset();
    const calls: Record<string, () => unknown> = {
      get: () => map.get("here"),
      set: () => map.set("here", "new"),
      has: () => map.has("here"),
      delete: () => map.delete("here"),
      head: () => map.head("here"),
      list: () => [...map.keys()],
      clear: () => map.clear(),
      create: () => map.create("new", "value"),
      update: () => map.update("here", () => "new"),
      subMap: () => map.subMap("x"),
    };
    for (const [operation, run] of Object.entries(calls))
      expect(thrown(run)).toMatchObject({ code: "Closed", operation, bucket: "bucket" });
    for (const run of [() => [...map.list()], () => map.set("here", "new", { ifMatch: '"x"' })])
      expect(thrown(run)).toMatchObject({ code: "Closed" });
    expect(server.counts().total).toBe(0);
  });

  it.each(["atomics", "deasync"] as const)(
    "WorkerNotStarted has what stopped it as its cause, wait: %s",
    (wait) => {
      const { folder: copy, load } = copyOfLibrary(`broken-${wait}`);
      symlinkSync(path.join(root, "node_modules"), path.join(copy, "node_modules"));
      // Where the module of the message loop is loaded.
      const broken = 'throw new Error("broken on purpose");\nfunction serve(';
      changeFile(path.join(copy, "dist/worker.js"), "function serve(", broken);
      const library = load();
      const map = new library.S3BucketMap("bucket", { local: folder, wait });
      for (let time = 0; time < 2; time += 1) {
        const error = thrown(() => map.set("k", "v"), library.S3BucketMapError);
        expect(error).toMatchObject({ code: "WorkerNotStarted", operation: "set", key: "k" });
        expect(error.message).not.toContain("may still have happened");
        expect((error.cause as Error).message).toBe("broken on purpose");
      }
    },
  );

  it.each(["atomics", "deasync"] as const)("WorkerDied has its last words as its cause, wait: %s", (wait) => {
    const build = hostileBuild();
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- a path that is only known now
    const hostile = require(build.library) as typeof library;
    const map = new hostile.S3BucketMap("bucket", { local: path.join(build.folder, "s3"), wait });
    const error = thrown(() => map.get("throw"), hostile.S3BucketMapError);
    expect(error).toMatchObject({ code: "WorkerDied", operation: "get", key: "throw" });
    expect((error.cause as Error).message).toBe("thrown in the worker");
    expect(map.get("alive")).toBe("value of alive");
    build.remove();
  });

  it("SdkUnavailable comes where the SDK is needed and not installed, which small requests do without", () => {
    const { load } = copyOfLibrary("without-sdk");
    const without = load();
    const map = new without.S3BucketMap("bucket", {
      endpoint: server.endpoint,
      credentials: { accessKeyId: "key", secretAccessKey: "secret" },
    });
    expect(map.has("missing")).toBe(false);
    map.set("small", "value").set("other", "1");
    expect([map.get("small"), map.get("missing"), map.has("small")]).toEqual(["value", undefined, true]);
    expect([...map.keys()]).toContain("small");
    expect(map.delete("other")).toBe(true);
    const error = thrown(() => map.deleteMany(["small"]), without.S3BucketMapError);
    expect(error).toMatchObject({ code: "SdkUnavailable", operation: "deleteMany" });
    expect(error.message).toMatch(/npm install @aws-sdk\/client-s3/);
    server.fault({ operation: "PUT", action: { status: 500, code: "InternalError" } });
    const write = thrown(() => map.set("small", "new"), without.S3BucketMapError);
    expect(write).toMatchObject({ code: "SdkUnavailable" });
    expect(write.message).toContain("may still have happened");
    server.clearFaults();
    expect(map.get("small")).toBe("value");
  });

  it("LocalS3Unavailable comes where lmdb is not installed, and says how to install it", () => {
    const { folder: copy, load } = copyOfLibrary("without-lmdb");
    const modules = path.join(copy, "node_modules");
    mkdirSync(modules);
    for (const name of readdirSync(path.join(root, "node_modules"))) {
      if (name !== "lmdb") symlinkSync(path.join(root, "node_modules", name), path.join(modules, name));
    }
    const without = load();
    const map = new without.S3BucketMap("bucket", { local: path.join(folder, "never") });
    const error = thrown(() => map.set("k", "v"), without.S3BucketMapError);
    expect(error).toMatchObject({ code: "LocalS3Unavailable", operation: "set" });
    expect(error.message).toMatch(/^Cannot write "k" in bucket "bucket": .*npm install lmdb$/);
  });
});

describe("the code TooManyNestedCalls", () => {
  it("comes at the 65th call inside another, and the outer ones go on", () => {
    const map = freshMap(server.endpoint, "deasync");
    const errors: unknown[] = [];
    const read: (string | undefined)[] = [];
    const nest = (depth: number): void => {
      const inside = depth < 65 ? setImmediate(() => nest(depth + 1)) : undefined;
      try {
        read.push(map.get("here"));
      } catch (error) {
        errors.push(error);
      }
      clearImmediate(inside);
    };
    server.fault({ times: 64, action: { delayMs: 1000 } });
    nest(1);
    expect(errors).toEqual([
      expect.objectContaining({
        code: "TooManyNestedCalls",
        operation: "get",
        bucket: "bucket",
        key: "p/here",
      }),
    ]);
    expect(read).toEqual(Array.from({ length: 64 }, () => "stored"));
  });
});
