import type { Owner } from "./owner.js";
import { nodeOf } from "./owner.js";

type Methods = Record<string, (this: unknown, ...args: never[]) => unknown>;

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

/**
 * A method that changes an array by one action. On an array that is not in a document, it does what the built-in does.
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
      node.owner.sync();
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
  // The built-in methods also take negative, missing and other numbers. So they say here which elements are meant.
  splice: method("splice", (owner, array, args) => {
    const indexes = [...array.keys()];
    const start = array.length - indexes.slice(args[0] as number).length;
    const count = indexes.splice(...(args.slice(0, 2) as [number])).length;
    const values = args.slice(2).map((value) => owner.plain(value));
    const removed = owner.change(array, { do: "splice", start, count, values }) as unknown[];
    return removed.map((value) => owner.view(value));
  }),
  sort: method("sort", (owner, array, [compare], self) => {
    // Throws if the comparator is not a function.
    ([] as unknown[]).sort(compare as undefined);
    const order = owner.compare(() => sorted(owner, array, compare));
    owner.change(array, { do: "arrange", order });
    return self;
  }),
  reverse: method("reverse", (owner, array, _args, self) => {
    owner.change(array, { do: "arrange", order: indexesOf(array).reverse() });
    return self;
  }),
  copyWithin: method("copyWithin", (owner, array, args, self) => {
    const order = indexesOf(array).copyWithin(...(args as [number, number]));
    owner.change(array, { do: "arrange", order });
    return self;
  }),
  fill: method("fill", (owner, array, [value, from, to], self) => {
    const filled = [...array.keys()].slice(from as number, to as number);
    const values = filled.map(() => owner.plain(value));
    owner.change(array, { do: "splice", start: filled[0] ?? 0, count: filled.length, values });
    return self;
  }),
});
