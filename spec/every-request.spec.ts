import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { environmentOf } from "../lib/arguments/environment.js";
import { operations } from "../lib/bridge/operations.js";
import type { Call, Op, Result } from "../lib/bridge/operations.js";
import type { ClientConfig } from "../lib/bridge/protocol.js";
import { perform } from "../lib/worker/perform.js";
import { bucketHeaders } from "../lib/worker/s3/bucket-input.js";
import type { BucketInput } from "../lib/worker/s3/bucket-input.js";
import { copyObject } from "../lib/worker/s3/operations/copy-object.js";
import { head } from "../lib/worker/s3/operations/head-object.js";
import { S3 } from "../lib/worker/s3/s3.js";
import { watchRequests } from "../lib/worker/s3/transport/seen-requests.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, LoggedRequest } from "./support/http-s3.js";

// An option that concerns every request has to be in each of them, whichever operation sends it, by the SDK or without it.
// lib/worker/s3/bucket-input.ts is where such an option is added. Here every operation is run over HTTP, in every way that
// has requests of its own, and every request is looked at.

interface EveryRequest {
  given: Partial<ClientConfig>;
  value: string;
  /** Operations that S3 has without it: those that only the bucket's owner may send. */
  notOf: string[];
}

/** The types demand a row for each member. */
const options: Record<Exclude<keyof BucketInput, "Bucket">, EveryRequest> = {
  RequestPayer: {
    given: { requestPayer: true },
    value: "requester",
    notOf: ["ListBuckets", "HeadBucket", "CreateBucket", "DeleteBucket", "GetBucketVersioning"],
  },
};

jest.setTimeout(60_000);

const MIB = 1024 ** 2;
const long = Buffer.alloc(34 * MIB, "long");
const body = Buffer.from("value");
const headers = { contentType: "text/plain" };
const task = { signal: new AbortController().signal, doubt: undefined };
const maxBytes = 2 ** 30;
const prefix = "";
const denied = { status: 403, code: "AccessDenied" };

