import fc from "fast-check";
import { inspect } from "node:util";
import { asObject, batch } from "../../lib/index.js";
import type { BucketObject, SyncMap } from "../../lib/index.js";
import { json, live, structured } from "../../lib/layers/index.js";
import { useLocalS3 } from "../support/local-maps.js";
import { withoutProxyMarks } from "../support/proxy-marks.js";
import { sized } from "../support/size.js";

type Data = Record<string, unknown>;

/** One step of a program: the same on a document and on plain data. Objects are reached by a path of choices. */
interface Step {
  readonly way: readonly number[];
  readonly what: string;
  readonly a: number;
  readonly b: number;
  readonly value: unknown;
}

const names = ["a", "b", "c", "__proto__", "length", "1"];
const leaf = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom("x", "y", null, true, ""));
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("any"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).any;
const whats = [
  ...[
    "set",
    "set",
    "delete",
    "push",
    "push",
    "pop",
    "shift",
    "unshift",
    "splice",
    "sort",
    "sortBy",
    "reverse",
  ],
  ...["fill", "copyWithin", "length", "index", "assign", "spread", "read", "increment", "append", "swap"],
];
const step: fc.Arbitrary<Step> = fc.record({
  way: fc.array(fc.nat(4), { maxLength: 4 }),
  what: fc.constantFrom(...whats),
  a: fc.integer({ min: -3, max: 4 }),
  b: fc.integer({ min: -3, max: 4 }),
  value,
});
const program = fc.array(step, { minLength: 1, maxLength: 12 });
const start = fc.record(
  {
    a: fc.array(value, { maxLength: 4 }),
    b: fc.dictionary(fc.constantFrom("a", "b", "c"), value, { maxKeys: 3, noNullPrototype: true }),
    c: value,
  },
  { noNullPrototype: true },
);

const copy = (given: unknown): unknown => structuredClone(given);

/** The containers in a value, in the order of a walk; each only once. */
function reach(root: object, way: readonly number[]): object {
  let at = root;
  for (const choice of way) {
    const inside = Object.values(at).filter((one): one is object => typeof one === "object" && one !== null);
    if (inside.length === 0) return at;
    at = inside[choice % inside.length]!;
  }
  return at;
}

