import { S3BucketMap, S3BucketMapError } from "../../lib/index.js";
import type { Cell, Operation } from "./fault-table.js";
import type { HttpS3 } from "./http-s3.js";

export type WaitName = "atomics" | "deasync";

let maps = 0;

/** A map whose client is its own: another's failures have used up none of its tries, and corrected no clock. */
export function freshMap(endpoint: string, wait: WaitName, timeoutMs = 60_000): S3BucketMap {
  maps += 1;
  return new S3BucketMap("bucket", {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: `key${maps}`, secretAccessKey: "secret" },
    prefix: "p/",
    wait,
    timeoutMs,
  });
}

/**
 * Has the SDK make the first requests of the maps of a suite, and learns the way past it from them: of this variable nothing
 * is known here but by the SDK. It has this value in any case.
 */
export function leaveFirstToSdk(): void {
  beforeAll(() => void (process.env["AWS_RETRY_MODE"] = "standard"));
  afterAll(() => void delete process.env["AWS_RETRY_MODE"]);
}

const run: Record<Operation, (map: S3BucketMap) => unknown> = {
  get: (map) => map.get("here"),
  set: (map) => map.set("here", "new") === map,
  has: (map) => map.has("here"),
  delete: (map) => map.delete("here"),
  keys: (map) => [...map.keys()],
};
const values: Record<Operation, unknown> = {
  get: "stored",
  set: true,
  has: true,
  delete: true,
  keys: ["here", "other"],
};
const states: Record<Operation, string | undefined> = {
  get: "stored",
  set: "new",
  has: "stored",
  delete: undefined,
  keys: "stored",
};

/** The requests that an operation makes, by the names of `FaultRule`; `has` asks why its HEAD was refused. */
export const requests: Record<Operation, string | undefined> = {
  get: "GET",
  set: "PUT",
  has: undefined,
  delete: "DELETE",
  keys: "LIST",
};

export function seed(server: HttpS3): void {
  server.clearFaults();
  freshMap(server.endpoint, "atomics").set("here", "stored").set("other", "as well");
}

/** Makes the call of a cell and compares what it ended in. */
export function expectEnd(map: S3BucketMap, operation: Operation, cell: Cell): void {
  let outcome: unknown;
  try {
    outcome = run[operation](map);
  } catch (error) {
    outcome = error;
  }
  if (cell.is === "error") expectError(outcome, operation, cell);
  else expect(outcome).toEqual(values[operation]);
}

/** What a cell left behind, once its fault is over. */
export function expectState(map: S3BucketMap, operation: Operation, cell: Cell): void {
  const now = map.get("here");
  if (cell.is === "value") expect(now).toBe(states[operation]);
  // What may have happened did or did not; what says nothing of it did not.
  else if ("mayHaveBeenApplied" in cell) expect(["stored", states[operation]]).toContain(now);
  else expect(now).toBe("stored");
}

function expectError(outcome: unknown, operation: Operation, cell: Cell & { is: "error" }): void {
  const { code, statusCode, attempts, says = "" } = cell;
  expect(outcome).toBeInstanceOf(S3BucketMapError);
  const error = outcome as S3BucketMapError;
  expect(error).toMatchObject({
    code,
    name: nameOf(code, statusCode),
    operation: operation === "keys" ? "list" : operation,
    bucket: "bucket",
    key: operation === "keys" ? undefined : "p/here",
    statusCode,
    message: expect.stringContaining(says) as string,
  });
  if (attempts !== undefined) expect(error.attempts).toBe(attempts);
  expect(error.message.includes("the write may still have happened")).toBe(cell.mayHaveBeenApplied === true);
  expect(error.message).not.toMatch(/undefined|UnknownError|\n|\$response/);
}

const ownNames: Record<string, string> = {
  NoSuchBucket: "NoSuchBucketError",
  TimedOut: "TimedOutError",
  ExpiredToken: "AccessDeniedError",
};

function nameOf(code: string, statusCode: number | undefined): string {
  return ownNames[code] ?? (statusCode === 403 ? "AccessDeniedError" : "S3BucketMapError");
}

/** The map works, in every operation. */
export function expectWell(map: S3BucketMap): void {
  map.set("here", "afterwards");
  expect(map.get("here")).toBe("afterwards");
  expect(map.has("here")).toBe(true);
  expect(map.has("never")).toBe(false);
  expect([...map.keys()]).toEqual(["here", "other"]);
  map.delete("here");
  expect(map.get("here")).toBeUndefined();
}
