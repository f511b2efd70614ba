import { PartialFailureError, S3BucketMap } from "../lib/index.js";
import type { S3BucketOptions } from "../lib/index.js";
import { startForgetfulNetwork } from "./support/forgetful-network.js";
import type { ForgetfulNetwork } from "./support/forgetful-network.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// A network forgets the connections of a burst, and says nothing of it until they are used, or never.

jest.setTimeout(90_000);

let server: HttpS3;
let network: ForgetfulNetwork;
beforeAll(async () => {
  server = await startHttpS3({ latencyMs: 20 });
});
afterAll(() => server.close());
afterEach(() => network.close());

const keys = Array.from({ length: 64 }, (_, i) => `key ${i}`);
const entries = keys.map((key) => [key, `value of ${key}`] as const);
/** A header that only the SDK sends. */
const bySdk = { metadata: { note: "two  spaces" } };

let maps = 0;
function map(options: S3BucketOptions): S3BucketMap {
  maps += 1;
  return new S3BucketMap("bucket", {
    endpoint: network.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: `key ${maps}`.replace(" ", ""), secretAccessKey: "secret" },
    ...options,
  });
}

function burst(through: S3BucketMap): void {
  through.setMany(entries);
  expect([...through.getMany(keys)]).toEqual(entries);
  expect(network.carried()).toBeGreaterThan(32);
}

const isBySdk = (): boolean[] => server.log().map((entry) => entry.bySdk);

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it.each(["resets", "swallows"] as const)(
    "all goes on after a burst and two seconds of silence, on a network that %s what comes by old connections",
    async (then) => {
      network = await startForgetfulNetwork(server.endpoint, then, 1900);
      const through = map({ wait, timeoutMs: 10_000 });
      burst(through);
      const pause = new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(pause, 0, 0, 2000);
      server.reset();
      expect(through.get("key 1")).toBe("value of key 1");
      through.set("key 1", "new");
      expect(through.getMany(keys).get("key 1")).toBe("new");
      // No request was lost, so none was sent twice.
      expect(server.counts()).toMatchObject({ GET: 65, PUT: 1, total: 66 });
      // The SDK's own requests.
      Atomics.wait(pause, 0, 0, 2000);
      server.reset();
      through.setMany(entries, bySdk);
      expect(through.create(`made with ${wait} where it ${then}`, "1")).toBe(true);
      expect(isBySdk()).toContain(true);
    },
  );

  it("64 requests whose connections are reset at once are each sent again by a new one", async () => {
    network = await startForgetfulNetwork(server.endpoint, "resets", Infinity);
    const through = map({ wait });
    burst(through);
    server.reset();
    network.forget();
    expect([...through.getMany(keys)]).toEqual(entries);
    network.forget();
    through.setMany(entries.map(([key, value]) => [key, `${value}!`] as const));
    expect(isBySdk()).not.toContain(true);
    expect(through.get("key 63")).toBe("value of key 63!");
  });

  it("64 of the SDK's requests are, too", async () => {
    network = await startForgetfulNetwork(server.endpoint, "resets", Infinity);
    const through = map({ wait });
    through.setMany(entries, bySdk);
    network.forget();
    server.reset();
    through.setMany(entries, bySdk);
    expect(isBySdk()).toEqual(keys.map(() => true));
  });
});

it("a request without an answer for 20 s is sent again by a new connection", async () => {
  network = await startForgetfulNetwork(server.endpoint, "swallows", Infinity);
  const through = map({ concurrency: 80 });
  burst(through);
  network.forget();
  expect([...through.getMany(keys)]).toEqual(entries);
});

it("a write that is bound to a condition is looked at before it is sent again", async () => {
  network = await startForgetfulNetwork(server.endpoint, "resets", Infinity);
  const through = map({});
  through.delete("counter");
  through.create("counter", "1");
  burst(through);
  server.reset();
  const counted = through.update("counter", (value) => {
    network.forget();
    return String(Number(value) + 1);
  });
  expect(counted).toBe("2");
  expect(server.log().map(({ operation }) => operation)).toEqual(["GetObject", "HeadObject", "PutObject"]);
});

it("where a look proves nothing, such a write may have happened, and is not sent again", async () => {
  network = await startForgetfulNetwork(server.endpoint, "resets", Infinity);
  const through = map({});
  through.delete("other");
  through.create("other", "1");
  through.delete("bound");
  burst(through);
  server.reset();
  network.forget();
  expect(() => through.create("bound", "1")).toThrow("the write may still have happened");
  expect(server.counts()).toMatchObject({ PUT: 0 });
});

it("a write that was sent by a lost connection may have happened, though it is then refused", async () => {
  network = await startForgetfulNetwork(server.endpoint, "resets", Infinity);
  const through = map({});
  burst(through);
  server.fault({ operation: "PUT", times: Infinity, action: { status: 403, code: "AccessDenied" } });
  network.forget();
  let thrown: unknown;
  try {
    through.setMany(entries);
  } catch (error) {
    thrown = error;
  }
  server.clearFaults();
  expect(thrown).toBeInstanceOf(PartialFailureError);
  for (const { code, message } of (thrown as PartialFailureError).failed.values()) {
    expect(code).toBe("AccessDenied");
    expect(message).toContain("the write may still have happened");
  }
});
