import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { SyncMap } from "../../lib/index.js";
import { structured } from "../../lib/layers/index.js";
import { same } from "../support/same.js";
import { useLocalS3 } from "../support/local-maps.js";
import type { Place } from "../support/local-maps.js";

const place = useLocalS3();
let at: Place;
let map: SyncMap<Record<string, never>>;
beforeEach(() => {
  at = place();
  map = structured<Record<string, never>>(at.bytes);
});

const value = (): object => ({
  n: 1,
  tags: ["a"],
  inner: { deep: [{ a: 1 }] },
  seats: new Map<unknown, unknown>([[{ id: 1 }, new Set([1])]]),
  seen: new Set(["ann"]),
  at: new Date(5),
});

// Code that is not strict, as at the prompt.
const sloppy = (code: string): ((read: unknown) => void) =>
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a module is strict
  new Function("read", code) as (read: unknown) => void;

describe("what structured gives", () => {
  it.each([
    "read.n = 2",
    "read.more = 2",
    "delete read.n",
    "Object.defineProperty(read, 'n', { value: 2 })",
    "Object.assign(read, { n: 2 })",
    "read.tags.push('b')",
    "read.tags[0] = 'b'",
    "read.tags.length = 0",
    "read.tags.fill('b')",
    "read.inner.deep[0].a = 2",
    "read.seats.set(1, 2)",
    "read.seats.clear()",
    "[...read.seats.keys()][0].id = 2",
    "[...read.seats.values()][0].add(2)",
    "read.seen.add('bob')",
    "read.seen.delete('ann')",
    "read.at.setFullYear(2000)",
    "read.at.setTime(0)",
  ])("refuses %s, which could not reach S3, and says what to do", (code) => {
    map.set("key", value() as never);
    const read = map.get("key");
    const edit = sloppy(code);
    expect(() => edit(read)).toThrow(TypeError);
    expect(() => edit(read)).toThrow(
      /a change would not reach S3\. Change the stored value, as in edit\(.* Or put live/,
    );
    expect(same(read, value())).toBe(true);
    expect(same(map.get("key"), value())).toBe(true);
  });

  it("can be stored again, whole or in parts", () => {
    map.set("key", value() as never);
    const read = map.get("key")!;
    map.set("whole", read).set("part", { ...read, n: 2, list: [read["seats"]] } as never);
    expect(same(map.get("whole"), value())).toBe(true);
    expect(map.get("part")).toEqual({ ...value(), n: 2, list: [(value() as { seats: unknown }).seats] });
    map.update("key", (before) => ({ ...before!, n: 3 }) as never);
    expect(map.get("key")).toEqual({ ...value(), n: 3 });
    const circle: Record<string, unknown> = { list: [] };
    (circle["list"] as unknown[]).push(circle);
    map.set("circle", circle as never);
    map.set("again", { of: map.get("circle") } as never);
    const again = (map.get("again") as unknown as { of: { list: unknown[] } }).of;
    expect(again.list[0]).toBe(again);
  });

  it("has a property named __proto__ as any other", () => {
    map.set("__proto__", JSON.parse('{"__proto__": {"a": 1}}') as never);
    const read = map.get("__proto__") as unknown as object;
    expect(Object.entries(read)).toEqual([["__proto__", { a: 1 }]]);
    expect(() => sloppy("Object.values(read)[0].a = 2")(read)).toThrow(TypeError);
  });

  it.each<[string, () => unknown]>([
    ["a typed array", () => new Uint8Array([1, 2, 3])],
    ["a wider one", () => new Float64Array([0.5, 1])],
    ["a DataView", () => new DataView(new ArrayBuffer(3))],
    ["a Buffer", () => Buffer.from("words")],
    ["an empty one", () => new Uint8Array(0)],
    ["a view of a part", () => new Uint16Array(new ArrayBuffer(8), 2, 2)],
  ])("has %s with memory of its own", (_what, make) => {
    const views = { a: make(), list: [make()], map: new Map([[make(), make()]]), set: new Set([make()]) };
    map.set("key", views as never);
    map.set("alone", make() as never);
    const read = map.get("key") as unknown as typeof views;
    expect(same(read, views)).toBe(true);
    expect(same(map.get("alone"), make())).toBe(true);
    const all = [
      read.a,
      ...read.list,
      ...[...read.map].flat(),
      ...read.set,
      map.get("alone"),
    ] as unknown as Uint8Array[];
    for (const view of all) expect([view.byteOffset, view.buffer.byteLength]).toEqual([0, view.byteLength]);
    expect(new Set(all.map(({ buffer }) => buffer)).size).toBe(all.length);
  });

  it("is stored and read where node:util has no isExternal, as on Deno", () => {
    const local = mkdtempSync(path.join(tmpdir(), "s3bucketmap-structured-"));
    const program = `
      delete require("node:util").types.isExternal;
      const { S3BucketMap } = require(${JSON.stringify(path.join(__dirname, "../../dist/index.js"))});
      const { structured } = require(${JSON.stringify(path.join(__dirname, "../../dist/layers/index.js"))});
      const map = structured(new S3BucketMap("bucket", { local: ${JSON.stringify(local)}, readAs: "bytes" }));
      map.set("key", { a: [new Date(5)] });
      process.stdout.write(JSON.stringify(map.get("key")));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8" });
    rmSync(local, { recursive: true });
    expect([stdout, stderr]).toEqual(['{"a":["1970-01-01T00:00:00.005Z"]}', ""]);
  });
});
