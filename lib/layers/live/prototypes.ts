import { nodeOf } from "./owner.js";
import type { Owner } from "./owner.js";

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** @param object - the plain object @param self - what the program called the method on */
export type LiveMethod = (owner: Owner, object: never, args: unknown[], self: unknown) => unknown;

/**
 * A prototype with other methods, for objects of documents. On anything else, they do what the built-in methods do.
 *
 * @param isOne - whether a plain object is of the kind that the methods are for
 */
export function prototypeOf(
  usual: object,
  isOne: (object: unknown) => boolean,
  methods: Record<string | symbol, LiveMethod>,
): object {
  const made = Object.create(usual) as object;
  for (const name of Reflect.ownKeys(methods)) {
    const own = Reflect.getOwnPropertyDescriptor(usual, name)!;
    const before = (own.get ?? own.value) as Method;
    const method = function (this: unknown, ...args: unknown[]): unknown {
      const node = nodeOf(this);
      if (node === undefined || !isOne(node.plain)) return Reflect.apply(before, this, args);
      node.owner.sync();
      return methods[name]!(node.owner, node.plain as never, args, this);
    };
    // For code that looks at them.
    Object.defineProperty(method, "name", { value: before.name });
    Object.defineProperty(method, "length", { value: before.length });
    const property = own.get === undefined ? { ...own, value: method } : { ...own, get: method };
    Object.defineProperty(made, name, property);
  }
  return made;
}
