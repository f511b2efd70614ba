import { entriesOf, kindOfContainer } from "../data/copies.js";
import { showPath } from "../data/plain-data.js";

/**
 * Stands in place of a field. Of an object, a Map or a Set it means which fields there are, and of a Date the time.
 */
export const ALL: unique symbol = Symbol("all");

/** One step of a path: from an object to one inside it. */
export type Step =
  /** A property of an object, or an element of an array. */
  | { readonly in: "object" | "array"; readonly key: PropertyKey }
  /** The value of a Map's entry whose key is not an object. */
  | { readonly in: "entry"; readonly key: unknown }
  /** A Map's key that is an object, or an element of a Set, or the value that belongs to such a key. */
  | { readonly in: "keyAt" | "valueAt"; readonly entryIndex: number };

export type Path = readonly Step[];

/** Whether a step leads to the same place only if the object around it has not changed. */
export function isByIndex(step: Step): boolean {
  return step.in !== "object" && step.in !== "entry";
}

/** The object that a step leads to. Undefined if there is none. */
export function childAt(node: object, step: Step): object | undefined {
  const child =
    "key" in step
      ? contentOfField(node, step.key)[0]
      : [...entriesOf(node)][step.entryIndex]?.[step.in === "keyAt" ? 0 : 1];
  return isObject(child) ? child : undefined;
}

/** The object at the end of a path that is known to exist. */
export function nodeAt(root: unknown, path: Path): object {
  return path.reduce((node, step) => childAt(node, step)!, root as object);
}

/** The objects directly inside an object, each with the step to it. */
function* childrenOf(node: object): Generator<[Step, object], void, undefined> {
  const kind = kindOfContainer(node);
  if (kind === "object" || kind === "array") {
    for (const key of Reflect.ownKeys(node)) {
      const [child] = contentOfField(node, key);
      if (isObject(child)) yield [{ in: kind, key }, child];
    }
  } else if (kind === "map" || kind === "set") {
    let entryIndex = 0;
    for (const [key, value] of entriesOf(node)) {
      if (isObject(key)) yield [{ in: "keyAt", entryIndex }, key];
      if (kind === "map" && isObject(value))
        yield [isObject(key) ? { in: "valueAt", entryIndex } : { in: "entry", key }, value];
      entryIndex += 1;
    }
  }
}

/** Where an object was found in a value. */
interface Place {
  readonly node: object;
  /** The object around it, and the step from there. Absent for the value itself. */
  readonly from?: { readonly place: Place; readonly step: Step };
  /** Whether the object was found before, at another place. What is inside it is not visited again. */
  readonly isAlias: boolean;
}

/** All places of objects in a value, its own included. */
function* placesIn(root: unknown): Generator<Place, void, undefined> {
  if (!isObject(root)) return;
  const first = { node: root, isAlias: false };
  const seen = new Set<object>([root]);
  const open: Place[] = [first];
  yield first;
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    for (const [step, node] of childrenOf(place.node)) {
      const child = { node, from: { place, step }, isAlias: seen.has(node) };
      yield child;
      if (child.isAlias) continue;
      seen.add(node);
      open.push(child);
    }
  }
}

function pathOf({ from }: Place): Path {
  const steps: Step[] = [];
  for (let at = from; at !== undefined; at = at.place.from) steps.push(at.step);
  return steps.reverse();
}

/** The path from a document's root to an object. Undefined if the object is not, or no longer, in the document. */
export function pathTo(root: unknown, wanted: object): Path | undefined {
  for (const place of placesIn(root)) if (place.node === wanted) return pathOf(place);
  return undefined;
}

/**
 * The second place of an object in a value, as in `.q`, or the place where an object contains itself. Undefined if
 * there is none, so that the value is a tree.
 */
export function aliasIn(root: unknown): string | undefined {
  for (const place of placesIn(root)) {
    const kind = kindOfContainer(place.node);
    // Dates and bytes are replaced as a whole wherever they are.
    if (place.isAlias && kind !== undefined && kind !== "date") return textOf(pathOf(place));
  }
  return undefined;
}

/** All objects in a value, itself included. */
export function* objectsIn(root: unknown): Generator<object, void, undefined> {
  for (const { node, isAlias } of placesIn(root)) if (!isAlias) yield node;
}

/** The current fields of an object. */
export function fieldsOf(node: object): unknown[] {
  const kind = kindOfContainer(node);
  if (kind === "map" || kind === "set") return Array.from(entriesOf(node), ([key]) => key);
  return kind === "date" ? [ALL] : Reflect.ownKeys(node);
}

/** The value of a field, in an array, so that undefined differs from a missing field. */
export function contentOfField(node: object, key: unknown): unknown[] {
  const kind = kindOfContainer(node);
  if (kind === "set") return Set.prototype.has.call(node as Set<unknown>, key) ? [key] : [];
  if (kind === "map") {
    const map = node as Map<unknown, unknown>;
    return Map.prototype.has.call(map, key) ? [Map.prototype.get.call(map, key)] : [];
  }
  const property = Reflect.getOwnPropertyDescriptor(node, key as PropertyKey);
  return property === undefined ? [] : [property.value];
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export function isContainer(value: unknown): value is object {
  return isObject(value) && kindOfContainer(value) !== undefined;
}

/** Formats a path, as in `.address.tags[3]`. */
export function textOf(path: Path, ...more: readonly unknown[]): string {
  const keys = path.map((step): PropertyKey => {
    if ("entryIndex" in step) return step.entryIndex;
    return step.in === "array" ? indexOr(step.key) : asKey(step.key);
  });
  return showPath([...keys, ...more.map(asKey)]) || "the document";
}

function indexOr(key: PropertyKey): PropertyKey {
  return typeof key === "string" && /^\d+$/.test(key) ? Number(key) : key;
}

function asKey(key: unknown): PropertyKey {
  if (typeof key === "string" || typeof key === "number" || typeof key === "symbol") return key;
  return isObject(key) ? "an object" : String(key);
}
