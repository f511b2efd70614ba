import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { batch, asObject, PartialFailureError, S3BucketMapError } from "../lib/index.js";
import type { S3BucketMap } from "../lib/index.js";
import { writeBuffer } from "../lib/layers/index.js";
import { freshMap, seed } from "./support/fault-cell.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultAction, HttpS3 } from "./support/http-s3.js";

// An error whose XML is not as S3 writes it. What is wrong with it must not hide what is known of the call.

jest.setTimeout(120_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
beforeEach(() => seed(server));

const error = (inner: string): string => `<Error>${inner}</Error>`;
const bodies: [string, string, string][] = [
  ["elements in its message", error("<Code>Odd</Code><Message>so <b>sorry</b></Message>"), "Odd"],
  ["two messages", error("<Code>Odd</Code><Message>one</Message><Message>two</Message>"), "Odd"],
  ["two codes", error("<Code>Odd</Code><Code>Other</Code><Message>m</Message>"), "HTTP"],
  ["elements in its code", error("<Code><b>Odd</b></Code><Message>m</Message>"), "HTTP"],
  ["an empty code", error("<Code></Code><Message>m</Message>"), "HTTP"],
  ["the code constructor", error("<Code>constructor</Code><Message>m</Message>"), "constructor"],
  ["the code __proto__", error("<Code>__proto__</Code><Message>m</Message>"), "__proto__"],
];

const calls: [string, (map: S3BucketMap) => unknown][] = [
  ["get", (map) => map.get("here")],
  ["set", (map) => map.set("here", "new")],
  ["delete", (map) => map.delete("here")],
  ["keys", (map) => [...map.keys()]],
  ["size", (map) => map.size],
  ["copy", (map) => map.copy("here", "there")],
  ["create", (map) => map.create("fresh", "new")],
  ["update", (map) => map.update("here", () => "new")],
  ["set of a large value", (map) => map.set("here", Buffer.alloc(17 * 1024 * 1024))],
];

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe.each(bodies)("an error with %s", (_name, body, code) => {
  it.each(calls)("is told by %s", (_call, run) => {
    for (const status of [403, 500]) {
      server.fault({
        times: Infinity,
        action: { status, body, headers: { "content-type": "application/xml" } },
      });
      const error = thrown(() => run(freshMap(server.endpoint, "atomics", 20_000)));
      expect(error).toBeInstanceOf(S3BucketMapError);
      expect((error as S3BucketMapError).code).toBe(code === "HTTP" ? `HTTP${status}` : code);
      expect((error as Error).message).not.toMatch(/native code|\[object|is not a function/);
      server.reset();
      seed(server);
    }
  });

  it("says that a write may have happened that had happened", () => {
    server.fault({ operation: "PUT", times: Infinity, action: { status: 500, body, applied: true } });
    const error = thrown(() => freshMap(server.endpoint, "deasync").set("here", "new"));
    expect(error).toBeInstanceOf(S3BucketMapError);
    expect((error as Error).message).toContain("may still have happened");
  });

  it("is told of its key alone by calls on many keys", () => {
    server.fault({ key: /here$/, times: Infinity, action: { status: 403, body } });
    const map = freshMap(server.endpoint, "atomics");
    const bucket = asObject(map);
    for (const run of [
      () => map.getMany(["here", "other"]),
      () => map.setMany(Object.entries({ here: "1", other: "2" })),
      () => batch(bucket, () => Object.assign(bucket, { here: "1", other: "2" })),
    ]) {
      const error = thrown(run) as PartialFailureError;
      expect(error).toBeInstanceOf(PartialFailureError);
      expect([...error.failed.keys()]).toEqual(["here"]);
    }
  });

  it("is told by flush of a write buffer, which stores the rest", () => {
    server.fault({ key: /here$/, times: Infinity, action: { status: 403, body } });
    const map = freshMap(server.endpoint, "atomics");
    const buffer = writeBuffer(map);
    buffer.set("here", "1").set("other", "2");
    expect(thrown(() => buffer.flush())).toBeInstanceOf(PartialFailureError);
    expect(map.get("other")).toBe("2");
  });
});

describe.each(["atomics", "deasync"] as const)("with wait %s, S3's error", (wait) => {
  const page = (code: string): string => `<?xml version="1.0"?>\n<Error><Code>${code}</Code></Error>`;
  const forms: [string, (code: string) => string][] = [
    ["with white space around its code", (code) => page(`\n  ${code}\n `)],
    ["after a byte order mark", (code) => `\uFEFF${page(code)}`],
  ];

  it.each(forms)("%s is understood", (_form, form) => {
    const map = freshMap(server.endpoint, wait);
    // The first request of a map may be the SDK's.
    map.get("here");
    for (const one of [map, freshMap(server.endpoint, wait)]) {
      server.fault({ times: Infinity, action: { status: 404, body: form("NoSuchKey") } });
      expect(one.get("here")).toBeUndefined();
      server.clearFaults();
      server.fault({ times: Infinity, action: { status: 404, body: form("NoSuchBucket") } });
      expect(thrown(() => one.set("here", "new"))).toMatchObject({ name: "NoSuchBucketError" });
      expect(thrown(() => [...one.keys()])).toMatchObject({ name: "NoSuchBucketError" });
      server.clearFaults();
      server.fault({ times: Infinity, action: { status: 200, body: form("InternalError") } });
      expect(thrown(() => one.copy("here", "there"))).toBeInstanceOf(S3BucketMapError);
      server.clearFaults();
      server.fault({ operation: "COPY", times: Infinity, action: { status: 200, body: form("Slow") } });
      expect(thrown(() => one.copy("here", "there"))).toMatchObject({ code: "Slow" });
      server.clearFaults();
    }
  });

  it.each([400, 403, 404, 409])("that is damaged leaves open what happened (HTTP %s)", (status) => {
    const action: FaultAction = { status, body: '{"message":"no"}', applied: true };
    for (const write of [
      (map: S3BucketMap) => map.set("here", "new"),
      (map: S3BucketMap) => map.delete("here"),
      (map: S3BucketMap) => map.copy("here", "there"),
    ]) {
      server.fault({ operation: "PUT", times: Infinity, action });
      server.fault({ operation: "COPY", times: Infinity, action });
      server.fault({ operation: "DELETE", times: Infinity, action });
      const error = thrown(() => write(freshMap(server.endpoint, wait)));
      expect(error).toMatchObject({ code: `HTTP${status}` });
      expect((error as Error).message).toContain("may still have happened");
      server.reset();
      seed(server);
    }
  });
});

describe("an answer of DeleteObjects that has no text", () => {
  it.each([
    ["elements in a code", "<Code><b>Odd</b></Code><Message>no</Message>"],
    ["two codes", "<Code>Odd</Code><Code>Other</Code><Message>no</Message>"],
    ["two messages", "<Code>Odd</Code><Message>one</Message><Message>two</Message>"],
  ])("but %s leaves open what was deleted", (_name, said) => {
    const body = `<DeleteResult><Error><Key>p/here</Key>${said}</Error><Deleted><Key>p/other</Key></Deleted></DeleteResult>`;
    server.fault({ operation: "DeleteObjects", times: Infinity, action: { status: 200, body } });
    const error = thrown(() => freshMap(server.endpoint, "atomics").deleteMany(["here", "other"]));
    expect(error).toMatchObject({ code: "BadAnswer" });
    expect((error as Error).message).toContain("may still have happened");
  });
});

const missing = '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>gone</Message></Error>';
it.each([200, 400, 403, 409, 500, 502, 503])(
  "a DELETE with the code NoSuchKey and HTTP %s fails",
  (status) => {
    const action: FaultAction = { status, body: missing, headers: { "content-type": "application/xml" } };
    server.fault({ operation: "DELETE", times: Infinity, action });
    const map = freshMap(server.endpoint, "atomics");
    expect(thrown(() => map.delete("here"))).toBeInstanceOf(S3BucketMapError);
    expect(map.has("here")).toBe(true);
  },
);

it("a DELETE with the code NoSuchKey and HTTP 404 has nothing to delete", () => {
  const action: FaultAction = { status: 404, body: missing, headers: { "content-type": "application/xml" } };
  server.fault({ operation: "DELETE", times: 1, action });
  expect(freshMap(server.endpoint, "atomics").delete("nothing")).toBe(true);
});

it("a conflict in an answer that does not reject the request leaves open what was deleted", () => {
  const body = missing.replace("NoSuchKey", "ConditionalRequestConflict");
  const headers = { "content-type": "application/xml" };
  const action: FaultAction = { status: 503, body, headers, applied: true };
  server.fault({ operation: "DeleteObjects", times: Infinity, action });
  const map = freshMap(server.endpoint, "atomics");
  expect((thrown(() => map.deleteMany(["here", "other"])) as Error).message).toContain(
    "may still have happened",
  );
});

// Node's server does not send these statuses, but its client accepts them.
const rawServer = `
  const { parentPort, workerData } = require("node:worker_threads");
  const server = require("node:http").createServer((request) => {
    request.resume().on("end", () => request.socket.end(workerData));
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`;

describe.each(["000", "001", "099"])("an answer with the status %s", (status) => {
  let thread: Worker;
  let endpoint: string;
  beforeAll(async () => {
    const workerData = `HTTP/1.1 ${status} Odd\r\nETag: "${"0".repeat(32)}"\r\nContent-Length: 0\r\n\r\n`;
    thread = new Worker(rawServer, { eval: true, workerData });
    const [port] = (await once(thread, "message")) as [number];
    endpoint = `http://127.0.0.1:${port}`;
  });
  afterAll(() => thread.terminate());

  it.each(calls)("is no success of %s", (_call, run) => {
    const error = thrown(() => run(freshMap(endpoint, "atomics")));
    expect(error).toMatchObject({ code: expect.stringMatching(/^(BadAnswer|NetworkError|HTTP)/) as string });
  });
});
