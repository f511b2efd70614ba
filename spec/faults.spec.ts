import { expectEnd, expectState, expectWell, freshMap, requests, seed } from "./support/fault-cell.js";
import type { WaitName } from "./support/fault-cell.js";
import { faultTable, operations } from "./support/fault-table.js";
import type { Cell } from "./support/fault-table.js";
import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";

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

describe.each<WaitName>(["atomics", "deasync"])("wait: %s", (wait) => {
  const possible = cells.filter(({ cell }) => cell.is !== "impossible");
  it.each(possible.map((cell) => [cell.row.fault, cell.operation, told(cell.cell), cell] as const))(
    "%s: %s ends in %s, and the map works afterwards",
    (_fault, operation, _told, { row, cell }) => {
      seed(server);
      const map = freshMap(server.endpoint, wait, row.timeoutMs);
      const kind = requests[operation];
      server.fault({
        ...(kind === undefined ? {} : { operation: kind }),
        times: row.times,
        action: row.action,
      });
      expectEnd(map, operation, cell);
      server.clearFaults();
      expectState(map, operation, cell);
      expectWell(map);
    },
  );
});

describe("the table", () => {
  it("gives a reason for every cell that is not there", () => {
    for (const { cell } of cells) if (cell.is === "impossible") expect(cell.because).toMatch(/\w+ \w+/);
  });
});
