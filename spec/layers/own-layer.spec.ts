import { readFileSync } from "node:fs";
import path from "node:path";
import type { SyncMap } from "../../lib/index.js";
import { json } from "../../lib/layers/index.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";
import { syncMapSuite } from "../support/sync-map-suite.js";

const root = path.join(__dirname, "../..");
const file = path.join(root, "examples/own-layer.js");
// eslint-disable-next-line @typescript-eslint/no-require-imports -- as its users load it
const { checked } = require(file) as { checked: (map: SyncMap<string>) => SyncMap<string> };
const place = useLocalS3();

syncMapSuite("examples/own-layer.js, over json", {
  make: () => json<string>(checked(place().strings)),
  prefixed: true,
  headOf: { size: 21, contentType: "application/json" },
  takes: ["null", "a number", "a plain object", "an array", "a lone surrogate"],
});

describe("examples/own-layer.js", () => {
  it("is in the documentation as it is here, in under 20 lines", () => {
    const source = readFileSync(file, "utf8");
    const lines = source.trimEnd().split("\n");
    expect(lines.length).toBeLessThan(20);
    expect(readFileSync(path.join(root, "docs/layers.md"), "utf8")).toContain(`\`\`\`js\n${source}\`\`\``);
  });

  it("notices what was changed, and a value under another key", () => {
    const { strings } = place();
    const map = checked(strings).set("a", "words").set("b", "");
    strings.set("a", strings.get("a")!.replace("words", "sword"));
    expect(thrownBy(() => map.get("a"))).toMatchObject({
      code: "NotDecodable",
      message: expect.stringContaining("checked: its checksum is wrong") as string,
    });
    strings.set("a", strings.get("b")!);
    expect(() => map.get("a")).toThrow(/its checksum is wrong/);
    expect([map.get("b"), map.subMap("b").get("")]).toEqual(["", ""]);
  });
});
