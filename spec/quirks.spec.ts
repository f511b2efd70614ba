import { startHttpS3 } from "./support/http-s3.js";
import type { HttpS3 } from "./support/http-s3.js";
import { cells, openService } from "./support/quirk-cells.js";
import { quirks } from "./support/quirks/quirks.js";

// Each operation on each service there is: the right value, or a clear refusal that is named here.

jest.setTimeout(120_000);

const allRight = Object.fromEntries(Object.keys(cells).map((cell) => [cell, "right"]));

let server: HttpS3;
beforeAll(async () => {
  server = await startHttpS3({ quirks: true });
});
afterAll(() => server.close());

describe.each(["atomics", "deasync"] as const)("wait: %s", (wait) => {
  it.each(quirks)("$name ($source)", (quirk) => {
    const service = openService(server, quirk, wait);
    const found = Object.keys(cells).map((cell) => [cell, service.outcomeOf(cell)]);
    service.close();
    expect(Object.fromEntries(found)).toEqual({ ...allRight, ...quirk.refuses });
  });
});

it("has at least 25 services of public reports", () => {
  expect(quirks.filter(({ source }) => source.startsWith("https://")).length).toBeGreaterThanOrEqual(25);
  expect(new Set(quirks.map(({ name }) => name)).size).toBe(quirks.length);
});
