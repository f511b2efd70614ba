import assert from "node:assert";
import type { SyncMap } from "../map/sync-map.js";
import { equal, throws, typeError } from "./assertions.js";
import type { Suite } from "./options.js";

const failed = { name: "PreconditionFailedError", code: "PreconditionFailed" };
const unsupported = { code: "ConditionsUnsupported" };

/** The contract of `create`, `update` and `ifMatch`. */
export function conditionsContract(suite: Suite): void {
  createContract(suite);
  ifMatchContract(suite);
  updateContract(suite);
}

function isRefused(map: SyncMap<string>, write: () => unknown): void {
  for (const before of [undefined, "before"]) {
    if (before !== undefined) map.set("key", before);
    throws(write, unsupported);
    equal(map.get("key"), before);
    equal([...map.keys()], before === undefined ? [] : ["key"]);
  }
}

function createContract({ describe, test, refusesConditionalPut = false }: Suite): void {
  describe("create", () => {
    if (refusesConditionalPut) {
      test("throws ConditionsUnsupported, and writes nothing", (map) => {
        isRefused(map, () => map.create("key", "value"));
      });
    } else {
      test("stores the value if the key is missing, and returns true", (map) => {
        equal(map.create("key", "value", { metadata: { a: "b" } }), true);
        equal(map.get("key"), "value");
        equal(map.head("key")!.metadata, { a: "b" });
      });

      test("leaves an existing key unchanged, and returns false", (map) => {
        map.set("key", "value");
        equal(map.create("key", "other"), false);
        equal(map.get("key"), "value");
      });

      test("can create a deleted key again, and any unusual key", (map) => {
        equal(map.create("key", "1"), true);
        map.delete("key");
        equal(map.create("key", "2"), true);
        for (const key of ["a//b", "../x", "ú 😀", "\u0001", "%2F"]) {
          equal([key, map.create(key, key), map.create(key, "other"), map.get(key)], [key, true, false, key]);
        }
      });
    }

    test("rejects what set rejects", (map) => {
      throws(() => map.create("key", undefined as unknown as string), typeError);
      throws(() => map.create(1 as unknown as string, "value"), typeError);
      throws(() => map.create("key", "value", { ifMatch: '"x"' } as object), typeError);
      equal(map.size, 0);
    });
  });
}

function ifMatchContract({ describe, test, refusesConditionalPut = false }: Suite): void {
  describe("set with ifMatch", () => {
    if (refusesConditionalPut) {
      test("throws ConditionsUnsupported, and writes nothing", (map) => {
        isRefused(map, () => map.set("key", "value", { ifMatch: map.head("key")?.etag ?? '"none"' }));
      });
    } else {
      test("stores the value if the key has that ETag, with or without quotes", (map) => {
        map.set("key", "1");
        assert.strictEqual(map.set("key", "2", { ifMatch: map.head("key")!.etag }), map);
        equal(map.get("key"), "2");
        map.set("key", "3", { ifMatch: map.head("key")!.etag.slice(1, -1) });
        equal(map.get("key"), "3");
      });

      test("throws and stores nothing if the key has another ETag, or was deleted", (map) => {
        map.set("key", "1");
        const { etag } = map.head("key")!;
        map.set("key", "2");
        throws(() => map.set("key", "3", { ifMatch: etag }), failed);
        equal(map.get("key"), "2");
        map.delete("key");
        throws(() => map.set("key", "3", { ifMatch: etag }), failed);
        equal(map.has("key"), false);
      });
    }

    for (const ifMatch of ["", "*", 'a"b', '""', 'W/"x"', "a b", 1, null]) {
      test(`rejects ${JSON.stringify(ifMatch)}, which is not an ETag`, (map) => {
        map.set("key", "1");
        throws(() => map.set("key", "2", { ifMatch } as object), typeError);
        equal(map.get("key"), "1");
      });
    }

    test("is not an option of setMany", (map) => {
      throws(() => map.setMany([["key", "1"]], { ifMatch: '"x"' } as object), typeError);
    });
  });
}

