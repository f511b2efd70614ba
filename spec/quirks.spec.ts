import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { cells, openService } from "./support/quirk-cells.js";
import { quirks } from "./support/quirks/quirks.js";
import { isFull } from "./support/size.js";

// Each operation on each service there is: the right value, or a clear refusal that is named here.

jest.setTimeout(120_000);

const names = Object.keys(cells);

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ quirks: true });
});
afterAll(() => server.close());

// The service answers both waits alike. So at the small size only one wait runs every cell, and the other one cell in six.
const isAsked = (wait: string, at: number): boolean => isFull || wait === "atomics" || at % 6 === 0;

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it.each(quirks)("$name ($source)", (quirk) => {
    const service = openService(server, quirk, wait);
    const asked = names.filter((name, at) => isAsked(wait, quirks.indexOf(quirk) + at));
    const found = asked.map((cell) => [cell, service.outcomeOf(cell)]);
    service.close();
    const outcomes: Record<string, string> = quirk.refuses ?? {};
    const expected = asked.map((cell) => [cell, outcomes[cell] ?? "right"]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
  });
});

it("has at least 25 services of public reports", () => {
  expect(quirks.filter(({ source }) => source.startsWith("https://")).length).toBeGreaterThanOrEqual(25);
  expect(new Set(quirks.map(({ name }) => name)).size).toBe(quirks.length);
});
