import { isDeepStrictEqual } from "node:util";
import { copyOf, define, entriesOf, kindOfContainer } from "../data/copies.js";
import type { Path } from "./paths.js";

/**
 * What names a property, an entry of a Map, or an element of a Set. A key or element that is an object is named by its
 * position, `entryIndex`, because a copy of the document contains a copy of the object.
 */
export interface FieldName {
  readonly key: unknown;
  readonly entryIndex?: number;
}

/** A change of one object. Keys and values are plain data. */
export type Action =
  | (FieldName & { readonly do: "set"; readonly value: unknown })
  | (FieldName & { readonly do: "delete" })
  // Of arrays. `order` has the old index of each new element. A hole in it makes a hole, and undefined makes undefined.
  | { readonly do: "length"; readonly length: number }
  | { readonly do: "push" | "unshift"; readonly values: readonly unknown[] }
  | { readonly do: "pop" | "shift" }
  | {
      readonly do: "splice";
      readonly start: number;
      readonly count: number;
      readonly values: readonly unknown[];
    }
  | { readonly do: "arrange"; readonly order: readonly (number | undefined)[] }
  // Of Maps, Sets and Dates.
  | (FieldName & { readonly do: "add" })
  | { readonly do: "clear" }
  | { readonly do: "time"; readonly time: number };

/** An edit: an action on the object at a path. */
export interface Edit {
  readonly path: Path;
  readonly action: Action;
  /** Whether the program has read the field that the action sets or deletes. */
  readonly hasRead: boolean;
}

/** Whether later edits replace all that were lost: each is repeated, or a later one is about the same field. */
export function replaceAll(later: readonly Edit[], lost: readonly Edit[]): boolean {
  const field = ({ action }: Edit): unknown => ("key" in action ? [action.key, action.entryIndex] : action);
  const left = [...later];
  return lost.every((one) => {
    const at = left.findIndex((each) => isDeepStrictEqual([each.path, field(each)], [one.path, field(one)]));
    // A field is set once, but two calls of `push` are repeated by two calls.
    if (at !== -1 && !("key" in one.action)) left.splice(at, 1);
    return at !== -1;
  });
}

const endsOfArrays: ReadonlySet<Action["do"]> = new Set(["push", "unshift", "pop", "shift"]);

/** Whether an action on an object of this kind means the same only if that object has not changed. */
export function needsUnchanged(node: object, action: Action): boolean {
  if (endsOfArrays.has(action.do)) return false;
  if (!("key" in action)) return true;
  return action.entryIndex !== undefined || kindOfContainer(node) === "array";
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
  const ownKey = ({ key, entryIndex }: FieldName): unknown =>
    entryIndex === undefined ? own(key) : [...entriesOf(node)][entryIndex]?.[0];
  const kind = kindOfContainer(node);
  const collection = (kind === "map" ? Map.prototype : Set.prototype) as Set<unknown>;
  const array = node as unknown[];
  switch (action.do) {
    case "set":
      return kind === "map"
        ? Map.prototype.set.call(node as never, ownKey(action), own(action.value))
        : define(node, action.key as PropertyKey, own(action.value));
    case "delete":
      if (kind === "map" || kind === "set") return collection.delete.call(node as never, ownKey(action));
      if (!shares && kind === "array" && action.key === String(array.length - 1))
        return void (array.length -= 1);
      return Reflect.deleteProperty(node, action.key as PropertyKey);
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
    case "add":
      return Set.prototype.add.call(node as never, ownKey(action));
    case "clear":
      return collection.clear.call(node as never);
    case "time":
      return Date.prototype.setTime.call(node as Date, action.time);
  }
}

const MAX_ARGUMENTS = 1000;

/** @returns the new length of the array */
function insert(array: unknown[], at: number, values: readonly unknown[]): number {
  // The stack limits how many arguments a call may have.
  for (let end = values.length; end > 0; end -= MAX_ARGUMENTS)
    array.splice(at, 0, ...values.slice(Math.max(end - MAX_ARGUMENTS, 0), end));
  return array.length;
}

function arrange(
  array: unknown[],
  order: readonly (number | undefined)[],
  own: (value: unknown) => unknown,
): void {
  const before = array.slice();
  const used = new Set<number>();
  for (const at of array.keys()) {
    const from = order[at];
    if (!(at in order)) Reflect.deleteProperty(array, at);
    else if (from === undefined) array[at] = undefined;
    else array[at] = used.has(from) ? own(before[from]) : before[from];
    if (from !== undefined) used.add(from);
  }
}
