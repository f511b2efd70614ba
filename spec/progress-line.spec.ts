import { lineOf } from "../lib/worker/observe/progress-line.js";

const done = {
  verb: "reading",
  where: "s3://morning/2026/11/27/users",
  ms: 12_345,
  calls: 1447,
  requests: 1447,
  keys: 0,
  bytes: 65_536,
  isAnswered: true,
  length: 0,
};

describe("the line that shows how far work is", () => {
  it("cuts the location, and then leaves out what is least important", () => {
    expect(lineOf(done, 120)).toBe(
      "reading s3://morning/2026/11/27/users: 1,447 requests, 64 KB, 5.2 KB/s, 12.3 s",
    );
    expect(lineOf(done, 70)).toBe("reading s3://morning/2026/11: 1,447 requests, 64 KB, 5.2 KB/s, 12.3 s");
    expect(lineOf(done, 56)).toBe("reading s3://morning/202: 1,447 requests, 64 KB, 12.3 s");
    expect(lineOf(done, 40)).toBe("reading: 1,447 requests, 64 KB, 12.3 s");
    expect(lineOf(done, 25)).toBe("reading: 64 KB, 12.3 s");
    expect(lineOf(done, 18)).toBe("reading: 12.3 s");
  });

  it("fits into any width, also where characters fill two columns", () => {
    for (const where of [
      done.where,
      "s3://morning/\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e",
      "s3://m/\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
    ])
      for (let columns = 1; columns <= 130; columns += 1) {
        const line = lineOf({ ...done, where }, columns);
        const width = [...line].reduce((sum, one) => sum + (one > "\u10ff" ? 2 : 1), 0);
        expect([where, columns, width < columns]).toEqual([where, columns, true]);
      }
  });

  it("says that nothing has arrived yet", () => {
    expect(lineOf({ ...done, calls: 1, requests: 0, bytes: 0, isAnswered: false }, 80)).toBe(
      "reading s3://morning/2026/11/27/users: no response yet, 12.3 s",
    );
  });
});
