import { copyAll } from "../../lib/index.js";
import { json } from "../../lib/layers/index.js";
import { clear, serviceMap } from "../support/service.js";

jest.setTimeout(120_000);

describe("copies within a service", () => {
  it("take odd keys on both sides", () => {
    const map = serviceMap();
    const odd = ["a b+c?d&e=f", "a//b", "%2F", "ü/ß", "'()*!~", "a/../b", "a#b;c"];
    for (const key of odd) {
      map.set(key, `value of ${key}`);
      expect(map.copy(key, `${key} copy`)).toBe(true);
      expect(map.get(`${key} copy`)).toBe(`value of ${key}`);
    }
    clear(map);
  });

  it("leave ids of conditional writes behind, and take everything else along", () => {
    const map = serviceMap();
    const described = {
      contentType: "text/csv",
      contentEncoding: "identity",
      cacheControl: "no-cache",
      metadata: { by: "ann" },
    };
    map.set("from", "value", described);
    map.copy("from", "to");
    expect(map.head("to")).toMatchObject({ ...described, size: 5 });
    clear(map);
  });

  it("copy many at once", () => {
    const [source, target] = [json(serviceMap()), json(serviceMap())];
    source.setMany(Array.from({ length: 300 }, (_, key) => [`${key}`.padStart(3, "0"), { key }] as const));
    expect(copyAll(source, target)).toBe(300);
    expect(target.get("299")).toEqual({ key: 299 });
    expect([...target.keys()]).toEqual([...source.keys()]);
    source.clear();
    target.clear();
  });

  it("copy a value that was uploaded in parts", () => {
    const map = serviceMap({ readAs: "bytes" });
    const bytes = Buffer.alloc(20 * 1024 ** 2, "0123456789");
    map.set("from", bytes);
    expect(map.copy("from", "to")).toBe(true);
    expect(map.get("to")!.equals(bytes)).toBe(true);
    map.deleteMany(["from", "to"]);
  });
});
