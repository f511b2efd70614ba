import { S3BucketMap } from "../lib/index.js";
import type { S3BucketMapError, S3BucketOptions } from "../lib/index.js";
import { startForgetfulNetwork } from "./support/forgetful-network.js";
import type { ForgetfulNetwork } from "./support/forgetful-network.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// An error's `attempts` is how often the request was sent, whoever sent it: past the SDK, by it, or once more because a
// connection was lost.

jest.setTimeout(60_000);

let server: HttpS3;
let network: ForgetfulNetwork;
beforeAll(async () => {
  server = await startHttpS3();
  network = await startForgetfulNetwork(server.endpoint, "resets", Infinity);
});
afterAll(async () => {
  await network.close();
  await server.close();
});
afterEach(() => server.clearFaults());

let maps = 0;
function map(options: S3BucketOptions = {}): S3BucketMap {
  maps += 1;
  const made = new S3BucketMap("bucket", {
    endpoint: network.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: `key${maps}`, secretAccessKey: "secret" },
    ...options,
  });
  made.set("key", "1");
  return made;
}

/** A header that only the SDK sends. */
const bySdk = { metadata: { note: "two  spaces" } };

function failure(call: () => unknown): S3BucketMapError {
  try {
    call();
  } catch (error) {
    return error as S3BucketMapError;
  }
  throw new Error("nothing was thrown");
}

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it.each([
    ["past the SDK", {}],
    ["by the SDK", bySdk],
  ])("the try of a lost connection counts, %s", (_how, options) => {
    const through = map({ wait });
    through.set("key", "1", options);
    server.fault({ operation: "PUT", action: { status: 403, code: "AccessDenied" }, times: Infinity });
    network.forget();
    expect(failure(() => through.set("key", "2", options))).toMatchObject({
      code: "AccessDenied",
      attempts: 2,
    });
  });

  it.each([
    ["past the SDK", {}],
    ["by the SDK", bySdk],
  ])("so it does before the tries that the SDK makes, %s", (_how, options) => {
    const through = map({ wait });
    through.set("key", "1", options);
    server.fault({ operation: "PUT", action: { status: 500, code: "InternalError" }, times: Infinity });
    server.reset();
    network.forget();
    expect(failure(() => through.set("key", "2", options))).toMatchObject({
      code: "InternalError",
      attempts: 4,
    });
    // The first one was lost.
    expect(server.counts()).toMatchObject({ PUT: 3 });
  });
});

it("what is sent once has been tried once", () => {
  const through = map();
  through.create("first", "1");
  server.fault({ operation: "PUT", action: { status: 500, code: "InternalError" }, times: Infinity });
  expect(failure(() => through.create("new", "1"))).toMatchObject({ code: "InternalError", attempts: 1 });
});
