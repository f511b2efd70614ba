import fc from "fast-check";
import { comesBefore } from "../lib/utf8-order.js";

describe("comesBefore()", () => {
  it("orders strings as their UTF-8 bytes are ordered", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("a", "\ue000", "\uffff", "😀", "\ud7ff") }),
    );
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(comesBefore(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0);
      }),
      { numRuns: 2000 },
    );
  });
});
