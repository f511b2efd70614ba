import { S3BucketMap } from "../lib/index.js";
import { json, readonly } from "../lib/layers/index.js";
import type { SyncMap } from "../lib/index.js";
import { fill, numberedKeys } from "./support/fill.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(60_000);

const names = numberedKeys(1010);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
  await fill(server.directory, "bucket", "many/", names, "1");
});
afterAll(() => server.close());

const stacks: [string, (map: S3BucketMap) => SyncMap<unknown>][] = [
  ["a map", (map) => map],
  ["a layer", (map) => json(map)],
  ["two layers", (map) => readonly(json(map))],
];

describe.each(["atomics", "deasync"] as const)("forEach, wait: %s, of", (wait) => {
  function open(): S3BucketMap {
    const credentials = { accessKeyId: "key", secretAccessKey: "secret" };
    return new S3BucketMap("bucket", { endpoint: server.endpoint, credentials, prefix: "many/", wait });
  }

  it.each(stacks)("%s lists a page of keys when it is needed", (_name, stack) => {
    const lists: number[] = [];
    const seen: string[] = [];
    server.reset();
    stack(open()).forEach((_value, key) => {
      if (seen.length % 1000 === 0 || seen.length === 999) lists.push(server.counts().LIST);
      seen.push(key);
    });
    expect(seen).toEqual(names);
    expect(lists).toEqual([1, 1, 2]);
    expect(server.counts().LIST).toBe(2);
  });

  it.each(stacks)("%s that is ended by its callback lists no further page", (_name, stack) => {
    server.reset();
    expect(() =>
      stack(open()).forEach(() => {
        throw new Error("enough");
      }),
    ).toThrow("enough");
    expect(server.counts().LIST).toBe(1);
  });

  it("a map gives what the callback has written meanwhile", () => {
    const map = open().subMap(`${wait}/`);
    map.setMany(names.slice(0, 20).map((key) => [key, "old"]));
    const seen: string[] = [];
    map.forEach((value, key) => {
      seen.push(value);
      map.set(names[names.indexOf(key) + 1]!, `after ${key}`);
      if (seen.length === 20) map.clear();
    });
    expect(seen).toEqual(["old", ...names.slice(0, 19).map((key) => `after ${key}`)]);
  });
});
