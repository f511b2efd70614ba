import fc from "fast-check";
import { PartialFailureError } from "../../lib/index.js";
import type { SyncMap } from "../../lib/index.js";
import { cache, json, transform, writeBuffer } from "../../lib/layers/index.js";
import { layers, stacks } from "../support/layer-stacks.js";
import { thrownBy, useLocalS3 } from "../support/local-maps.js";

// What the tests of two Python libraries of layered mappings, zict and fsspec, ask of a mapping, asked here of each layer and stack.
//
// What does not apply, and why:
// - zict `check_closing`, `check_different_keys_threadsafe`, `check_same_key_threadsafe`: no map is used by two threads at once; each
//   thread has maps of its own, whose writes to one key S3 puts in order. Closing has its specs in the contract suite.
// - zict `check_empty_keys` of a mapping without a prefix: S3 has no empty key; under a prefix it is in the contract suite.
// - zict `update`, `popitem`, `setdefault`, `pop`, `|=`: Python's dict has them, a Map has not. `setMany`, `update` and `create` do
//   what they are for, and have their own specs.
// - zict `KeysView`, `ItemsView` and `x in map.values()`: views of dict; an iterator of a Map is used up once.
// - zict `Buffer`, which moves values between a fast and a slow mapping by weight, with callbacks: there is one place here, S3. What remains
//   of it, a value that is written later and read meanwhile, is writeBuffer's, below. `WeightedLRU`'s weights are cache's maxBytes, in its own spec.
// - zict `Func` with other keys than strings; `Zip`, `Sieve`, `LMDB`, `File`: no such maps.
// - zict `AsyncBuffer`, `InsertionSortedSet`, and the tests of their own helpers.
// - fsspec `test_getitems_errors` with an exception class of the caller's choosing, and `pickle`, `fsspec.get_mapper(check, create)`: no
//   such options. A bucket is neither checked nor made. `test_setitem_types`, numpy's arrays: typed arrays are in the spec of gzip.
// - fsspec `getitems(on_error="raise" | "omit" | "return")`: the three modes of getMany are one error with both lists, below.

const place = useLocalS3();

describe.each(Object.entries({ ...layers, ...stacks }))("%s, as a mapping", (_name, { over }) => {
  const make = (): SyncMap<string> => {
    const at = place();
    return over(at.bytes, at.strings);
  };

  it("does what a Map does, whatever is done with it", () => {
    const map = make();
    const model = new Map<string, string>();
    const key = fc.constantFrom("a", "b", "a/b", "ú", "");
    const step = fc.oneof(
      fc.tuple(fc.constant("set" as const), key, fc.constantFrom("", "x", "a longer one", "ú😀")),
      fc.tuple(fc.constant("delete" as const), key),
      fc.tuple(fc.constant("update" as const), key),
      fc.tuple(fc.constant("create" as const), key),
      fc.tuple(fc.constant("get" as const), key),
      fc.tuple(fc.constant("many" as const), key),
      fc.tuple(fc.constant("sub" as const), key),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        map.clear();
        model.clear();
        for (const [kind, name, value = "made"] of steps) {
          if (kind === "set") {
            map.set(name, value);
            model.set(name, value);
          } else if (kind === "delete") {
            map.delete(name);
            model.delete(name);
          } else if (kind === "update") {
            const change = (old = "none"): string | undefined => (old.length > 5 ? undefined : `${old}+`);
            expect(map.update(name, change)).toBe(change(model.get(name)));
            const changed = change(model.get(name));
            if (changed === undefined) model.delete(name);
            else model.set(name, changed);
          } else if (kind === "create") {
            expect(map.create(name, value)).toBe(!model.has(name));
            if (!model.has(name)) model.set(name, value);
          } else if (kind === "many") {
            map.setMany([[name, "1"], ["a", "2"]]); // prettier-ignore
            model.set(name, "1").set("a", "2");
            map.deleteMany(["b", "missing"]);
            model.delete("b");
          } else if (kind === "sub")
            expect(map.subMap(name.slice(0, 1)).get(name.slice(1))).toBe(model.get(name));
          expect([map.get(name), map.has(name)]).toEqual([model.get(name), model.has(name)]);
        }
        expect(Object.fromEntries(map)).toEqual(Object.fromEntries(model));
        expect(map.size).toBe(model.size);
        expect(new Set(map.keys())).toEqual(new Set(model.keys()));
        expect(Object.fromEntries(map.getMany(["a", "b", "ú", "missing"]))).toEqual(
          Object.fromEntries([...model].filter(([name]) => ["a", "b", "ú"].includes(name))),
        );
      }),
      { numRuns: 8 },
    );
  }, 60_000);
});