/** Makes a step. What a program sees of it is returned. */
function make(root: object, { way, what, a, b, value: given }: Step): unknown {
  const at = reach(root, way);
  const plain = copy(given);
  const name = names[Math.abs(a) % names.length]!;
  if (!Array.isArray(at)) {
    const object = at as Data;
    switch (what) {
      case "set":
        return void Object.defineProperty(object, name, {
          value: plain,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      case "delete":
        return Reflect.deleteProperty(object, name);
      case "assign":
        return void Object.assign(object, { a: plain, z: 1 });
      case "spread":
        return { ...object };
      case "increment":
        return typeof object["a"] === "number" ? (object["a"] += 1) : undefined;
      case "swap":
        return void ([object["a"], object["b"]] = [plain, 5]);
      default:
        return [Object.keys(object), Object.entries(object), name in object, JSON.stringify(object)];
    }
  }
  const array = at as unknown[];
  const key = array.length === 0 ? 0 : Math.abs(a) % array.length;
  switch (what) {
    case "set":
    case "append":
      return void (array[array.length] = plain);
    case "index":
      return array.length === 0 ? undefined : void (array[key] = plain);
    case "push":
    case "unshift":
      return array[what](plain, 7);
    case "pop":
    case "shift":
      return array[what]();
    case "splice":
      return [...array.splice(a, b, plain)];
    case "sort":
      return array.sort() === array;
    case "sortBy":
      return array.sort((x, y) => JSON.stringify(y).length - JSON.stringify(x).length) === array;
    case "reverse":
      return array.reverse() === array;
    case "fill":
      return array.fill(copy(given), a, b) === array;
    case "copyWithin":
      return array.copyWithin(a, b) === array;
    case "length":
      return void (array.length = Math.min(Math.abs(a), array.length));
    default:
      return [array.length, [...array], array.map((one) => typeof one), array.slice(a, b), array.includes(5)];
  }
}

// One object may be in two places of plain data, after fill or copyWithin. In a document of JSON each place has its own.
const apart = (given: unknown): unknown => JSON.parse(JSON.stringify(given ?? null)) as unknown;

const place = useLocalS3();

describe.each([
  ["json", () => json<Data>(place().strings)],
  ["structured", () => structured<Data>(place().bytes)],
])("a random program over %s", (_name, makeBase) => {
  let base: SyncMap<Data>;
  let documents: BucketObject<Data>;
  beforeEach(() => {
    base = makeBase();
    documents = asObject(live(base));
  });

  const sameAsPlain = (given: Data, steps: readonly Step[], isBatch: boolean): void => {
    base.set("key", given);
    const document = documents["key"]!;
    let plain = apart(given) as Data;
    const run = (): void => {
      for (const one of steps) {
        const seen = make(document, one);
        expect(apart(seen)).toEqual(apart(make(plain, one)));
        plain = apart(plain) as Data;
        expect(document).toEqual(plain);
        expect(Object.keys(document)).toEqual(Object.keys(plain));
        if (!isBatch) expect(JSON.stringify(base.get("key"))).toBe(JSON.stringify(plain));
      }
    };
    if (isBatch) batch(documents, run);
    else run();
    expect(JSON.stringify(base.get("key"))).toBe(JSON.stringify(plain));
    expect(JSON.stringify(document)).toBe(JSON.stringify(plain));
  };

  it("gives the same on a document and on plain data, and stores the same", () => {
    fc.assert(
      fc.property(start, program, (given, steps) => sameAsPlain(given, steps, false)),
      { numRuns: sized(40, 400) },
    );
  });

  it("does so in a batch", () => {
    fc.assert(
      fc.property(start, program, (given, steps) => sameAsPlain(given, steps, true)),
      { numRuns: sized(40, 400) },
    );
  });
});

// The rules, once more and by themselves: what each of two documents has read, and what is stored.
interface Model {
  view: { fields: Record<string, number>; list: number[] };
  read: Set<string>;
  stale: Set<string>;
}

type Move =
  | { who: 0 | 1; do: "set" | "delete" | "read" | "add"; field: string; n: number }
  | { who: 0 | 1; do: "push" | "pop" | "shift" | "unshift" | "first" | "sort"; n: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({
    who: fc.constantFrom<(0 | 1)[]>(0, 1),
    do: fc.constantFrom<("set" | "delete" | "read" | "add")[]>("set", "delete", "read", "add"),
    field: fc.constantFrom("p", "q"),
    n: fc.nat(9),
  }),
  fc.record({
    who: fc.constantFrom<(0 | 1)[]>(0, 1),
    do: fc.constantFrom<("push" | "pop" | "shift" | "unshift" | "first" | "sort")[]>(
      ...(["push", "pop", "shift", "unshift", "first", "sort"] as const),
    ),
    n: fc.nat(9),
  }),
);

interface Two {
  fields: Record<string, number>;
  list: number[];
}

describe("two documents of one key", () => {
  it("keep to the rules, whichever edits they make in turn", () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 25 }), (moves) => {
        const base = json<Two>(place().strings);
        base.set("key", { fields: { p: 0 }, list: [1, 2] });
        const map = asObject(live(base));
        const documents = [map["key"]!, map["key"]!];
        let stored: Two = { fields: { p: 0 }, list: [1, 2] };
        const models: Model[] = documents.map(() => ({
          view: structuredClone(stored),
          read: new Set(),
          stale: new Set(),
        }));
        for (const one of moves) {
          const [document, model] = [documents[one.who]!, models[one.who]!];
          const isSame = JSON.stringify(model.view) === JSON.stringify(stored);
          /** What the rules say: undefined if the edit is refused. */
          const edit = (allowed: boolean, change: (value: Two) => void): Two | undefined => {
            if (!allowed) return undefined;
            const next = structuredClone(stored);
            change(next);
            return next;
          };
          const settle = (expected: Two | undefined, use: () => void): void => {
            if (expected === undefined) {
              expect(use).toThrow(expect.objectContaining({ code: "DocumentChanged" }) as Error);
            } else {
              use();
              for (const field of isSame ? [] : [...model.read]) {
                if (model.view.fields[field] === stored.fields[field]) continue;
                model.read.delete(field);
                model.stale.add(field);
              }
              stored = expected;
              model.view = structuredClone(stored);
            }
            expect(base.get("key")).toEqual(stored);
            expect(show(document)).toEqual(model.view);
          };
          if ("field" in one) {
            const { field, n } = one;
            const read = (): void => {
              model.read.add(field);
              model.stale.delete(field);
            };
            const isUnchanged = model.view.fields[field] === stored.fields[field];
            if (one.do === "read") {
              expect(document.fields[field]).toBe(model.view.fields[field]);
              read();
            } else if (one.do === "add") {
              read();
              const sum = (model.view.fields[field] ?? 0) + n;
              settle(
                edit(isUnchanged, (next) => (next.fields[field] = sum)),
                () => (document.fields[field] = (document.fields[field] ?? 0) + n),
              );
            } else {
              const allowed = !model.stale.has(field) && (!model.read.has(field) || isUnchanged);
              if (one.do === "set")
                settle(
                  edit(allowed, (next) => (next.fields[field] = n)),
                  () => (document.fields[field] = n),
                );
              else
                settle(
                  edit(allowed, (next) => delete next.fields[field]),
                  () => delete document.fields[field],
                );
            }
            continue;
          }
          const isListSame = JSON.stringify(model.view.list) === JSON.stringify(stored.list);
          const { n } = one;
          switch (one.do) {
            case "first":
              settle(
                edit(isListSame, (next) => (next.list[0] = n)),
                () => (document.list[0] = n),
              );
              break;
            case "sort":
              settle(
                edit(isListSame, (next) => next.list.sort()),
                () => document.list.sort(),
              );
              break;
            default: {
              const use = (list: number[]): unknown =>
                one.do === "push" || one.do === "unshift" ? list[one.do](n) : list[one.do as "pop"]();
              const expected = structuredClone(stored);
              const gives = use(expected.list);
              settle(expected, () => expect(use(document.list)).toBe(gives));
            }
          }
        }
      }),
      { numRuns: sized(40, 400) },
    );
  });
});

/** What a document shows, without reading it: inspecting calls no trap. */
function show(document: Two): Two {
  const text = withoutProxyMarks(inspect(document, { breakLength: Infinity, maxArrayLength: null }));
  return JSON.parse(text.replace(/(\w+):/g, '"$1":')) as Two;
}
