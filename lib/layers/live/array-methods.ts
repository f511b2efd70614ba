import type { Owner } from "./owner.js";
import { nodeOf } from "./owner.js";

type Methods = Record<string, (this: unknown, ...args: never[]) => unknown>;

/** Resolves a relative index as the methods of `Array.prototype` do. */
function relative(given: unknown, length: number, missing: number): number {
  if (given === undefined) return missing;
  const index = Math.trunc(Number(given)) || 0;
  return index < 0 ? Math.max(length + index, 0) : Math.min(index, length);
}

/** The indexes of the elements in sorted order, with -1 for a hole. Undefined elements come last, before the holes. */
function sorted(
  owner: Owner,
  array: readonly unknown[],
  compare: ((a: unknown, b: unknown) => number) | undefined,
): number[] {
  const present = [...array.keys()].filter((index) => index in array);
  const defined = present.filter((index) => array[index] !== undefined);
  // Frozen copies, because changes that a comparator made in them would not be stored.
  const copies = new Map(defined.map((index) => [index, owner.frozen(array[index])]));
  if (compare === undefined) {
    const texts = new Map(defined.map((index) => [index, String(copies.get(index))]));
    const byText = (a: number, b: number): number => {
      const [left, right] = [texts.get(a)!, texts.get(b)!];
      return left < right ? -1 : left > right ? 1 : 0;
    };
    defined.sort(byText);
  } else defined.sort((a, b) => compare(copies.get(a), copies.get(b)));
  const rest = present.filter((index) => array[index] === undefined);
  const holes = Array.from({ length: array.length - present.length }, () => -1);
  return [...defined, ...rest, ...holes];
}

/** The indexes of an array in order, with -1 for a hole. */
function indexesOf(array: readonly unknown[]): number[] {
  return Array.from(array, (_, index) => (index in array ? index : -1));
}

/**
 * A method that changes an array by one operation. On an array that is not in a document, it does what the built-in
 * does.
 */
function method(
  name: string,
  change: (owner: Owner, array: unknown[], args: unknown[], self: object) => unknown,
): Methods[string] {
  const usual = Reflect.get(Array.prototype, name) as (...args: unknown[]) => unknown;
  const { [name]: made } = {
    [name](this: unknown, ...args: unknown[]): unknown {
      const node = nodeOf(this);
      if (node === undefined || !Array.isArray(node.plain)) return Reflect.apply(usual, this, args);
      node.owner.look(node.plain);
      return change(node.owner, node.plain as unknown[], args, this as object);
    },
  };
  // The same number of parameters as the built-in method, for code that looks at it.
  return Object.defineProperty(made!, "length", { value: usual.length, configurable: true });
}

export const arrayMethods: Methods = Object.assign(Object.create(null) as Methods, {
  push: method("push", (owner, array, args) =>
    owner.change(array, { do: "push", values: args.map((value) => owner.plain(value)) }),
  ),
  unshift: method("unshift", (owner, array, args) =>
    owner.change(array, { do: "unshift", values: args.map((value) => owner.plain(value)) }),
  ),
  pop: method("pop", (owner, array) => owner.view(owner.change(array, { do: "pop" }))),
  shift: method("shift", (owner, array) => owner.view(owner.change(array, { do: "shift" }))),
  splice: method("splice", (owner, array, args) => {
    const start = relative(args[0], array.length, 0);
    const most = array.length - start;
    const asked = Math.min(Math.max(Math.trunc(Number(args[1])) || 0, 0), most);
    const count = args.length === 0 ? 0 : args.length === 1 ? most : asked;
    const values = args.slice(2).map((value) => owner.plain(value));
    const removed = owner.change(array, { do: "splice", start, count, values }) as unknown[];
    return removed.map((value) => owner.view(value));
  }),
  sort: method("sort", (owner, array, [compare], self) => {
    // Throws if the comparator is not a function.
    ([] as unknown[]).sort(compare as undefined);
    const order = owner.compare(() => sorted(owner, array, compare as undefined));
    owner.change(array, { do: "arrange", order });
    return self;
  }),
  reverse: method("reverse", (owner, array, _args, self) => {
    owner.change(array, { do: "arrange", order: indexesOf(array).reverse() });
    return self;
  }),
  copyWithin: method("copyWithin", (owner, array, [target, start, end], self) => {
    const order = indexesOf(array);
    const { length } = array;
    order.copyWithin(relative(target, length, 0), relative(start, length, 0), relative(end, length, length));
    owner.change(array, { do: "arrange", order });
    return self;
  }),
  fill: method("fill", (owner, array, [value, from, to], self) => {
    const start = relative(from, array.length, 0);
    const count = Math.max(relative(to, array.length, array.length) - start, 0);
    const values = new Array<unknown>(count).fill(owner.plain(value));
    owner.change(array, { do: "splice", start, count, values });
    return self;
  }),
});
