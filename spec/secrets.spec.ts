import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { inspect } from "node:util";
import { asObject, S3BucketMap } from "../lib/index.js";
import { requests, seed } from "./support/fault-cell.js";
import { faultTable, operations } from "./support/fault-table.js";
import type { Operation, Row } from "./support/fault-table.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

jest.setTimeout(60_000);

const credentials = {
  accessKeyId: "AKIARECOGNISABLEID",
  secretAccessKey: "recognisable/secret+key",
  sessionToken: "RecognisableSessionToken==",
};

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
beforeEach(() => seed(server));

const uses: Record<Operation, (map: S3BucketMap) => unknown> = {
  get: (map) => map.get("here"),
  set: (map) => map.set("here", "value"),
  has: (map) => map.has("here"),
  delete: (map) => map.delete("here"),
  keys: (map) => [...map.keys()],
};

/** All that can be learnt of a thing by printing it. */
function allWords(thing: unknown): string {
  const everything = { depth: Infinity, showHidden: true, showProxy: true, maxStringLength: null };
  const error = thing instanceof Error ? [thing.stack, thing.message, String(thing)] : [];
  return [
    inspect(thing, everything),
    inspect(thing, { ...everything, customInspect: false, getters: true }),
    ...error,
  ].join("\n");
}

function expectNoSecret(words: string): void {
  for (const secret of Object.values(credentials)) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")])
      expect(words).not.toContain(form);
  }
  expect(words).not.toMatch(/AWS4-HMAC-SHA256|x-amz-security-token: |Signature=/i);
}

function wordsOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return `${allWords(error)}\n${JSON.stringify(error)}\n${JSON.stringify({ ...(error as object) })}`;
  }
  return "";
}

function expectSilentError(run: () => unknown): void {
  const words = wordsOf(run);
  expect(words).toMatch(/Error/);
  expectNoSecret(words);
}

const mapWith = (options: object = {}): S3BucketMap =>
  new S3BucketMap("bucket", {
    endpoint: server.endpoint,
    region: "us-east-1",
    credentials,
    prefix: "p/",
    timeoutMs: 1500,
    ...options,
  });

// What takes long, and what has its like among the others.
const quick = (row: Row): boolean => !/SlowDown|though it is done|that stops/.test(row.fault);
const erring = faultTable
  .filter(quick)
  .flatMap((row) =>
    operations.filter((operation) => row[operation].is === "error").map((operation) => ({ row, operation })),
  );

describe("no credential is told", () => {
  it.each(erring.map((cell) => [cell.row.fault, cell.operation, cell] as const))(
    "by the error of %s in %s",
    (_fault, operation, { row }) => {
      const kind = requests[operation];
      server.fault({ ...(kind && { operation: kind }), times: row.times, action: row.action });
      expectSilentError(() => uses[operation](mapWith()));
    },
  );

  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: S3 repeats what it was sent.
  it.each([
    [
      "SignatureDoesNotMatch",
      `<AWSAccessKeyId>${credentials.accessKeyId}</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 x</StringToSign>` +
        `<SignatureProvided>abc</SignatureProvided><CanonicalRequest>x-amz-security-token: ${credentials.sessionToken}</CanonicalRequest>`,
    ],
    ["InvalidAccessKeyId", `<AWSAccessKeyId>${credentials.accessKeyId}</AWSAccessKeyId>`],
    ["InvalidToken", `<Token-0>${credentials.sessionToken}</Token-0>`],
    ["ExpiredToken", `<Token-0>${credentials.sessionToken}</Token-0>`],
  ])("by an error of S3's that repeats it: %s", (code, more) => {
    const body = `<Error><Code>${code}</Code><Message>Refused.</Message>${more}</Error>`;
    server.fault({ times: Infinity, action: { status: 403, body } });
    for (const operation of operations) expectSilentError(() => uses[operation](mapWith()));
  });

  it.each([
    ["a host without a name", { endpoint: "http://nosuch.invalid" }],
    ["a port that speaks no TLS", { endpoint: "https://127.0.0.1:1" }],
    ["a region that cannot be", { region: "no region/at all" }],
    [
      "a token that no header can carry",
      { credentials: { ...credentials, sessionToken: `${credentials.sessionToken}\n\u0001` } },
    ],
    [
      "a key id that no header can carry",
      { credentials: { ...credentials, accessKeyId: `${credentials.accessKeyId}\n\u0001` } },
    ],
  ])("by the errors of %s", (_what, options) => {
    for (const operation of operations) expectSilentError(() => uses[operation](mapWith(options)));
  });

  it.each([
    ["a misspelt part", { ...credentials, sessionTokn: credentials.sessionToken }],
    ["a part of the wrong type", { ...credentials, sessionToken: [credentials.sessionToken] }],
    ["a part that is missing", { secretAccessKey: credentials.secretAccessKey }],
    ["the secret alone", credentials.secretAccessKey],
  ])("by the TypeError for credentials with %s", (_what, wrong) => {
    expectSilentError(() => mapWith({ credentials: wrong }));
  });

  it("by a map, its object, its iterators, what they hold together, or what the threads share", () => {
    const map = mapWith();
    map.get("here");
    const object = asObject(map);
    const shared = (globalThis as Record<symbol, unknown>)[Symbol.for("s3bucketmap.threads")];
    for (const thing of [map, object, map.keys(), map.subMap("x"), { map, object }, [map], shared]) {
      expectNoSecret(allWords(thing));
    }
    expectNoSecret(`${Object.prototype.toString.call(map)} ${JSON.stringify(map)}`);
  });
});