let server: HttpS3;
/** The S3 operations that were sent. */
const sent = new Set<string>();
beforeAll(async () => {
  watchRequests(({ operation }) => sent.add(operation));
  server = await startHttpS3();
  const s3 = open({});
  for (const bucket of ["bucket", "other"])
    for (const key of ["there", "empty", "long"]) {
      const value = { there: body, empty: "", long }[key]!;
      if (bucket === "bucket" || key !== "long")
        await call(s3.forBucket({ bucket }), { op: "set", key, body: value, headers });
    }
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

function open(given: Partial<ClientConfig>): S3 {
  const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
  const reach = { endpoint: server.endpoint, region: "us-east-1", credentials };
  return new S3({ bucket: "bucket", concurrency: 8, ...reach, ...given }, environmentOf(process.env));
}

function call<One extends Op>(s3: S3, call: Call<One>): Promise<Result<One>> {
  const lend = (start: number, end: number): Promise<Buffer> => Promise.resolve(long.subarray(start, end));
  return perform(s3, call, task, 60_000, { moved: () => undefined, lend });
}

/** The local S3 has no versions. */
async function fails(promise: Promise<unknown>): Promise<void> {
  await expect(promise).rejects.toThrow();
}

function copyInParts(s3: S3): Promise<unknown> {
  const sizes = { largest: 1, part: 5 * MIB };
  const look = (): ReturnType<typeof head> => s3.run((target) => head(target, "there", task));
  const source = { bucket: "bucket", key: "there", look };
  return s3.run((target) => copyObject(target, source, "copied in parts", task, sizes));
}

async function etagOf(s3: S3, key: string): Promise<{ etag: string }> {
  return { etag: (await call(s3, { op: "head", key }))!.etag.replaceAll('"', "") };
}

/** Every way in which an operation sends requests. The types demand a row for each operation. */
const ways: Record<Op, (s3: S3) => Promise<unknown>> = {
  async get(s3) {
    await call(s3, { op: "get", key: "there", maxBytes });
    await call(s3, { op: "get", key: "there", maxBytes, ifNoneMatch: '"another"' });
    server.fault({ key: "long", ranged: false, action: { hold: 5 } });
    await call(s3, { op: "get", key: "long", maxBytes });
    expect(server.log().filter((request) => "range" in request.headers)).toHaveLength(5);
  },
  getAhead: (s3) =>
    call(s3, {
      op: "getAhead",
      key: "there",
      maxBytes,
      run: 1,
      upcoming: [{ key: "empty", bytes: 0 }],
      keepMs: 0,
    }),
  async has(s3) {
    await call(s3, { op: "has", key: "missing" });
    await call(s3, { op: "has", key: "there" });
  },
  async head(s3) {
    await call(s3, { op: "head", key: "there" });
    server.fault({ operation: "HEAD", times: 2, action: denied });
    await call(s3, { op: "head", key: "there" });
    await call(s3, { op: "head", key: "empty" });
    await fails(call(s3, { op: "head", key: "there", versionId: "1" }));
  },
  async set(s3) {
    await call(s3, { op: "set", key: "set", body, headers });
    await call(s3, { op: "set", key: "set", body: long, headers });
    await call(s3, { op: "set", key: "set", body: { length: long.length }, headers });
    server.fault({ operation: "UploadPart", action: denied });
    await fails(call(s3, { op: "set", key: "set", body: long, headers }));
  },
  delete: (s3) => call(s3, { op: "delete", key: "deleted" }),
  async getMany(s3) {
    await call(s3, { op: "getMany", keys: ["there", "missing"], maxBytes });
    await call(s3, { op: "getMany", keys: ["there", "missing"], maxBytes, withHeaders: true });
  },
  setMany: (s3) => call(s3, { op: "setMany", objects: [{ key: "set", body, headers }] }),
  async deleteMany(s3) {
    await call(s3, { op: "deleteMany", keys: ["one", "two\u0001"] });
    server.fault({ operation: "DELETE_OBJECTS", action: { status: 501, code: "NotImplemented" } });
    await call(s3, { op: "deleteMany", keys: ["one", "two"] });
  },
  getVersions: (s3) => call(s3, { op: "getVersions", keys: ["there"], versionIds: ["1"], maxBytes }),
  versions: (s3) => fails(call(s3, { op: "versions", prefix })),
  versioning: (s3) => fails(call(s3, { op: "versioning" })),
  list: (s3) => call(s3, { op: "list", prefix, limit: 10 }),
  entries: (s3) => call(s3, { op: "entries", prefix, limit: 10 }),
  listSpans: (s3) =>
    call(s3, {
      ...{ op: "listSpans", prefix, requests: 0, listed: 0, sample: [], beginForMs: 10_000 },
      spans: [{ start: {}, after: "", until: undefined, low: "", near: "" }],
    }),
  read: (s3) => call(s3, { op: "read", key: "there", maxBytes, delayMs: 0 }),
  // Before a service other than AWS, conditions are tried first.
  store: (s3) => call(s3, { op: "store", key: "created", body, headers, base: {}, prefix }),
  removeMany: async (s3) =>
    call(s3, { op: "removeMany", versions: [{ key: "there", etag: "another" }], prefix }),
  remove: (s3) => call(s3, { op: "remove", key: "there", base: { etag: "another" }, prefix }),
  async copy(s3) {
    const copy = { op: "copy", key: "there", to: "copied", prefix } as const;
    await call(s3, { ...copy, ifAbsent: false });
    await call(s3, { ...copy, to: "copied once", ifAbsent: true });
    await copyInParts(s3);
  },
  copyMany: (s3) =>
    call(s3, { op: "copyMany", pairs: [{ from: "there", to: "copied" }], source: { bucket: "other" } }),
  restore: (s3) => fails(call(s3, { op: "restore", key: "there", versionId: "1" })),
  async rename(s3) {
    await call(s3, { op: "set", key: "old", body, headers });
    await call(s3, { op: "rename", key: "old", to: "new", prefix });
  },
  proveRename: (s3) => call(s3, { op: "proveRename", key: "there", prefix }),
  async removeCopied(s3) {
    await call(s3, { op: "set", key: "old", body, headers });
    await call(s3, { op: "removeCopied", key: "old", to: "new", base: await etagOf(s3, "old"), prefix });
  },
  async url(s3) {
    for (const method of ["GET", "PUT"] as const) {
      const link = await call(s3, { op: "url", key: "there", link: { method, expiresIn: 60 } });
      await fetch(link, { method, ...(method === "PUT" ? { body } : {}) });
    }
  },
  async putFile(s3) {
    const file = path.join(server.directory, "source");
    writeFileSync(file, body);
    await call(s3, { op: "putFile", key: "set", path: file, headers, prefix });
    writeFileSync(file, long);
    await call(s3, { op: "putFile", key: "set", path: file, headers, prefix });
  },
  async getFile(s3) {
    server.fault({ key: "long", ranged: false, action: { hold: 1 } });
    await call(s3, { op: "getFile", key: "long", path: path.join(server.directory, "target") });
    expect(server.log().filter((request) => "range" in request.headers)).not.toEqual([]);
  },
  listBuckets: (s3) => call(s3, { op: "listBuckets" }),
  async headBucket(s3) {
    await call(s3, { op: "headBucket" });
    server.fault({ operation: "HeadBucket", action: denied });
    await call(s3, { op: "headBucket" });
  },
  createBucket: (s3) => call(s3.forBucket({ bucket: "created" }), { op: "createBucket" }),
  async deleteBucket(s3) {
    const created = s3.forBucket({ bucket: "deleted" });
    await call(created, { op: "createBucket" });
    await call(created, { op: "deleteBucket" });
  },
  requests: () => Promise.resolve(),
  diagnose: (s3) => call(s3, { op: "diagnose", prefix, trialKey: "trial", readOnly: false }),
};

/** Has the SDK send every request. */
async function leaveAllToSdk(s3: S3): Promise<void> {
  await s3.run(({ client }) => {
    Object.defineProperty(client, "route", { get: () => undefined, set: () => undefined });
    return Promise.resolve();
  });
}

// The local S3 does not know it.
const nameOf = ({ operation, query }: LoggedRequest): string =>
  "versioning" in query ? "GetBucketVersioning" : operation;

describe.each(Object.entries(options))("%s", (member, { given, value, notOf }) => {
  const lacking = (): string[] =>
    server
      .log()
      .filter(
        (request) => !notOf.includes(nameOf(request)) && request.headers[bucketHeaders[member]!] !== value,
      )
      .map(({ operation, method, key, query }) => `${operation} ${method} ${key} ${JSON.stringify(query)}`);

  it.each(Object.keys(ways) as Op[])("is in every request of %s", async (operation) => {
    for (const bySdk of [false, true]) {
      const s3 = open(given);
      if (bySdk) await leaveAllToSdk(s3);
      server.reset();
      await ways[operation](s3);
      if (operation !== "requests") expect(server.log()).not.toEqual([]);
      if (bySdk && !["copyMany", "url"].includes(operation))
        expect(server.log().filter((request) => !request.bySdk)).toEqual([]);
      expect(lacking()).toEqual([]);
      server.clearFaults();
      s3.forget();
    }
  });
});

it("every operation of the bridge, every member and every command of the SDK was looked at", () => {
  expect(Object.keys(ways).sort()).toEqual(Object.keys(operations).sort());
  expect(Object.keys(options).sort()).toEqual(Object.keys(bucketHeaders).sort());
  const folder = path.join(__dirname, "../lib/worker/s3");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join(folder, file), "utf8"));
  const commands = sources.flatMap((text) => [...text.matchAll(/\bsdk\.(\w+)Command\(/g)]);
  expect([...new Set(commands.map(([, name]) => name!))].sort()).toEqual([...sent].sort());
});
