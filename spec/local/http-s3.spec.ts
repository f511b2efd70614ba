import http from "node:http";
import { existsSync } from "node:fs";
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { startHttpS3, type FaultAction, type HttpS3 } from "../support/http-s3";
import { clientOf, removeDirectories } from "./client";

jest.setTimeout(60_000);
afterAll(removeDirectories);

describe.each([false, true])("startHttpS3({ process: %s })", (ownProcess) => {
  let server: HttpS3;
  let client: S3Client;
  beforeAll(async () => {
    server = await startHttpS3({ process: ownProcess });
    client = clientOf({ endpoint: server.endpoint });
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    server.clearFaults();
    await client.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "0123456789" }));
    server.reset();
  });

  const get = async () =>
    (await client.send(new GetObjectCommand({ Bucket: "bucket", Key: "k" }))).Body?.transformToString();
  const put = (Body: string) => client.send(new PutObjectCommand({ Bucket: "bucket", Key: "k", Body }));
  const list = () => client.send(new ListObjectsV2Command({ Bucket: "bucket" }));

  it("counts and logs the requests that it saw", async () => {
    await get();
    await client.send(new GetObjectCommand({ Bucket: "bucket", Key: "k", Range: "bytes=0-0" }));
    await client.send(new HeadObjectCommand({ Bucket: "bucket", Key: "k" }));
    await put("x");
    await list();
    await client.send(new DeleteObjectsCommand({ Bucket: "bucket", Delete: { Objects: [{ Key: "k" }] } }));
    expect(server.counts()).toEqual({
      total: 6,
      GET: 2,
      HEAD: 1,
      PUT: 1,
      COPY: 0,
      DELETE: 0,
      LIST: 1,
      DELETE_OBJECTS: 1,
    });
    expect(server.log()[1]).toMatchObject({
      method: "GET",
      operation: "GetObject",
      bucket: "bucket",
      key: "k",
      headers: { range: "bytes=0-0" },
      authorized: true,
      status: 206,
      faulted: false,
    });
    server.reset();
    expect(server.counts().total).toBe(0);
  });

  it("tells how many requests were under way at one time", async () => {
    server.fault({ operation: "GET", times: 5, action: { delayMs: 100 } });
    await Promise.all(Array.from({ length: 5 }, get));
    expect(server.maxConcurrent()).toBe(5);
  });

  it("plays each fault so often as it is told, after those that are to pass", async () => {
    server.fault({
      operation: "GET",
      key: "k",
      after: 1,
      times: 2,
      action: { status: 503, code: "SlowDown", headers: { "retry-after": "1" } },
    });
    server.fault({ operation: "GET", key: /^other/, action: { status: 500, code: "InternalError" } });
    expect(await get()).toBe("0123456789");
    await expect(get()).rejects.toMatchObject({ name: "SlowDown", $metadata: { httpStatusCode: 503 } });
    await expect(get()).rejects.toMatchObject({ name: "SlowDown" });
    expect(await get()).toBe("0123456789");
    expect(server.log().map(({ status, faulted }) => [status, faulted])).toEqual([
      [200, false],
      [503, true],
      [503, true],
      [200, false],
    ]);
  });

  it("plays a fault with a probability, the same again from the same seed", async () => {
    const draw = async () => {
      server.fault({
        operation: "GET",
        probability: 0.4,
        seed: 7,
        action: [{ status: 500 }, { status: 503 }],
      });
      const drawn: number[] = [];
      for (let n = 0; n < 30; n++)
        drawn.push(
          await get().then(
            () => 200,
            (error: { $metadata: { httpStatusCode: number } }) => error.$metadata.httpStatusCode,
          ),
        );
      server.clearFaults();
      return drawn;
    };
    const first = await draw();
    expect(await draw()).toEqual(first);
    expect(new Set(first)).toEqual(new Set([200, 500, 503]));
  });

  const raw = (method: string, body?: string) =>
    new Promise<{
      status: number | undefined;
      headers: http.IncomingHttpHeaders;
      body: string;
      error?: string;
    }>((resolve) => {
      let seen: http.IncomingMessage | undefined;
      let text = "";
      const done = (error?: NodeJS.ErrnoException) =>
        resolve({
          status: seen?.statusCode,
          headers: seen?.headers ?? {},
          body: text,
          ...(error && { error: error.code ?? "" }),
        });
      const request = http.request(`${server.endpoint}/bucket/k`, { method, agent: false }, (answer) => {
        seen = answer;
        answer.on("data", (piece: Buffer) => (text += piece.toString()));
        answer.once("end", () => done());
        answer.once("error", done);
      });
      request.once("error", done);
      request.end(body);
    });

  it.each<[FaultAction, object]>([
    [
      { status: 502, body: "<html>Bad Gateway</html>", headers: { "content-type": "text/html" } },
      { status: 502, body: "<html>Bad Gateway</html>", headers: { "content-type": "text/html" } },
    ],
    [
      { status: 301, code: "PermanentRedirect", headers: { "x-amz-bucket-region": "eu-west-1" } },
      { status: 301, headers: { "x-amz-bucket-region": "eu-west-1" } },
    ],
    [{ reset: "before" }, { status: undefined, error: "ECONNRESET" }],
    [{ reset: "after-apply" }, { status: undefined, error: "ECONNRESET" }],
    [{ reset: "mid-body" }, { status: 200, body: "01234", error: "ECONNRESET" }],
    [{ truncate: 3 }, { status: 200, body: "0123456", error: "ECONNRESET" }],
    [{ corrupt: true }, { status: 200, body: "0123446789" }],
  ])("answers a GET with %j", async (action, expected) => {
    server.fault({ operation: "GET", action });
    expect(await raw("GET")).toMatchObject(expected);
    expect(await raw("GET")).toMatchObject({ status: 200, body: "0123456789" });
  });

  it.each<[FaultAction, string]>([
    [{ reset: "before" }, "0123456789"],
    [{ reset: "after-apply" }, "new"],
    [{ status: 500 }, "0123456789"],
  ])("after %j of a PUT has the value it should", async (action, value) => {
    server.fault({ operation: "PUT", action });
    const answer = await raw("PUT", "new");
    expect(answer.status === undefined ? answer.error : answer.status).toBe(action.status ?? "ECONNRESET");
    expect(await get()).toBe(value);
  });

  it.each(["before", "after-apply", "mid-body"] as const)(
    "stalls %s, until it is told to stop",
    async (stall) => {
      server.fault({ operation: "GET", action: { stall } });
      const answered = raw("GET");
      while (server.counts().GET === 0) await new Promise(setImmediate);
      // Another request comes through meanwhile.
      expect(await raw("GET")).toMatchObject({ body: "0123456789" });
      while ((await Promise.race([answered, raw("HEAD")])).error === undefined) server.clearFaults();
      expect(await answered).toMatchObject({
        status: stall === "mid-body" ? 200 : undefined,
        error: "ECONNRESET",
      });
    },
  );

  it("changes listings", async () => {
    for (const Key of ["a", "b", "c"])
      await client.send(new PutObjectCommand({ Bucket: "pages", Key, Body: "x" }));
    const pages = async () => {
      const found: string[][] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: "pages", MaxKeys: 2, ContinuationToken: token }),
        );
        found.push((page.Contents ?? []).map(({ Key }) => Key ?? ""));
        token = page.NextContinuationToken;
        if (page.IsTruncated && !token) found.push(["no token"]);
      } while (token);
      return found;
    };
    const duplicate = { transformBody: "duplicate-page" } as const;
    server.fault({ operation: "LIST", action: duplicate });
    expect(await pages()).toEqual([["a", "b"], ["a", "b"], ["c"]]);
    server.fault({ operation: "LIST", after: 1, action: duplicate });
    expect(await pages()).toEqual([["a", "b"], ["c"], ["c"]]);
    server.fault({ operation: "LIST", action: { transformBody: "unordered" } });
    expect(await pages()).toEqual([["b", "a"], ["c"]]);
    server.fault({ operation: "LIST", action: { transformBody: "truncated-without-token" } });
    expect(await pages()).toEqual([["a", "b"], ["no token"]]);
  });

  it("answers Expect: 100-continue", async () => {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { expect: "100-continue", "content-length": "3" };
      const request = http.request(
        `${server.endpoint}/bucket/k`,
        { method: "PUT", headers, agent: false },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      request.once("error", reject);
      request.once("continue", () => request.end("new"));
      request.flushHeaders();
    });
    expect(answer).toBe(200);
    expect(await get()).toBe("new");
  });

  it("stores nothing of a body that is cut off", async () => {
    const log = server.log().length;
    const request = http.request(`${server.endpoint}/bucket/k`, {
      method: "PUT",
      headers: { "content-length": "1000" },
      agent: false,
    });
    request.once("error", () => undefined);
    request.write("new");
    while (server.log().length === log) await new Promise(setImmediate);
    request.destroy();
    // Until the server has done with it.
    do server.reset();
    while (server.maxConcurrent() > 0);
    expect(await get()).toBe("0123456789");
  });
});

it("answers InvalidAccessKeyId where credentials are asked for, and AccessDenied to the unsigned", async () => {
  const server = await startHttpS3({ credentials: { accessKeyId: "mine" } });
  const command = () => new PutObjectCommand({ Bucket: "bucket", Key: "k", Body: "x" });
  const clientAs = (accessKeyId: string) =>
    clientOf({ endpoint: server.endpoint, credentials: { accessKeyId, secretAccessKey: "s" } });
  await expect(clientAs("other").send(command())).rejects.toMatchObject({
    name: "InvalidAccessKeyId",
    $metadata: { httpStatusCode: 403 },
  });
  await clientAs("mine").send(command());
  expect((await fetch(`${server.endpoint}/bucket/k`)).status).toBe(403);
  await server.close();
});

it("removes its own directory at close, keeps one that it was given, and takes no more questions", async () => {
  const own = await startHttpS3();
  expect(existsSync(own.directory)).toBe(true);
  await own.close();
  expect(existsSync(own.directory)).toBe(false);
  expect(() => own.counts()).toThrow("closed");
});