describe("NODE_DEBUG=s3bucketmap", () => {
  async function run(source: string): Promise<string[]> {
    const library = JSON.stringify(path.join(__dirname, "../dist/index.js"));
    const child = spawn(process.execPath, ["-e", `const { S3BucketMap } = require(${library}); ${source}`], {
      env: { ...process.env, NODE_DEBUG: "s3bucketmap" },
      stdio: ["ignore", "inherit", "pipe"],
    });
    let log = "";
    child.stderr.on("data", (chunk) => (log += String(chunk)));
    const [status] = (await once(child, "close")) as [number];
    expect(status).toBe(0);
    expectNoSecret(log);
    return log.trimEnd().split("\n");
  }
  const make = (endpoint: string): string =>
    `const map = new S3BucketMap("bucket", ${JSON.stringify({ endpoint, region: "us-east-1", credentials })});`;

  it("prints a line for each try: operation, key, status, bytes, milliseconds and which try it is", async () => {
    server.fault({ operation: "GET", action: { status: 503, code: "SlowDown" } });
    server.fault({ operation: "DELETE", action: { reset: "before" } });
    server.fault({ operation: "GET", key: "lost", action: { reset: "before" }, times: 2 });
    const lines = await run(
      `${make(server.endpoint)} map.set("p/ü", "value"); map.get("p/ü"); map.has("p/ü"); map.delete("p/ü"); map.get("lost"); map.size;`,
    );
    expect(
      lines.map((line) => line.replace(/^S3BUCKETMAP \d+: /, "").replace(/\b\d+\.\d ms/, "0.0 ms")),
    ).toEqual([
      'PutObject "p/ü" 200, 5 bytes, 0.0 ms, attempt 1',
      expect.stringMatching(/^GetObject "p\/ü" 503, \d+ bytes, 0\.0 ms, attempt 1$/),
      'GetObject "p/ü" 200, 5 bytes, 0.0 ms, attempt 2',
      'HeadObject "p/ü" 200, 5 bytes, 0.0 ms, attempt 1',
      'DeleteObject "p/ü" TimeoutError (ECONNRESET), 0.0 ms, attempt 1',
      'DeleteObject "p/ü" 204, 0 bytes, 0.0 ms, attempt 2',
      // Both were lost, the first one by a used connection: what comes next is the SDK's.
      'GetObject "lost" TimeoutError (ECONNRESET), 0.0 ms, attempt 1',
      'GetObject "lost" TimeoutError (ECONNRESET), 0.0 ms, attempt 2',
      expect.stringMatching(/^GetObject "lost" 404, \d+ bytes, 0\.0 ms, attempt 3$/),
      expect.stringMatching(/^ListObjectsV2 "" 200, \d+ bytes, 0\.0 ms, attempt 1$/),
    ]);
  });

  it("tells no credential in what fails", async () => {
    server.fault({ times: Infinity, action: { status: 403, code: "SignatureDoesNotMatch" } });
    const lines = await run(
      `${make(server.endpoint)} for (const name of ["get", "has", "delete"]) try { map[name]("k") } catch (error) { console.error(error) }`,
    );
    expect(lines.join("\n")).toContain("SignatureDoesNotMatch");
  });

  it("is silent where it is not asked for", async () => {
    const before = process.env["NODE_DEBUG"];
    delete process.env["NODE_DEBUG"];
    const library = path.join(__dirname, "../dist/index.js");
    const child = spawn(
      process.execPath,
      [
        "-e",
        `const { S3BucketMap } = require(${JSON.stringify(library)}); ${make(server.endpoint)} map.get("k");`,
      ],
      { stdio: ["ignore", "inherit", "pipe"] },
    );
    let log = "";
    child.stderr.on("data", (chunk) => (log += String(chunk)));
    await once(child, "close");
    if (before !== undefined) process.env["NODE_DEBUG"] = before;
    expect(log).toBe("");
  });
});
