import { S3BucketMap, TimedOutError } from "../lib/index.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { FaultRule, HttpS3, HttpS3Options, LoggedRequest } from "./support/http-s3.js";
import { thrownBy } from "./support/local-maps.js";

// A call's deadline may pass while conditions are tried. The key of that trial is named then, and taken away later.

jest.setTimeout(60_000);

let maps = 0;
const ofTrial = /\.s3bucketmap-check-[\w-]+$/;
const isTrial = ({ key }: LoggedRequest): boolean => ofTrial.test(key);

/** What was sent for trials, as "PUT first". */
function told(server: HttpS3): string[] {
  const seen: string[] = [];
  return server
    .log()
    .filter(isTrial)
    .map(({ method, key }) => {
      if (!seen.includes(key)) seen.push(key);
      return `${method} ${["first", "second"][seen.indexOf(key)]}`;
    });
}

describe.each(["atomics", "deasync"] as const)("a trial, with wait %s,", (wait) => {
  let server: HttpS3;
  let plain: S3BucketMap;
  /** Of the same settings but for the deadline, so that each knows what the other has learnt. */
  let quick: S3BucketMap;
  let patient: S3BucketMap;

  const open = (accessKeyId: string, timeoutMs: number): S3BucketMap =>
    new S3BucketMap("bucket", {
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId, secretAccessKey: "secret" },
      wait,
      prefix: "p/",
      timeoutMs,
    });
  const start = async (options: HttpS3Options = {}): Promise<void> => {
    server = await startHttpS3(options);
    maps += 1;
    plain = open("plain", 20_000);
    plain.set("here", "stored");
    // The SDK takes its time to load.
    thrownBy(() => plain.set("here", "stored", { ifMatch: '"other"' }));
    quick = open(`key${maps}`, 2000);
    patient = open(`key${maps}`, 4500);
    server.reset();
  };
  afterEach(() => server.close());

  const left = (): string[] => [...plain.keys()].filter((key) => ofTrial.test(key)).map((key) => `p/${key}`);
  const fault = (operation: string, action: FaultRule["action"], rule: Partial<FaultRule> = {}): void =>
    server.fault({ operation, key: ofTrial, action, ...rule });
  /** The deletions that clear up, not those that are tried. */
  const stallDeletes = (times: number): void => fault("DELETE", { stall: "before" }, { times });
  const saysThatItMayBeThere = (error: unknown, key: string): void => {
    expect(error).toBeInstanceOf(TimedOutError);
    const { message } = error as Error;
    expect(message).toContain(
      `(the key ${JSON.stringify(key)}, which was written to test conditions, may still be there)`,
    );
    expect(message).not.toContain("may still have happened");
  };

  it.each([0, 1, 2, 3])("names its key where PUT %i of it was stored without an answer", async (after) => {
    await start();
    fault("PUT", { stall: "after-apply" }, { after });
    stallDeletes(1);
    const error = thrownBy(() => quick.create("lock", "1"));
    const [key, ...more] = left();
    expect(more).toEqual([]);
    saysThatItMayBeThere(error, key!);
    server.reset();
    // It does not wait for the deletion that stalls.
    expect(patient.create("lock", "2")).toBe(true);
    expect(told(server)).toEqual([
      "DELETE first",
      ...["PUT second", "PUT second", "PUT second", "PUT second", "DELETE second", "HEAD second"],
    ]);
    expect(left()).toEqual([]);
  });

  it("leaves one key, however often it is cut off", async () => {
    await start();
    fault("PUT", { stall: "after-apply" });
    stallDeletes(2);
    thrownBy(() => quick.create("lock", "1"));
    const [key] = left();
    saysThatItMayBeThere(
      thrownBy(() => quick.create("lock", "1")),
      key!,
    );
    expect(left()).toEqual([key]);
    expect(plain.has("lock")).toBe(false);
    expect(patient.create("lock", "2")).toBe(true);
    expect(left()).toEqual([]);
  });

  it("that has passed is not repeated, and its key is deleted beside the next conditional write", async () => {
    await start();
    stallDeletes(1);
    const error = thrownBy(() => quick.create("lock", "1"));
    saysThatItMayBeThere(error, left()[0]!);
    server.reset();
    expect(patient.create("lock", "2")).toBe(true);
    while (left().length > 0);
    expect(told(server)).toEqual(["DELETE first"]);
    patient.update("lock", () => "3");
    expect(told(server)).toEqual(["DELETE first"]);
  });

  it("uses the key of one that was cut off where deleting turns out to be denied", async () => {
    await start();
    fault("PUT", { stall: "after-apply" });
    stallDeletes(1);
    thrownBy(() => quick.create("lock", "1"));
    const [key] = left();
    fault("DELETE", { status: 403, code: "AccessDenied" }, { times: Infinity });
    const error = thrownBy(() => patient.create("lock", "2"));
    expect(error).toMatchObject({ code: "AccessDenied" });
    expect((error as Error).message).toContain(
      `the key ${JSON.stringify(key)}, which was written to test conditions`,
    );
    expect(patient.create("lock", "2")).toBe(true);
    expect(left()).toEqual([key]);
  });

  it("takes nothing for granted of a PUT that may still come, although the key was deleted", async () => {
    await start();
    fault("PUT", { stall: "before" });
    const error = thrownBy(() => quick.create("lock", "1"));
    const key = server.log().find(isTrial)!.key;
    saysThatItMayBeThere(error, key);
    server.reset();
    expect(patient.create("lock", "2")).toBe(true);
    expect(server.log()[0]).toMatchObject({ method: "DELETE", key });
  });

  it("of a PUT says nothing of a DELETE where its key could not be deleted", async () => {
    await start({ conditions: "ignored by DELETE" });
    fault("DELETE", { status: 500, code: "InternalError" }, { times: 3 });
    expect(thrownBy(() => patient.update("here", () => undefined))).toMatchObject({ code: "InternalError" });
    expect(thrownBy(() => patient.update("here", () => undefined))).toMatchObject({
      code: "ConditionsUnsupported",
    });
    expect(plain.get("here")).toBe("stored");
    expect(left()).toEqual([]);
  });
});
