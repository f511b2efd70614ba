import { cache, gzip, json, text, writeBuffer } from "../../lib/layers/index.js";
import { getStored } from "../support/conditional-get.js";
import { stacks } from "../support/layer-stacks.js";
import { overService, serviceMap } from "../support/service.js";
import { syncMapSuite } from "../support/sync-map-suite.js";

jest.setTimeout(60_000);

for (const name of [
  "json(gzip(encrypt(bytes)))",
  "cache(json(strings))",
  "structured(gzip(cache(bytes)))",
  "writeBuffer(json(gzip(encrypt(bytes))))",
]) {
  const { over, ...under } = stacks[name]!;
  syncMapSuite(`${name} over a service`, {
    make: () => {
      const bytes = serviceMap({ readAs: "bytes" });
      return over(bytes, serviceMap());
    },
    ...overService,
    ...under,
  });
}

describe("layers over a service", () => {
  it("are told whether a value has changed without its body", () => {
    const map = serviceMap();
    map.set("key", "1");
    const { etag, ask } = getStored(map, "key");
    expect([ask(etag), ask('"another"')]).toEqual(["unchanged", "1"]);
    const cached = cache(map);
    expect([cached.get("key"), cached.get("key")]).toEqual(["1", "1"]);
    map.set("key", "2");
    expect(cached.get("key")).toBe("2");
    map.clear();
  });

  it("keep the Content-Encoding, and write in the background", () => {
    const bytes = serviceMap({ readAs: "bytes" });
    const map = writeBuffer(text(gzip(bytes, { algorithm: "brotli" })));
    for (let key = 0; key < 100; key += 1) map.set(`${key}`, "words ".repeat(1000));
    map.flush();
    expect(bytes.head("99")).toMatchObject({ contentEncoding: "br" });
    expect(new Set(map.values())).toEqual(new Set(["words ".repeat(1000)]));
    expect(json(bytes).size).toBe(100);
    bytes.clear();
  });
});
