import { elementsOf, entriesOf, kindOfContainer } from "../data/copies.js";
import { showPath } from "../data/plain-data.js";

/**
 * A field that stands for the whole of an object, a Map, a Set or a Date: which fields exist, and which are missing.
 */
export const ALL: unique symbol = Symbol("all");

/** The way from an object to one inside it. A position is one in the order of a Map or a Set. */
export type Step =
  /** A property of an object, or an element of an array. */
  | { readonly in: "object" | "array"; readonly key: PropertyKey }
  /** The value of a Map's entry whose key is not an object. */
  | { readonly in: "entry"; readonly key: unknown }
  /** A Map's key that is an object, or the value that belongs to such a key, or an element of a Set. */
  | { readonly in: "keyAt" | "valueAt" | "elementAt"; readonly entryIndex: number };

export type Path = readonly Step[];

/** Whether a step leads to the same place only if the object around it has not changed. */
export function isByIndex(step: Step): boolean {
  return step.in !== "object" && step.in !== "entry";
}

/** The object that a step leads to. Undefined if there is none. */
export function childAt(node: object, step: Step): object | undefined {
  const child = stepInto(node, step);
  return typeof child === "object" && child !== null ? child : undefined;
}

function stepInto(node: object, step: Step): unknown {
  const kind = kindOfContainer(node);
  switch (step.in) {
    case "object":
    case "array":
      return kind === step.in ? Reflect.getOwnPropertyDescriptor(node, step.key)?.value : undefined;
    case "entry":
      return kind === "map" ? Map.prototype.get.call(node as Map<unknown, unknown>, step.key) : undefined;
    case "keyAt":
    case "valueAt":
      return kind === "map"
        ? [...entriesOf(node)][step.entryIndex]?.[step.in === "keyAt" ? 0 : 1]
        : undefined;
    case "elementAt":
      return kind === "set" ? [...elementsOf(node)][step.entryIndex] : undefined;
  }
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
      const child: unknown = Reflect.getOwnPropertyDescriptor(node, key)?.value;
      if (typeof child === "object" && child !== null) yield [{ in: kind, key }, child];
    }
  } else if (kind === "map") {
    let entryIndex = 0;
    for (const [key, value] of entriesOf(node)) {
      const isObject = typeof key === "object" && key !== null;
      if (isObject) yield [{ in: "keyAt", entryIndex }, key];
      if (typeof value === "object" && value !== null)
        yield [isObject ? { in: "valueAt", entryIndex } : { in: "entry", key }, value];
      entryIndex += 1;
    }
  } else if (kind === "set") {
    let entryIndex = 0;
    for (const element of elementsOf(node)) {
      if (typeof element === "object" && element !== null) yield [{ in: "elementAt", entryIndex }, element];
      entryIndex += 1;
    }
  }
}

/** The way from a document's root to an object. Undefined if the object is not, or no longer, in the document. */
export function pathTo(root: unknown, wanted: object): Path | undefined {
  if (root === wanted) return [];
  if (typeof root !== "object" || root === null) return undefined;
  const came = new Map<object, { from: object; step: Step } | undefined>([[root, undefined]]);
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const [step, child] of childrenOf(node)) {
      if (came.has(child)) continue;
      came.set(child, { from: node, step });
      if (child === wanted) return wayBack(came, child);
      open.push(child);
    }
  }
  return undefined;
}

/**
 * The place, as in `.q`, where an object in a value is found a second time, or contains itself. Undefined if there is
 * none.
 */
export function secondWay(root: unknown): string | undefined {
  if (typeof root !== "object" || root === null) return undefined;
  const came = new Map<object, { from: object; step: Step } | undefined>([[root, undefined]]);
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const [step, child] of childrenOf(node)) {
      if (came.has(child)) return textOf([...wayBack(came, node), step]);
      const kind = kindOfContainer(child);
      // Dates and bytes are replaced as a whole wherever they are.
      if (kind === undefined || kind === "date") continue;
      came.set(child, { from: node, step });
      open.push(child);
    }
  }
  return undefined;
}

/** All objects in a value, itself included. */
export function* objectsIn(root: unknown): Generator<object, void, undefined> {
  if (typeof root !== "object" || root === null) return;
  const seen = new Set<object>([root]);
  // The loop also visits the objects that are added to the Set while it runs.
  for (const node of seen) {
    yield node;
    for (const [, child] of childrenOf(node)) seen.add(child);
  }
}

/** The current fields of an object. */
export function fieldsOf(node: object): unknown[] {
  const kind = kindOfContainer(node);
  if (kind === "map") return Array.from(entriesOf(node), ([key]) => key);
  if (kind === "set") return [...elementsOf(node)];
  return kind === "date" ? [ALL] : Reflect.ownKeys(node);
}

/** The value of a field, in an array, so that undefined differs from a missing field. */
export function contentOfField(node: object, key: unknown): unknown[] {
  const kind = kindOfContainer(node);
  if (kind === "map") {
    const map = node as Map<unknown, unknown>;
    return Map.prototype.has.call(map, key) ? [Map.prototype.get.call(map, key)] : [];
  }
  if (kind === "set") return [Set.prototype.has.call(node as Set<unknown>, key)];
  const property = Reflect.getOwnPropertyDescriptor(node, key as PropertyKey);
  return property === undefined ? [] : [property.value];
}

function wayBack(came: Map<object, { from: object; step: Step } | undefined>, end: object): Path {
  const steps: Step[] = [];
  for (let at = came.get(end); at !== undefined; at = came.get(at.from)) steps.push(at.step);
  return steps.reverse();
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
  return typeof key === "object" && key !== null ? "an object" : String(key);
}
