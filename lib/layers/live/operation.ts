import { isDeepStrictEqual } from "node:util";
import { copyOf, define, elementsOf, entriesOf, kindOfContainer } from "../data/copies.js";
import { childAt, contentOfField, isByIndex, textOf } from "./steps.js";
import type { Path } from "./steps.js";

/** A change of one object. Keys and values are plain data. */
export type Action =
  | { readonly do: "set"; readonly key: PropertyKey; readonly value: unknown }
  | { readonly do: "delete"; readonly key: PropertyKey }
  // Of arrays. In `order`, -1 stands for a hole.
  | { readonly do: "length"; readonly length: number }
  | { readonly do: "push" | "unshift"; readonly values: readonly unknown[] }
  | { readonly do: "pop" | "shift" }
  | {
      readonly do: "splice";
      readonly start: number;
      readonly count: number;
      readonly values: readonly unknown[];
    }
  | { readonly do: "arrange"; readonly order: readonly number[] }
  // Of Maps and Sets. A key or element that is an object is given by its `entryIndex`.
  | { readonly do: "mapSet"; readonly key: unknown; readonly value: unknown; readonly entryIndex?: number }
  | { readonly do: "remove"; readonly key: unknown; readonly entryIndex?: number }
  | { readonly do: "add"; readonly key: unknown; readonly entryIndex?: number }
  | { readonly do: "clear" }
  | { readonly do: "time"; readonly time: number };

/** An edit: an action on the object at a path. */
export interface Operation {
  readonly path: Path;
  readonly action: Action;
  /** Whether the program has read the field that the action sets or deletes. */
  readonly hasRead: boolean;
}

const MAX_ARGUMENTS = 1000;

/** Thrown if an operation would not mean the same on another value. The message says why. */
export class NotTheSame extends Error {}

const sameAgain: ReadonlySet<Action["do"]> = new Set(["push", "unshift", "pop", "shift", "add"]);

/** Whether an action on an object of this kind means the same only if that object has not changed. */
export function needsUnchanged(node: object, action: Action): boolean {
  if (sameAgain.has(action.do)) return "entryIndex" in action;
  const kind = kindOfContainer(node);
  if (action.do === "set" || action.do === "delete") return kind === "array";
  if (action.do === "mapSet" || action.do === "remove") return action.entryIndex !== undefined;
  return true;
}

/**
 * Performs an action. No object gets a second place. Without sharing, as in JSON, arrays must not have holes: deleting
 * the last element makes an array shorter.
 *
 * @returns what the method of the same name returns
 */
export function apply(node: object, action: Action, shares: boolean): unknown {
  // Each tree gets its own copies of the values.
  const own = (value: unknown): unknown => copyOf(value, shares);
  const array = node as unknown[];
  switch (action.do) {
    case "set":
      return define(node, action.key, own(action.value));
    case "delete":
      if (!shares && Array.isArray(node) && action.key === String(node.length - 1))
        return void (node.length -= 1);
      return Reflect.deleteProperty(node, action.key);
    case "length":
      return void (array.length = action.length);
    case "push":
      return insert(array, array.length, action.values.map(own));
    case "unshift":
      return insert(array, 0, action.values.map(own));
    case "pop":
    case "shift":
      return Array.prototype[action.do].call(array);
    case "splice": {
      const removed = array.splice(action.start, action.count);
      insert(array, action.start, action.values.map(own));
      return removed;
    }
    case "arrange":
      return arrange(array, action.order, own);
    case "mapSet":
      return Map.prototype.set.call(node as never, keyOf(node, action) ?? own(action.key), own(action.value));
    case "remove":
      return kindOfContainer(node) === "map"
        ? Map.prototype.delete.call(node as never, keyOf(node, action) ?? action.key)
        : Set.prototype.delete.call(node as never, keyOf(node, action) ?? action.key);
    case "add":
      return Set.prototype.add.call(node as never, keyOf(node, action) ?? own(action.key));
    case "clear":
      return kindOfContainer(node) === "map"
        ? Map.prototype.clear.call(node as never)
        : Set.prototype.clear.call(node as never);
    case "time":
      return Date.prototype.setTime.call(node as Date, action.time);
  }
}

/** @returns the new length of the array */
function insert(array: unknown[], at: number, values: readonly unknown[]): number {
  // The stack limits how many arguments a call may have.
  for (let end = values.length; end > 0; end -= MAX_ARGUMENTS)
    array.splice(at, 0, ...values.slice(Math.max(end - MAX_ARGUMENTS, 0), end));
  return array.length;
}

function keyOf(node: object, { entryIndex }: { readonly entryIndex?: number }): unknown {
  if (entryIndex === undefined) return undefined;
  return kindOfContainer(node) === "map"
    ? [...entriesOf(node)][entryIndex]?.[0]
    : [...elementsOf(node)][entryIndex];
}

function arrange(array: unknown[], order: readonly number[], own: (value: unknown) => unknown): void {
  const before = array.slice();
  const used = new Set<number>();
  for (const [at, from] of order.entries()) {
    if (from === -1) Reflect.deleteProperty(array, at);
    else array[at] = used.has(from) ? own(before[from]) : before[from];
    used.add(from);
  }
}

/**
 * Performs operations that were made on `before` on another value of the document, `after`. Both values are changed.
 *
 * @returns what the last action returned on `after`
 * @throws NotTheSame if one of them would not mean the same there
 */
export function reapply(
  operations: readonly Operation[],
  before: unknown,
  after: unknown,
  shares: boolean,
): unknown {
  let result: unknown;
  for (const operation of operations) {
    const { path, action } = operation;
    const [old, now] = walkBoth(path, before, after);
    checkSame(operation, old, now);
    apply(old, action, shares);
    result = apply(now, action, shares);
  }
  return result;
}

function walkBoth(path: Path, before: unknown, after: unknown): [object, object] {
  let [old, now] = [before, after] as [object, object];
  checkKind(old, now, []);
  for (const [at, step] of path.entries()) {
    const way = path.slice(0, at + 1);
    if (isByIndex(step) && !isDeepStrictEqual(old, now))
      throw new NotTheSame(
        `${textOf(path.slice(0, at))} has changed, but the edit needs ${textOf(way)} to be where it was`,
      );
    const [oldChild, nowChild] = [childAt(old, step), childAt(now, step)];
    checkKind(oldChild, nowChild, way);
    [old, now] = [oldChild!, nowChild!];
  }
  return [old, now];
}

function checkKind(old: unknown, now: unknown, way: Path): void {
  const kind = kindOf(now);
  if (kind === undefined || kind !== kindOf(old))
    throw new NotTheSame(`${textOf(way)} has been deleted or replaced by another kind of value`);
}

function kindOf(value: unknown): string | undefined {
  return typeof value === "object" && value !== null ? kindOfContainer(value) : undefined;
}

function checkSame({ path, action, hasRead }: Operation, old: object, now: object): void {
  if (needsUnchanged(old, action)) {
    if (isDeepStrictEqual(old, now)) return;
    throw new NotTheSame(`${textOf(path)} has changed, but the edit needs it unchanged`);
  }
  if (!hasRead || !("key" in action)) return;
  if (!isDeepStrictEqual(contentOfField(old, action.key), contentOfField(now, action.key)))
    throw new NotTheSame(`${textOf(path, action.key)} has changed since this document read it`);
}
