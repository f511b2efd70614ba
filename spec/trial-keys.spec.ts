import { S3BucketMap, S3BucketMapError } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, LoggedRequest } from "./support/http-s3.js";
import { thrownBy } from "./support/local-maps.js";

// What becomes of the key on which conditional writes are tried out, where it cannot be deleted again.

jest.setTimeout(60_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());
afterEach(() => server.clearFaults());

const isTrial = ({ key }: LoggedRequest): boolean => /(?:^|\/)\.s3bucketmap-check-/.test(key);
const denied = { status: 403, code: "AccessDenied", message: "Not you." };
const trialKeys = /\.s3bucketmap-check-[\w-]+$/;

let maps = 0;

describe.each(["atomics", "deasync"] as const)("the key of a trial, with wait %s", (wait) => {
  let map: S3BucketMap;
  let plain: S3BucketMap;
  beforeEach(() => {
    maps += 1;
    const open = (accessKeyId: string, timeoutMs = 20_000): S3BucketMap => {
      const credentials = { accessKeyId, secretAccessKey: "secret" };
      const { endpoint } = server;
      const prefix = `${maps}/`;
      return new S3BucketMap("bucket", {
        endpoint,
        region: "us-east-1",
        credentials,
        wait,
        prefix,
        timeoutMs,
      });
    };
    map = open(`key${maps}`);
    plain = open("plain");
    plain.set("here", "stored");
    server.reset();
  });

  const left = (): string[] => [...plain.keys()].filter((key) => trialKeys.test(key));
  const ignoredConditions = (): void =>
    server.fault({
      operation: "PUT",
      key: /check/,
      after: 1,
      times: Infinity,
      action: { status: 200, headers: { etag: '"x"' }, body: "" },
    });
  const deniedDelete = (): void =>
    server.fault({ operation: "DELETE", accessKey: `key${maps}`, times: Infinity, action: denied });

  it.each<[string, (key: string) => unknown]>([
    ["create", (key) => map.create(key, "1")],
    ["update", (key) => map.update(key, () => "1")],
    ["set", () => map.set("here", "1", { ifMatch: plain.head("here")!.etag })],
  ])("is one at most where deleting is denied: %s", (operation, write) => {
    deniedDelete();
    const error = thrownBy(() => write("one"));
    const [key, ...more] = left();
    expect(more).toEqual([]);
    expect(error).toBeInstanceOf(S3BucketMapError);
    expect(error).toMatchObject({ code: "AccessDenied", operation, statusCode: 403 });
    const { message } = error as Error;
    expect(message).toContain(
      `the key ${JSON.stringify(`${maps}/${key}`)}, which was written to test conditions`,
    );
    expect(message).toMatch(/could not be deleted: Not you\. Delete it.*allow s3:DeleteObject.*call again/);
    expect(message).not.toContain("may still have happened");
    expect(plain.has("one")).toBe(false);
    expect(plain.get("here")).toBe("stored");

    server.reset();
    write("two");
    expect(server.log().filter(isTrial)).toEqual([]);
    expect(map.create("three", "1")).toBe(true);
    expect(map.subMap("sub/").create("three", "1")).toBe(true);
    expect(left()).toEqual([key]);
  });

  it("is one and the same for each trial until one can delete it", () => {
    for (let turn = 0; turn < 2; turn += 1) {
      server.clearFaults();
      deniedDelete();
      server.fault({ operation: "PUT", key: /check/, after: 1, action: denied });
      expect(thrownBy(() => map.create("one", "1"))).toMatchObject({
        code: "AccessDenied",
        message: expect.stringContaining("may still be there") as string,
      });
      expect(left()).toHaveLength(1);
    }
    server.clearFaults();
    expect(map.create("one", "1")).toBe(true);
    expect(left()).toEqual([]);
  });

  it("is also used for the trial of a deletion", () => {
    deniedDelete();
    thrownBy(() => map.create("one", "1"));
    expect(thrownBy(() => map.update("here", () => undefined))).toMatchObject({ code: "AccessDenied" });
    expect(thrownBy(() => map.update("here", () => undefined))).toMatchObject({ code: "AccessDenied" });
    expect(left()).toHaveLength(1);
    expect(plain.get("here")).toBe("stored");
  });

  it("is not used by a map whose prefix it is not under", () => {
    deniedDelete();
    const action = denied;
    server.fault({ operation: "PUT", key: /check/, after: 1, times: 1, action });
    thrownBy(() => map.subMap("a/").create("one", "1"));
    server.reset();
    thrownBy(() => map.subMap("b/").create("one", "1"));
    expect(server.log().every(({ key }) => key.startsWith(`${maps}/b/`))).toBe(true);
  });

  it("is named where it could not be written, and was not", () => {
    server.fault({ operation: "PUT", key: /check/, times: Infinity, action: denied });
    const error = thrownBy(() => map.create("one", "1"));
    expect(error).toMatchObject({ code: "AccessDenied", operation: "create" });
    expect((error as Error).message).toMatch(
      /conditions could not be tested with the key ".*check-[\w-]+": Not you/,
    );
    expect(server.log().map(({ method, status }) => `${method} ${status}`)).toEqual(["PUT 403"]);
    expect(left()).toEqual([]);
    server.clearFaults();
    expect(map.create("one", "1")).toBe(true);
  });

  it.each([
    [409, "OperationAborted"],
    [404, "NoSuchKey"],
  ])("does not make its own %i seem one of the write", (status, code) => {
    server.fault({ operation: "PUT", key: /check/, times: Infinity, action: { status, code } });
    expect(thrownBy(() => map.update("here", () => "new"))).toMatchObject({ code, statusCode: status });
    expect(server.log().filter(({ method }) => method === "PUT")).toHaveLength(1);
  });

  it("is told of where the service only says that it has deleted it", () => {
    server.fault({ operation: "DELETE", times: Infinity, action: { status: 204 } });
    const first = thrownBy(() => map.create("one", "1"));
    const [key] = left();
    expect(first).toMatchObject({
      code: "ConditionsUnsupported",
      message: expect.stringContaining(`the key ${JSON.stringify(`${maps}/${key}`)}`) as string,
    });
    expect((first as Error).message).toMatch(
      /the service reported a deletion that it did not make.*is still there/,
    );
    thrownBy(() => map.create("two", "1"));
    thrownBy(() => map.update("here", () => undefined));
    expect(left()).toEqual([key]);
    expect(plain.get("here")).toBe("stored");
  });

  it("is told of with what the service does not keep to", () => {
    deniedDelete();
    ignoredConditions();
    const error = thrownBy(() => map.create("one", "1"));
    expect(error).toMatchObject({ code: "ConditionsUnsupported" });
    expect((error as Error).message).toMatch(
      /ignores If-None-Match of a PUT; the key ".*check-.*", which was written to test this, is still there/,
    );
    thrownBy(() => map.create("two", "1"));
    expect(left()).toHaveLength(1);
  });

  it("is told of where nothing is kept to, and nothing deleted", () => {
    server.fault({ operation: "DELETE", times: Infinity, action: { status: 204 } });
    ignoredConditions();
    const error = thrownBy(() => map.create("one", "1")) as Error;
    expect(error).toMatchObject({ code: "ConditionsUnsupported" });
    expect(error.message).toContain(
      `the key ${JSON.stringify(`${maps}/${left()[0]}`)}, which was written to test`,
    );
    thrownBy(() => map.create("two", "1"));
    expect(left()).toHaveLength(1);
  });

  it("is gone where the answer to its conditional deletion was lost", () => {
    server.fault({ operation: "DELETE", key: /check/, after: 2, action: { reset: "after-apply" } });
    expect(map.update("here", () => undefined)).toBeUndefined();
    const deletions = server.log().filter(({ method, key }) => method === "DELETE" && /check/.test(key));
    expect(deletions.map(({ status }) => status)).toContain(404);
    expect([...plain.keys()]).toEqual([]);
  });

  it("is believed to be gone by those who may not look", () => {
    server.fault({ operation: "HEAD", times: Infinity, action: { status: 403, code: "AccessDenied" } });
    expect(map.create("one", "1")).toBe(true);
    server.clearFaults();
    expect(left()).toEqual([]);
  });
});
