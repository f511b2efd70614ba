import * as fc from "fast-check";
import { asData, inAnyOrder, keys, values } from "./facade-steps.js";
import type { Step, Strings } from "./facade-steps.js";
import { inUtf8Order } from "./map-under-test.js";

/** What an edit in the body of a loop does, and at which key. */
interface Edit {
  /** The turn; 0 is every turn. */
  at: number;
  /** A name, or which of those that are there when the loop begins. */
  key: string | number;
  value: string | undefined;
}

const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    at: fc.nat({ max: 4 }),
    key: fc.oneof({ weight: 2, arbitrary: fc.nat({ max: 3 }) }, { weight: 1, arbitrary: keys }),
    value: fc.option(values, { nil: undefined, freq: 1 }),
  }),
  { maxLength: 4 },
);

const keyAndValue = fc.tuple(keys, values);

/**
 * Receivers of a write that are not the object itself: all the ways in which an ordinary object takes or
 * refuses a property of its own.
 */
const receivers: Record<string, (object: Strings, key: string) => unknown> = {
  "an empty object": () => ({}),
  "an object that inherits": (object) => Object.create(object) as object,
  "one that has it": (_object, key) => Object.fromEntries([[key, "own"]]),
  "a frozen one": () => Object.freeze({}),
  "one that has it read-only": (_object, key) => Object.defineProperty({}, key, { value: "own" }),
  "one that has it hidden": (_object, key) =>
    Object.defineProperty({}, key, { value: "own", writable: true }),
  "one that has it as a getter": (_object, key) => Object.defineProperty({}, key, { get: () => "got" }),
  "an array": () => [],
  "a Proxy of the object": (object) => new Proxy(object, {}),
  "a primitive": () => 1,
  undefined: () => undefined,
};

const receiver = fc.constantFrom(...Object.keys(receivers));

function own(receiver: unknown, object: Strings): unknown {
  if (typeof receiver !== "object" || receiver === null || receiver === object) return typeof receiver;
  const all = Object.entries(Object.getOwnPropertyDescriptors(receiver));
  return inAnyOrder(all.map(([key, descriptor]) => [key, asData(descriptor)]));
}

function step<A>(args: fc.Arbitrary<A>, run: (object: Strings, args: A) => unknown): Step {
  return { args, run };
}

/** A plain object in S3's order, as far as it can: whole numbers come first in any plain object. */
function reorder(object: Strings): void {
  const entries = inUtf8Order(Object.keys(object)).map((key) => [key, object[key]] as const);
  for (const [key] of entries) delete object[key];
  for (const [key, value] of entries) object[key] = value;
}

/** Loops, and other objects that have to do with the one under test. */
export const relations: Record<string, Step> = {
  "for…in": step(fc.constant([]), (o) => {
    const seen: [string, string | undefined][] = [];
    for (const k in o) seen.push([k, o[k]]);
    return inAnyOrder(seen);
  }),
  "for…in with edits": step(edits, (o, list) => {
    reorder(o);
    const ordered = inUtf8Order(Object.keys(o));
    // Where the whole numbers among the keys stand elsewhere, an edit may meet a key before or after its turn.
    const sameOrder = ordered.every((k) => !/^(0|[1-9][0-9]*)$/.test(k));
    const present = new Set(ordered);
    const seen: string[] = [];
    for (const k in o) {
      seen.push(k);
      for (const { at, key: which, value } of list) {
        if (at !== 0 && (at !== seen.length || !sameOrder)) continue;
        const key = typeof which === "string" ? which : ordered[which % ordered.length]!;
        if (!sameOrder && present.has(key) && key !== k) continue;
        if (value === undefined) delete o[key];
        else o[key] = value;
      }
    }
    return sameOrder ? seen : inAnyOrder(seen);
  }),
  "for…in that deletes each": step(fc.constant([]), (o) => {
    const seen: string[] = [];
    for (const k in o) {
      seen.push(k);
      delete o[k];
    }
    return inAnyOrder(seen);
  }),
  "for…in left early": step(
    keys.map((k) => [k]),
    (o, [k]) => {
      for (const found in o) if (found === k) return o[found];
      return "not found";
    },
  ),
  "for…in within for…in": step(fc.constant([]), (o) => {
    const pairs: [string, string][] = [];
    for (const one in o) for (const other in o) pairs.push([one, other]);
    return inAnyOrder(pairs);
  }),
  "Object.keys in the body of for…in": step(keyAndValue, (o, [k, v]) => {
    const counts: [string, number][] = [];
    for (const found in o) {
      o[k] = v;
      counts.push([found, Object.keys(o).length]);
    }
    return inAnyOrder(counts);
  }),

  "Reflect.get with a receiver": step(fc.tuple(keys, receiver), (o, [k, which]) =>
    Reflect.get(o, k, receivers[which]!(o, k)),
  ),
  "Reflect.set with a receiver": step(fc.tuple(keys, values, receiver), (o, [k, v, which]) => {
    const given = receivers[which]!(o, k);
    return [Reflect.set(o, k, v, given), own(given, o)];
  }),
  // Only of a key that is not there: an ordinary object asks its receiver for the descriptor, and gives up
  // on an accessor.
  "Reflect.set on another with this as receiver": step(keyAndValue, (o, [k, v]) => {
    delete o[k];
    return Reflect.set({ other: "v" }, k, v, o);
  }),
  "reads through an object that inherits": step(keyAndValue, (o, [k, v]) => {
    const child = Object.create(o, { own: { value: v, enumerable: true } }) as Strings;
    const inherited: string[] = [];
    for (const found in child) inherited.push(found);
    return [child[k], k in child, Object.hasOwn(child, k), Object.keys(child), inAnyOrder(inherited)];
  }),
  "writes through an object that inherits": step(keyAndValue, (o, [k, v]) => {
    const child = Object.create(o) as Strings;
    child[k] = v;
    const written = [child[k], Object.entries(child), Object.getOwnPropertyDescriptor(child, k)];
    return [written, delete child[k], child[k]];
  }),
  "through a Proxy": step(keyAndValue, (o, [k, v]) => {
    const proxy = new Proxy(o, {});
    proxy[k] = v;
    const written = [proxy[k], k in proxy, inAnyOrder(Object.entries(proxy))];
    return [written, delete proxy[k], proxy[k]];
  }),
  "a class that inherits": step(keyAndValue, (o, [k, v]) => {
    const base = function (): void {} as unknown as new () => Strings;
    base.prototype = o;
    class Derived extends base {
      declared = v;
    }
    const derived = new Derived();
    derived[k] = v;
    return [inAnyOrder(Object.entries(derived)), derived[k], derived instanceof base];
  }),
};
