import {
  expectEnd,
  expectState,
  expectWell,
  freshMap,
  leaveFirstToSdk,
  requests,
  seed,
} from "./support/fault-cell.js";
import type { WaitName } from "./support/fault-cell.js";
import { faultTable, operations } from "./support/fault-table.js";
import type { Cell } from "./support/fault-table.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3, LoggedRequest } from "./support/http-s3.js";

// Far above any deadline or back-off: a call that hangs fails here.
jest.setTimeout(30_000);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3();
});
afterAll(() => server.close());

const cells = faultTable.flatMap((row) =>
  operations.map((operation) => ({ row, operation, cell: row[operation] })),
);

function told(cell: Cell): string {
  return cell.is === "error" ? cell.code : cell.is;
}

const possible = cells.filter(({ cell }) => cell.is !== "impossible");

function bear({ row, operation, cell }: (typeof possible)[number], wait: WaitName): LoggedRequest[] {
  seed(server);
  const map = freshMap(server.endpoint, wait, row.timeoutMs);
  const kind = requests[operation];
  server.reset();
  server.fault({
    ...(kind === undefined ? {} : { operation: kind }),
    times: row.times,
    action: row.action,
  });
  expectEnd(map, operation, cell);
  const log = server.log();
  server.clearFaults();
  expectState(map, operation, cell);
  expectWell(map);
  return log;
}

const named = possible.map((cell) => [cell.row.fault, cell.operation, told(cell.cell), cell] as const);

describe("wait: atomics, the SDK's own requests", () => {
  leaveFirstToSdk();
  it.each(named)("%s: %s ends in %s, and the map works afterwards", (_fault, _operation, _told, cell) => {
    expect(bear(cell, "atomics")[0]).toMatchObject({ bySdk: true, faulted: true });
  });
});

// What befalls a direct attempt must end as it does where the SDK has made it.
describe.each<WaitName>(["atomics", "deasync"])("wait: %s, a first try past the SDK", (wait) => {
  it.each(named)("%s: %s ends in %s, and the map works afterwards", (fault, operation, _told, cell) => {
    const [first, ...others] = bear(cell, wait);
    expect(first).toMatchObject({ bySdk: false, faulted: true });
    // Each page of a listing is a request of its own, and so is what is sent to another region, and the question why.
    if (operation === "keys" || fault.includes("region")) return;
    const firsts = others.filter(({ bySdk }) => !bySdk).map(({ method }) => method);
    // A connection that had served others may have been dead: another one is tried, once.
    const again = firsts.filter((method) => method === first!.method);
    expect(again.length).toBeLessThanOrEqual(fault.startsWith("reset ") ? 1 : 0);
    const why = firsts.filter((method) => method !== first!.method);
    expect(["GET"].slice(0, operation === "has" ? 1 : 0)).toEqual(expect.arrayContaining(why));
  });
});

describe("a first try past the SDK", () => {
  it("is the only one where it fails for good, and one of three where the SDK tries again", () => {
    seed(server);
    const map = freshMap(server.endpoint, "atomics");
    expect(map.get("here")).toBe("stored");
    for (const [code, status, requests] of [
      ["AccessDenied", 403, 1],
      ["SlowDown", 503, 3],
    ] as const) {
      server.reset();
      server.fault({ times: Infinity, action: { status, code } });
      expect(() => map.get("here")).toThrow(expect.objectContaining({ code, attempts: requests }));
      expect(server.counts().total).toBe(requests);
      server.clearFaults();
    }
  });

  it("is followed by as many tries as ever, however many calls have failed before", () => {
    seed(server);
    const map = freshMap(server.endpoint, "atomics");
    expect(map.get("here")).toBe("stored");
    server.reset();
    server.fault({ times: Infinity, action: { status: 500, code: "InternalError" } });
    for (let call = 0; call < 40; call += 1)
      expect(() => map.get("here")).toThrow(expect.objectContaining({ code: "InternalError", attempts: 3 }));
    server.clearFaults();
    expect(server.counts().total).toBe(120);
  }, 60_000);
});

describe("the table", () => {
  it("gives a reason for every cell that is not there", () => {
    for (const { cell } of cells) if (cell.is === "impossible") expect(cell.because).toMatch(/\w+ \w+/);
  });
});
