import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { asObject, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions, SyncMap } from "../lib/index.js";
import { cache, gzip, json, text, writeBuffer } from "../lib/layers/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// `update` keeps what is stored beside a value; a plain assignment sets it to its defaults.

jest.setTimeout(60_000);

let server: HttpS3;
let local: string;
beforeAll(async () => {
  server = await startHttpS3();
  local = mkdtempSync(path.join(tmpdir(), "s3bucketmap-keeps-"));
});
afterAll(async () => {
  await server.close();
  rmSync(local, { recursive: true });
});

const credentials = { accessKeyId: "keeps", secretAccessKey: "secret" };
function places(): Record<string, S3BucketOptions> {
  return {
    atomics: { endpoint: server.endpoint, region: "us-east-1", credentials },
    deasync: { endpoint: server.endpoint, region: "us-east-1", credentials, wait: "deasync" },
    local: { local },
  };
}

const beside = {
  contentType: "text/csv; header=present",
  contentEncoding: "identity",
  cacheControl: "max-age=60",
  metadata: { owner: "ann" },
};

function head(map: SyncMap<unknown>, key: string): object {
  const { contentType, contentEncoding, cacheControl, metadata } = map.head(key)!;
  return { contentType, contentEncoding, cacheControl, metadata: { ...metadata } };
}

describe.each(["atomics", "deasync", "local"])("update (%s)", (place) => {
  const open = (prefix: string): S3BucketMap => new S3BucketMap("bucket", { ...places()[place], prefix });

  it("keeps what it read, time and again", () => {
    const map = open("keeps/");
    map.set("key", "0", beside);
    for (let turn = 0; turn < 3; turn += 1) map.update("key", (count) => String(Number(count) + 1));
    expect(map.get("key")).toBe("3");
    expect(head(map, "key")).toEqual(beside);
  });

  it("keeps all but what its options name", () => {
    const map = open("options/");
    map.set("key", "0", beside);
    map.update("key", () => "1", { contentType: "text/x", metadata: { b: "2" } });
    expect(head(map, "key")).toEqual({ ...beside, contentType: "text/x", metadata: { b: "2" } });
    map.update("key", () => "2", { metadata: {} });
    expect(head(map, "key")).toEqual({ ...beside, contentType: "text/x", metadata: {} });
  });

  it("stores a missing key as set does", () => {
    const map = open("missing/");
    map.delete("key");
    map.update("key", () => "1", { cacheControl: "no-store" });
    expect(head(map, "key")).toEqual({
      contentType: "text/plain; charset=utf-8",
      contentEncoding: undefined,
      cacheControl: "no-store",
      metadata: {},
    });
  });

  it("is not what an assignment does: that sets all to its defaults", () => {
    const map = open("assigned/");
    map.set("key", "0", beside);
    const bucket = asObject(map) as Record<string, string>;
    bucket["key"] += "1";
    expect(head(map, "key")).toEqual({
      contentType: "text/plain; charset=utf-8",
      contentEncoding: undefined,
      cacheControl: undefined,
      metadata: {},
    });
  });

  it("keeps through layers what the object had, and each layer its own", () => {
    const bytes = new S3BucketMap("bucket", { ...places()[place], prefix: "layers/", readAs: "bytes" });
    const { contentType, cacheControl, metadata } = beside;
    const own = { contentType, cacheControl, metadata };
    const stacks: Record<string, [SyncMap<string>, encoding: string | undefined]> = {
      json: [json(open("layers/")), undefined],
      "json over gzip": [json(gzip(bytes)), "gzip"],
      "json over cache over gzip": [json(cache(gzip(bytes))), "gzip"],
      "text over gzip over writeBuffer": [text(gzip(writeBuffer(bytes))), "gzip"],
    };
    for (const [name, [map, contentEncoding]] of Object.entries(stacks)) {
      map.set(name, "a", own);
      map.update(name, (value) => `${value}b`);
      map.update(name, (value) => `${value}c`);
      expect([name, map.get(name)]).toEqual([name, "abc"]);
      expect([name, head(map, name)]).toEqual([name, { ...own, contentEncoding }]);
    }
    // What a layer stores of its own accord stays, too.
    const map = json(gzip(bytes)) as SyncMap<object | string>;
    map.set("plain", { a: 1 });
    map.update("plain", (value) => ({ ...(value as object), b: 2 }));
    expect(map.get("plain")).toEqual({ a: 1, b: 2 });
    expect(head(map, "plain")).toMatchObject({ contentType: "application/json", contentEncoding: "gzip" });
    map.set("inner", "a", { contentEncoding: "identity" });
    map.update("inner", (value) => `${value as string}b`);
    expect(head(map, "inner")).toMatchObject({ contentEncoding: "identity,gzip" });
    expect(map.get("inner")).toBe("ab");
  });
});

it("keeps what no option of the library can set", async () => {
  const headers = {
    "content-disposition": 'attachment; filename="a.txt"',
    "content-language": "de",
    expires: "0",
    "x-amz-website-redirect-location": "/elsewhere",
    "cache-control": "no-cache",
    "x-amz-meta-owner": "ann",
  };
  const url = `${server.endpoint}/bucket/raw/key`;
  await fetch(url, { method: "PUT", body: "0", headers });
  const map = new S3BucketMap("bucket", { ...places()["atomics"], prefix: "raw/" });
  map.update("key", (count) => String(Number(count) + 1));
  const answer = await fetch(url);
  expect(await answer.text()).toBe("1");
  const kept = Object.keys(headers).map((name) => [name, answer.headers.get(name)]);
  expect(Object.fromEntries(kept)).toEqual(headers);
});

it("copies no write id", async () => {
  const map = new S3BucketMap("bucket", { ...places()["atomics"], prefix: "ids/" });
  map.create("key", "0");
  map.update("key", () => "1");
  map.update("key", () => "2", { metadata: { a: "b" } });
  const name = "x-amz-meta-s3bucketmap-writes";
  const writes = (await fetch(`${server.endpoint}/bucket/ids/key`)).headers.get(name)!.split(",");
  expect(new Set(writes).size).toBe(3);
  map.set("key", "3", { metadata: map.head("key")!.metadata });
  expect((await fetch(`${server.endpoint}/bucket/ids/key`)).headers.get(name)).toBeNull();
});
