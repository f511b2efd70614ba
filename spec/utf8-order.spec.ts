import fc from "fast-check";
import { comesBefore, orderOf } from "../lib/text/utf8-order.js";

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("a", "\ue000", "\uffff", "😀", "\ud7ff") }),
);

describe("comesBefore()", () => {
  it("orders strings as their UTF-8 bytes are ordered", () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(comesBefore(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("orderOf()", () => {
  it("orders the keys that it is given as comesBefore does", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (keys) => {
        const isInOrder = orderOf(keys);
        for (const a of keys) for (const b of keys) expect(isInOrder(a, b)).toBe(comesBefore(a, b));
      }),
      { numRuns: 2000 },
    );
  });
});
