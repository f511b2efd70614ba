import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { localClient, localHandler, removeDirectories, send } from "./client";

afterAll(removeDirectories);

describe("buckets, where they have to be created", () => {
  it("are created, found, listed and deleted", async () => {
    const client = localClient({ createBuckets: false });
    await expect(client.send(new HeadBucketCommand({ Bucket: "mine" }))).rejects.toMatchObject({
      name: "NotFound",
    });
    for (let time = 0; time < 2; time++) await client.send(new CreateBucketCommand({ Bucket: "mine" }));
    expect((await client.send(new HeadBucketCommand({ Bucket: "mine" }))).BucketRegion).toBe("us-east-1");
    expect((await client.send(new ListBucketsCommand({}))).Buckets).toMatchObject([{ Name: "mine" }]);
    await client.send(new PutObjectCommand({ Bucket: "mine", Key: "k", Body: "x" }));
    await expect(client.send(new DeleteBucketCommand({ Bucket: "mine" }))).rejects.toMatchObject({
      name: "BucketNotEmpty",
      $metadata: { httpStatusCode: 409 },
    });
    expect((await client.send(new GetObjectCommand({ Bucket: "mine", Key: "k" }))).ContentLength).toBe(1);
  });

  it("are missing for every operation until then", async () => {
    const handler = localHandler({ createBuckets: false });
    const uploadId = "0".repeat(32);
    const bulk = "<Delete><Object><Key>k</Key></Object></Delete>";
    const requests: [string, string, Parameters<typeof send>[3]][] = [
      ["GET", "/mine", { query: { "list-type": "2" } }],
      ["GET", "/mine", { query: { "list-type": "2", "max-keys": "0" } }],
      ["GET", "/mine/k", {}],
      ["PUT", "/mine/k", { body: "x" }],
      ["DELETE", "/mine/k", {}],
      ["DELETE", "/mine", {}],
      [
        "POST",
        "/mine",
        { query: { delete: "" }, body: bulk, headers: { "content-md5": "MXRNMGvfWSW7kzT45LmXsg==" } },
      ],
      ["POST", "/mine/k", { query: { uploads: "" } }],
      ["PUT", "/mine/k", { query: { uploadId, partNumber: "1" }, body: "x" }],
      ["DELETE", "/mine/k", { query: { uploadId } }],
      [
        "PUT",
        "/mine/k",
        { headers: { "x-amz-copy-source": "other/k", "x-amz-metadata-directive": "REPLACE" } },
      ],
    ];
    const codes: (string | undefined)[] = [];
    for (const [method, path, options] of requests)
      codes.push((await send(handler, method, path, options)).code);
    // The digest above is not that of this body: told before the bucket is looked for.
    expect(codes).toEqual(
      requests.map(([method, , options]) =>
        method === "POST" && options?.body ? "BadDigest" : "NoSuchBucket",
      ),
    );
    expect(await send(handler, "HEAD", "/mine/k")).toMatchObject({ status: 404, body: Buffer.alloc(0) });
    expect((await send(handler, "GET", "/")).body.toString()).toContain("<Buckets></Buckets>");
  });

  it("are deleted with nothing in them, and then missing", async () => {
    const handler = localHandler({ createBuckets: false });
    await send(handler, "PUT", "/mine");
    await send(handler, "PUT", "/mine/k", { body: "x" });
    await send(handler, "DELETE", "/mine/k");
    expect((await send(handler, "DELETE", "/mine")).status).toBe(204);
    expect((await send(handler, "GET", "/mine/k")).code).toBe("NoSuchBucket");
  });

  it("are either deleted or written to when both come at once", async () => {
    const handler = localHandler({ createBuckets: false });
    for (let round = 0; round < 30; round++) {
      await send(handler, "PUT", "/mine");
      const [written, deleted] = await Promise.all([
        send(handler, "PUT", "/mine/k", { body: "x" }),
        send(handler, "DELETE", "/mine"),
      ]);
      expect([written.code ?? written.status, deleted.code ?? deleted.status]).toEqual(
        written.status === 200 ? [200, "BucketNotEmpty"] : ["NoSuchBucket", 204],
      );
      await send(handler, "DELETE", "/mine/k");
    }
  });
});

describe("buckets, where all exist", () => {
  it("are listed page by page", async () => {
    const handler = localHandler();
    for (const name of ["bbb", "aaa", "aaa-1"]) await send(handler, "PUT", `/${name}`);
    const list = async (query: Record<string, string>): Promise<string> =>
      (await send(handler, "GET", "/", { query })).body
        .toString()
        .replace(/<CreationDate>.*?<.CreationDate>/g, "");
    expect(await list({ "max-buckets": "2" })).toContain(
      "<Buckets><Bucket><Name>aaa</Name></Bucket><Bucket><Name>aaa-1</Name></Bucket></Buckets><ContinuationToken>aaa-1</ContinuationToken>",
    );
    const rest = await list({ "max-buckets": "2", "continuation-token": "aaa-1" });
    expect(rest).toContain("<Buckets><Bucket><Name>bbb</Name></Bucket></Buckets></List");
    expect((await send(handler, "GET", "/", { query: { "max-buckets": "0" } })).code).toBe("InvalidArgument");
  });

  it("are empty until something is put there, and listed from then on", async () => {
    const handler = localHandler();
    expect((await send(handler, "HEAD", "/any-bucket")).status).toBe(404);
    expect((await send(handler, "GET", "/any-bucket/k")).code).toBe("NoSuchKey");
    const listed = await send(handler, "GET", "/any-bucket", { query: { "list-type": "2" } });
    expect(listed.body.toString()).toContain("<IsTruncated>false</IsTruncated>");
    expect((await send(handler, "GET", "/")).body.toString()).not.toContain("any-bucket");
    await send(handler, "PUT", "/any-bucket/k", { body: "x" });
    expect((await send(handler, "GET", "/")).body.toString()).toContain("<Name>any-bucket</Name>");
    expect((await send(handler, "HEAD", "/any-bucket")).status).toBe(200);
  });

  it.each(["Upper", "ab", "a".repeat(64), "-a-b", "a_b", "a..b", "127.0.0.1", "..", "ú-bucket"])(
    "cannot be named %s",
    async (bucket) => {
      const handler = localHandler();
      for (const path of [`/${encodeURIComponent(bucket)}`, `/${encodeURIComponent(bucket)}/k`])
        for (const method of ["GET", "PUT", "DELETE"]) {
          const query = method === "GET" && !path.endsWith("/k") ? { "list-type": "2" } : {};
          expect(await send(handler, method, path, { query })).toMatchObject({
            status: 400,
            code: "InvalidBucketName",
          });
        }
    },
  );

  it.each([
    ["GET", "/bucket", {}],
    ["GET", "/bucket", { marker: "a" }],
    ["GET", "/bucket", { "list-type": "2", "fetch-owner": "true" }],
    ["GET", "/bucket", { uploads: "" }],
    ["GET", "/", { "bucket-region": "eu-west-1" }],
    ["GET", "/bucket", { policy: "" }],
    ["GET", "/bucket", { versions: "" }],
    ["PUT", "/bucket", { versioning: "" }],
    ["DELETE", "/bucket", { lifecycle: "" }],
    ["POST", "/bucket", {}],
    ["POST", "/", {}],
    ["OPTIONS", "/bucket/k", {}],
  ])("%s %s with %j is not implemented", async (method, path, query) => {
    expect(await send(localHandler(), method, path, { query })).toMatchObject({
      status: 501,
      code: "NotImplemented",
    });
  });
});