describe("a function on the way (func)", () => {
  it("is applied once to each value that is stored, and once to each that is read", () => {
    const calls: string[] = [];
    const map = transform(place().strings, {
      encode: (value: number) => (calls.push(`encode ${value}`), String(value)),
      decode: (stored) => (calls.push(`decode ${stored}`), Number(stored)),
    });
    map.set("a", 1).setMany([["b", 2]]);
    expect([map.get("a"), [...map.values()]]).toEqual([1, [1, 2]]);
    expect(calls).toEqual(["encode 1", "encode 2", "decode 1", "decode 1", "decode 2"]);
    calls.length = 0;
    expect([[...map.keys()], map.size, map.has("a"), map.head("a")?.size]).toEqual([["a", "b"], 2, true, 1]);
    map.delete("a");
    map.clear();
    expect(calls).toEqual([]);
  });
});

describe("a cache in front (cache)", () => {
  it("reads a value from what is beneath once, and writes to both", () => {
    const read: string[] = [];
    const slow = transform(place().strings, {
      encode: (value: string) => value,
      decode: (stored) => (read.push(stored), stored),
    });
    const map = cache(slow, { ttl: Infinity });
    map.set("a", "1");
    expect([map.get("a"), map.get("a"), slow.get("a")]).toEqual(["1", "1", "1"]);
    expect(read).toHaveLength(2);
    map.set("a", "2");
    expect([slow.get("a"), map.get("a")]).toEqual(["2", "2"]);
    map.delete("a");
    expect([slow.has("a"), map.has("a"), map.get("a")]).toEqual([false, false, undefined]);
  });

  it("does not keep a value that could not be written", () => {
    const { strings } = place();
    const fragile = json<unknown>(strings);
    const map = cache(fragile, { ttl: Infinity });
    map.set("a", 1).get("a");
    expect(() => map.set("a", { b: undefined })).toThrow(TypeError);
    expect([map.get("a"), fragile.get("a")]).toEqual([1, 1]);
    expect(() => map.set("new", NaN)).toThrow(TypeError);
    expect([map.get("new"), fragile.has("new"), map.has("new")]).toEqual([undefined, false, false]);
  });
});

describe("a buffer in front (buffer)", () => {
  it("has what it was given before what is beneath has it, and gives it on by itself, when full, and when asked", () => {
    const { strings } = place();
    const map = writeBuffer(strings, { max: 3 });
    for (const key of ["a", "b", "c", "d", "e"]) {
      map.set(key, `value of ${key}`);
      expect(map.get(key)).toBe(`value of ${key}`);
    }
    map.delete("a");
    expect(map.has("a")).toBe(false);
    map.flush();
    expect(Object.fromEntries(strings)).toEqual(
      Object.fromEntries(["b", "c", "d", "e"].map((key) => [key, `value of ${key}`])),
    );
  });
});

describe("many values of which some cannot be read (getitems)", () => {
  const damaged = (): SyncMap<unknown> => {
    const { strings } = place();
    strings.setMany([["a", "1"], ["bad", "oops"], ["c", "3"]]); // prettier-ignore
    return json<unknown>(strings);
  };

  it("are refused as a whole", () => {
    expect(() => damaged().getMany(["a", "bad", "missing", "c"])).toThrow(PartialFailureError);
  });

  it("can be left out", () => {
    const map = damaged();
    const { succeeded } = thrownBy(() => map.getMany(["a", "bad", "missing", "c"])) as PartialFailureError;
    expect([...map.getMany(succeeded)]).toEqual([["a", 1], ["c", 3]]); // prettier-ignore
  });

  it("can be told by their errors, and a missing one is none", () => {
    const { failed } = thrownBy(() => damaged().getMany(["a", "bad", "missing", "c"])) as PartialFailureError;
    expect([...failed].map(([key, { code }]) => [key, code])).toEqual([["bad", "NotJson"]]);
    expect(damaged().getMany(["missing"]).size).toBe(0);
  });
});
