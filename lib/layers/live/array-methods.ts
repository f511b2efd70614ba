import type { Owner } from "./owner.js";
import { prototypeOf } from "./prototypes.js";

/** The indexes of an array, with its holes. */
function indexesOf(array: readonly unknown[]): number[] {
  return array.map((_, index) => index);
}

/** What the built-in `sort` does with the indexes of the elements. Undefined elements come last, before the holes. */
function sorted(owner: Owner, array: readonly unknown[], compare: unknown): (number | undefined)[] {
  // Frozen copies, because changes that a comparator made in them would not be stored.
  const copies = array.map((element) => owner.frozen(element));
  const texts = compare === undefined ? copies.map(String) : [];
  const byText = (a: number, b: number): number =>
    texts[a]! < texts[b]! ? -1 : texts[a]! > texts[b]! ? 1 : 0;
  const byProgram = (a: number, b: number): number =>
    (compare as (a: unknown, b: unknown) => number)(copies[a], copies[b]);
  const order = array.map((element, index) => (element === undefined ? undefined : index));
  return order.sort((compare === undefined ? byText : byProgram) as (a?: number, b?: number) => number);
}

/** The methods that change an array, each by one action. */
export const liveArray = prototypeOf(Array.prototype, Array.isArray, {
  push: (owner, array: unknown[], args) =>
    owner.change(array, { do: "push", values: args.map((value) => owner.plain(value)) }),
  unshift: (owner, array: unknown[], args) =>
    owner.change(array, { do: "unshift", values: args.map((value) => owner.plain(value)) }),
  pop: (owner, array: unknown[]) => owner.view(owner.change(array, { do: "pop" })),
  shift: (owner, array: unknown[]) => owner.view(owner.change(array, { do: "shift" })),
  // Here and below, the built-in methods resolve negative and missing indexes.
  splice(owner, array: unknown[], args) {
    const indexes = [...array.keys()];
    const start = array.length - indexes.slice(args[0] as number).length;
    const count = indexes.splice(...(args.slice(0, 2) as [number])).length;
    const values = args.slice(2).map((value) => owner.plain(value));
    const removed = owner.change(array, { do: "splice", start, count, values }) as unknown[];
    return removed.map((value) => owner.view(value));
  },
  sort(owner, array: unknown[], [compare], self) {
    // Throws if the comparator is not a function.
    ([] as unknown[]).sort(compare as undefined);
    const order = owner.compare(() => sorted(owner, array, compare));
    owner.change(array, { do: "arrange", order });
    return self;
  },
  reverse(owner, array: unknown[], _args, self) {
    owner.change(array, { do: "arrange", order: indexesOf(array).reverse() });
    return self;
  },
  copyWithin(owner, array: unknown[], args, self) {
    const order = indexesOf(array).copyWithin(...(args as [number, number]));
    owner.change(array, { do: "arrange", order });
    return self;
  },
  fill(owner, array: unknown[], [value, from, to], self) {
    const filled = [...array.keys()].slice(from as number, to as number);
    const values = filled.map(() => owner.plain(value));
    owner.change(array, { do: "splice", start: filled[0] ?? 0, count: filled.length, values });
    return self;
  },
});