function updateContract({
  describe,
  test,
  takes = [],
  refusesConditionalPut = false,
  refusesConditionalDelete = false,
}: Suite): void {
  describe("update", () => {
    const increment = (count: string | undefined): string => String(Number(count ?? 0) + 1);

    if (refusesConditionalPut) {
      test("throws ConditionsUnsupported, and writes nothing", (map) => {
        isRefused(map, () => map.update("key", (value) => `${value}, and more`));
      });
    } else {
      test("passes the value, or undefined, and stores what its function returns", (map) => {
        equal(map.update("counter", increment, { metadata: { a: "b" } }), "1");
        equal(map.update("counter", increment), "2");
        equal(map.get("counter"), "2");
        equal(map.head("counter")!.metadata, { a: "b" });
      });

      test("starts again if another writer gets there first, so that neither write is lost", (map) => {
        for (const before of [undefined, "10"]) {
          if (before !== undefined) map.set("counter", before);
          const seen: (string | undefined)[] = [];
          const result = map.update("counter", (count) => {
            seen.push(count);
            if (seen.length <= 2) map.set("counter", increment(count));
            return increment(count);
          });
          const start = Number(before ?? 0);
          equal(seen, [before, String(start + 1), String(start + 2)]);
          equal([result, map.get("counter")], [String(start + 3), String(start + 3)]);
        }
      });

      test("starts again if the key is deleted in the meantime", (map) => {
        map.set("counter", "5");
        const seen: (string | undefined)[] = [];
        map.update("counter", (count) => {
          seen.push(count);
          map.delete("counter");
          return increment(count);
        });
        equal(seen, ["5", undefined]);
        equal(map.get("counter"), "1");
      });
    }

    if (refusesConditionalDelete) {
      test("throws ConditionsUnsupported when it would delete, and leaves the key unchanged", (map) => {
        map.set("key", "value");
        throws(() => map.update("key", () => undefined), unsupported);
        equal(map.get("key"), "value");
        equal([...map.keys()], ["key"]);
      });
    } else {
      test("deletes the key if its function returns undefined", (map) => {
        map.set("key", "value");
        equal(
          map.update("key", () => undefined),
          undefined,
        );
        equal(map.has("key"), false);
      });

      test("does not delete what another writer has written in the meantime", (map) => {
        map.set("key", "1");
        const seen: (string | undefined)[] = [];
        const result = map.update("key", (value) => {
          seen.push(value);
          if (seen.length > 1) return value;
          map.set("key", "2");
          return undefined;
        });
        equal([seen, result, map.get("key")], [["1", "2"], "2", "2"]);
      });
    }

    test("leaves a missing key missing if its function returns undefined", (map) => {
      equal(
        map.update("key", () => undefined),
        undefined,
      );
      equal(map.size, 0);
    });

    test("throws what its function throws, and stores nothing", (map) => {
      map.set("key", "value");
      const error = new Error("on purpose");
      const fails = (): string => {
        throw error;
      };
      assert.throws(
        () => map.update("key", fails),
        (thrown) => thrown === error,
      );
      equal(map.get("key"), "value");
    });

    test("rejects anything but a function, a promise as its result, and what set rejects", (map) => {
      map.set("key", "value");
      const wrong = (result: unknown): unknown => map.update("key", () => result as string);
      throws(() => map.update("key", "x" as unknown as () => string), typeError);
      throws(() => wrong(Promise.reject(new Error("unheard"))), { message: /must be synchronous/ });
      const refused = [
        ["a number", 1],
        ["null", null],
        ["a plain object", {}],
        ["a lone surrogate", "\ud800"],
      ] as const;
      for (const [what, result] of refused) {
        if (!takes.includes(what)) throws(() => wrong(result), typeError);
      }
      throws(() => wrong(Symbol()), typeError);
      throws(() => map.update("key", () => "x", { metdata: {} } as object), {
        message: /did you mean "metadata"/,
      });
      equal(map.get("key"), "value");
    });
  });
}
