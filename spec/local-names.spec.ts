import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { S3BucketMap, s3Bucket } from "../lib/index.js";

let parent: string;
beforeEach(() => {
  parent = fs.mkdtempSync(path.join(tmpdir(), "s3bucketmap-names-"));
});
afterEach(() => {
  delete process.env["S3BUCKETMAP_LOCAL"];
  fs.rmSync(parent, { recursive: true, force: true });
});

describe.each(["atomics", "deasync"] as const)("a Content-Encoding, with wait: %s", (wait) => {
  it.each([
    ["GZIP", "GZIP"],
    ["br,gzip", "br,gzip"],
    ["br , gzip", "br , gzip"],
    [",gzip,", ",gzip,"],
    ["x-aws-chunked", "x-aws-chunked"],
  ])("of %j is %j in the local S3", (given, kept) => {
    const map = new S3BucketMap("bucket", { local: parent, wait });
    map.set("k", "v", { contentEncoding: given });
    expect(map.head("k")?.contentEncoding).toBe(kept);
    map.subMap("k").update("", (value) => `${value}w`);
    expect([map.get("k"), map.head("k")?.contentEncoding]).toEqual(["vw", kept]);
    map.close();
  });
});

describe("a path that cannot be one", () => {
  it.each<[string, () => unknown]>([
    ["The option local", () => new S3BucketMap("bucket", { local: `${parent}/a\0b` })],
    ["The option local", () => s3Bucket("bucket", { local: "\0" })],
  ])("%s refuses a NUL when a map is made", (name, make) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(`${name} contains a NUL character`);
    expect(fs.readdirSync(parent)).toEqual([]);
  });

  it("is refused where no directory can be made, and does not hang", () => {
    const map = new S3BucketMap("bucket", { local: "/proc/s3bucketmap/store" });
    const refused = expect.objectContaining({ code: "LocalS3BadPath" }) as Error;
    expect(() => map.set("k", "v")).toThrow(refused);
  });
});

describe("S3BUCKETMAP_LOCAL", () => {
  it("is the directory that values are written to", () => {
    process.env["S3BUCKETMAP_LOCAL"] = path.join(parent, "a", "b");
    const bucket = s3Bucket("bucket");
    bucket["k"] = "v";
    // It is the map's from the start.
    process.env["S3BUCKETMAP_LOCAL"] = path.join(parent, "other");
    expect(bucket["k"]).toBe("v");
    delete process.env["S3BUCKETMAP_LOCAL"];
    expect(new S3BucketMap("bucket", { local: path.join(parent, "a", "b") }).get("k")).toBe("v");
    expect(fs.readdirSync(parent)).toEqual(["a"]);
  });

  it("has the codes of the option local", () => {
    fs.writeFileSync(path.join(parent, "file"), "");
    process.env["S3BUCKETMAP_LOCAL"] = path.join(parent, "file");
    expect(() => new S3BucketMap("bucket").set("k", "v")).toThrow(/LocalS3NotADirectory/);
  });
});
