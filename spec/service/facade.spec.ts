import { asObject } from "../../lib/index.js";
import { compareWithPlainObject } from "../support/property-suite.js";
import { cannotList, clear, serviceMap } from "../support/service.js";

describe("a facade over a service, under random programs, is as a plain object", () => {
  it.each(["atomics", "deasync"] as const)(
    "waiting by %s",
    (wait) => {
      const map = serviceMap({ wait });
      try {
        compareWithPlainObject({ map, programs: 100, cannotList });
      } finally {
        clear(map);
      }
    },
    300_000,
  );

  it("is what it was after it was copied into another and back", () => {
    const map = serviceMap();
    const [one, other] = [asObject(map.subMap("one/")), asObject(map.subMap("other/"))];
    const content = Object.fromEntries([
      ["a", "1"],
      ["then", "2"],
      ["__proto__", "3"],
      ["odd key/😀", ""],
      ["toJSON", "\ufeff"],
    ]);
    Object.assign(one, content);
    Object.assign(other, one);
    expect({ ...other }).toEqual({ ...content });
    expect(JSON.parse(JSON.stringify(other))).toEqual({ ...content });
    map.clear();
    expect([Object.keys(one), Object.keys(other)]).toEqual([[], []]);
  });
});
