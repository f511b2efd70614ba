import { asObject, batch, PartialFailureError, S3BucketMapError } from "../lib/index.js";
import type { S3BucketMap } from "../lib/index.js";
import { expectWell, freshMap, leaveFirstToSdk, seed } from "./support/fault-cell.js";
import { faultTable, impossible } from "./support/fault-table.js";
import type { Cell, Row } from "./support/fault-table.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

// Far above any deadline or back-off: a call that hangs fails here.
jest.setTimeout(30_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const stored = { here: "stored", other: "as well" };
const changed = { here: "new", other: "new, too" };
const keys = Object.keys(stored);

/** A call on many keys: what befalls its requests, and what each of them then ends in. */
interface Bulk {
  run(map: S3BucketMap): unknown;
  /** The requests that the fault befalls. */
  requests: string;
  cell(row: Row): Cell;
  /** What it gives where it succeeds. */
  value: unknown;
  /** What is stored then. */
  leaves: Record<string, string | undefined>;
}

const calls: Record<string, Bulk> = {
  getMany: {
    run: (map) => Object.fromEntries(map.getMany(keys)),
    requests: "GET",
    cell: (row) => row.get,
    value: stored,
    leaves: stored,
  },
  spread: {
    run: (map) => ({ ...asObject(map) }),
    requests: "GET",
    cell: (row) => row.get,
    value: stored,
    leaves: stored,
  },
  setMany: {
    run: (map) => void map.setMany(Object.entries(changed)),
    requests: "PUT",
    cell: (row) => row.set,
    value: undefined,
    leaves: changed,
  },
  batch: {
    run: (map) => batch(map, () => void Object.assign(asObject(map), changed)),
    requests: "PUT",
    cell: (row) => row.set,
    value: undefined,
    leaves: changed,
  },
  deleteMany: {
    run: (map) => map.deleteMany(keys),
    requests: "DELETE_OBJECTS",
    cell: ({ action, ...row }) => {
      // It names no key, and each has a DELETE of its own.
      if (row.fault === "a page with 200 that says it is XML") return { is: "value" };
      // Its answer has a body, and none of a listing's special parts.
      if (row.delete.is !== "impossible" || row.get.is === "impossible") return row.delete;
      if ("corrupt" in action) return impossible("S3 sends no checksum of this answer");
      return row.keys.is === "error" ? { ...row.keys, mayHaveBeenApplied: true } : row.keys;
    },
    value: undefined,
    leaves: { here: undefined, other: undefined },
  },
};

const cells = Object.entries(calls).flatMap(([name, bulk]) =>
  faultTable.flatMap((row) => {
    const cell = bulk.cell(row);
    if (cell.is === "impossible") return [];
    const told = cell.is === "error" ? cell.code : cell.is;
    return [[row.fault, name, told, { row, bulk, cell }] as const];
  }),
);

describe.each(["the SDK's first requests", "first tries past the SDK"])("%s", (which) => {
  if (which === "the SDK's first requests") leaveFirstToSdk();
  it.each(cells)(
    "%s: %s ends in %s for each key, and the map works afterwards",
    (_fault, _name, _told, of) => {
      const { row, bulk, cell } = of;
      seed(server);
      const map = freshMap(server.endpoint, "atomics", row.timeoutMs);
      // Where one failure is not made good, all requests are to meet it.
      const times = cell.is === "error" ? Infinity : row.times;
      server.fault({ operation: bulk.requests, times, action: row.action });
      let outcome: unknown;
      try {
        outcome = bulk.run(map);
      } catch (error) {
        outcome = error;
      }
      if (cell.is === "value") expect(outcome).toEqual(bulk.value);
      else if (cell.is === "error") expectErrors(outcome, cell);
      server.clearFaults();
      for (const key of keys) {
        const before = stored[key as keyof typeof stored];
        const after = bulk.leaves[key];
        const now = map.get(key);
        if (cell.is === "value") expect(now).toBe(after);
        else if ("mayHaveBeenApplied" in cell) expect([before, after]).toContain(now);
        else expect(now).toBe(before);
      }
      map.set("other", "there");
      expectWell(map);
    },
  );
});

// One error for all where no key can fare better, otherwise each key has its own.
function expectErrors(outcome: unknown, cell: Cell & { is: "error" }): void {
  expect(outcome).toBeInstanceOf(S3BucketMapError);
  const isPartial = outcome instanceof PartialFailureError;
  if (isPartial) {
    expect(outcome.succeeded).toEqual([]);
    expect([...outcome.failed.keys()].sort()).toEqual(keys);
  }
  for (const error of isPartial ? outcome.failed.values() : [outcome as S3BucketMapError]) {
    expect(error).toMatchObject({ code: cell.code, statusCode: cell.statusCode });
    expect(error.message.includes("the write may still have happened")).toBe(
      cell.mayHaveBeenApplied === true,
    );
    expect(error.message).not.toMatch(/undefined|UnknownError|\n|\$response/);
  }
}
