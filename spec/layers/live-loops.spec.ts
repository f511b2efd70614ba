import { asMap, asObject, batch } from "../../lib/index.js";
import type { BucketObject, SyncMap } from "../../lib/index.js";
import { live, structured } from "../../lib/layers/index.js";
import { useLocalS3 } from "../support/local-maps.js";

interface Value {
  seats: Map<string, number>;
  users: Map<string, { n: number }>;
  tags: Set<string>;
  byObject: Map<object | string, number>;
}
const place = useLocalS3();
let base: SyncMap<Value>;
let events: BucketObject<Value>;
beforeEach(() => {
  base = structured<Value>(place().bytes);
  events = asObject(live(base));
  events["e"] = {
    seats: new Map([
      ["a", 1],
      ["b", 1],
    ]),
    users: new Map([
      ["ann", { n: 1 }],
      ["bob", { n: 1 }],
    ]),
    tags: new Set(["x", "y"]),
    byObject: new Map<object | string, number>([
      [{ id: 1 }, 1],
      [{ id: 2 }, 1],
      ["count", 0],
    ]),
  };
});
/** A new document of the key at each use. */
const doc = (): Value => events["e"]!;
const stored = (): Value => base.get("e")!;

/** What a loop went through. It ends an endless one. */
class Turns {
  readonly seen: unknown[] = [];
  add(one: unknown): void {
    if (this.seen.push(one) > 20) throw new Error(`the loop does not end: ${this.seen.join()}`);
  }
}

const anyway: [string, (fn: () => void) => void][] = [
  ["alone", (fn) => fn()],
  ["in a batch", (fn) => batch(events, fn)],
];

describe.each(anyway)("a loop over a Map or Set of a document, %s,", (how, run) => {
  it.each<[string, (turns: Turns) => void]>([
    [
      "for…of",
      (turns) => {
        for (const [key, n] of doc().seats) {
          turns.add(key);
          doc().seats.set(key, n + 1);
        }
      },
    ],
    [
      "keys",
      (turns) => {
        for (const key of doc().seats.keys()) {
          turns.add(key);
          doc().seats.set(key, 2);
        }
      },
    ],
    [
      "forEach",
      (turns) =>
        doc().seats.forEach((n, key) => {
          turns.add(key);
          doc().seats.set(key, n + 1);
        }),
    ],
  ])("visits each entry once while another document changes it: %s", (_what, loop) => {
    const turns = new Turns();
    run(() => loop(turns));
    expect(turns.seen).toEqual(["a", "b"]);
    expect([...stored().seats]).toEqual([
      ["a", 2],
      ["b", 2],
    ]);
  });

  it("visits each entry once while another document changes objects in it", () => {
    const turns = new Turns();
    run(() => {
      for (const name of doc().users.keys()) {
        turns.add(name);
        doc().users.get(name)!.n += 1;
      }
    });
    expect(turns.seen).toEqual(["ann", "bob"]);
    expect([...stored().users.values()]).toEqual([{ n: 2 }, { n: 2 }]);
  });

  it("visits each element of a Set once while another document deletes them", () => {
    const turns = new Turns();
    const { tags } = doc();
    run(() => {
      for (const tag of tags) {
        turns.add(tag);
        doc().tags.delete(tag);
        doc().tags.add("z");
      }
    });
    // Alone, the document shows the changes of the other one only once it is edited.
    expect(turns.seen).toEqual(how === "alone" ? ["x", "y"] : ["x", "y", "z"]);
    expect(stored().tags.has("x")).toBe(false);
  });
});

describe("a loop over a Map of a document in a batch", () => {
  it("gives the entries as another document has left them", () => {
    const seen: unknown[] = [];
    batch(events, () => {
      const { seats } = doc();
      for (const [key, n] of seats) {
        if (seen.push([key, n]) > 1) seats.set(key, n + 1);
        else doc().seats.set("b", 10).set("c", 5).delete("a");
      }
    });
    expect(seen).toEqual([
      ["a", 1],
      ["b", 10],
      ["c", 5],
    ]);
    expect([...stored().seats]).toEqual([
      ["b", 11],
      ["c", 6],
    ]);
  });

  it("does not give an entry that another document has deleted", () => {
    const seen: unknown[] = [];
    batch(events, () => {
      for (const key of doc().seats.keys()) {
        seen.push(key);
        doc().seats.delete("b");
      }
    });
    expect(seen).toEqual(["a"]);
  });

  it("ends with DocumentChanged if another document has replaced keys that are objects", () => {
    const turns = new Turns();
    const loop = (): void =>
      batch(events, () => {
        for (const key of doc().byObject.keys()) {
          turns.add(key);
          doc().byObject.set("count", turns.seen.length);
        }
      });
    expect(loop).toThrow(
      expect.objectContaining({
        code: "DocumentChanged",
        message: expect.stringContaining("byObject has changed during a loop over it") as string,
      }) as Error,
    );
    expect(turns.seen).toHaveLength(1);
    expect(stored().byObject.get("count")).toBe(1);
  });
});

describe("a loop over a Map of a document that another writer changes", () => {
  it("visits each entry once, and the new ones", () => {
    const turns = new Turns();
    const { seats } = doc();
    for (const [key, n] of seats) {
      turns.add(key);
      if (key === "a")
        base.update("e", (value) => ({ ...value!, seats: new Map([["z", 7], ...value!.seats]) }));
      seats.set(key, n + 1);
    }
    expect(turns.seen.toSorted()).toEqual(["a", "b", "z"]);
    expect(stored().seats).toEqual(
      new Map([
        ["z", 8],
        ["a", 2],
        ["b", 2],
      ]),
    );
  });
});

it("a loop over a Map or Set of one document goes on as over any Map or Set", () => {
  const { seats, tags } = doc();
  const seen: unknown[] = [];
  for (const key of seats.keys()) {
    seen.push(key);
    seats.delete("b");
    if (key === "a") seats.set("c", 1).set("a", 5);
  }
  for (const tag of tags) {
    seen.push(tag);
    if (tag.length < 3) tags.add(`${tag}${tag}`);
  }
  expect(seen).toEqual(["a", "c", "x", "y", "xx", "yy", "xxxx", "yyyy"]);
  expect(asMap(events).get("e")!.tags.size).toBe(6);
});
