import { isDeepStrictEqual, types } from "node:util";
import {
  copyOf,
  define,
  elementsOf,
  entriesOf,
  kindOfContainer,
  ownLeaf,
  rememberLive,
} from "../data/copies.js";
import { argumentError } from "../../errors/errors.js";
import type { Stored } from "../../map/internals.js";
import { asLive } from "./collections.js";
import { Memory } from "./memory.js";
import { apply, needsUnchanged } from "./operation.js";
import type { Action, Operation } from "./operation.js";
import { rememberNode } from "./owner.js";
import type { Owner } from "./owner.js";
import { childAt, isByPosition, nodeAt, objectsIn, pathTo, secondWay, textOf } from "./steps.js";
import type { Path } from "./steps.js";
import { Traps } from "./traps.js";

/** What a document knows of a key. */
export interface Known {
  /** As it is stored. It is never changed. */
  readonly value: unknown;
  /** What `update` can go on from; undefined if it has to read first. */
  readonly from: Stored<unknown> | undefined;
  /** A later reading, or a later edit, has a higher number. */
  readonly order: number;
}

let lastOrder = 0;

export function nextOrder(): number {
  return (lastOrder += 1);
}

/** What a document needs of the map that it came from. */
export interface Home {
  readonly shares: boolean;
  /** Brings a document up to date with the edits of its key that a batch has not stored yet. */
  sync(document: Document): void;
  /** Stores an edit, or leaves it to the batch. @returns what the action returned, as it is in the document or detached from it */
  edit(document: Document, operation: Operation): unknown;
  /** @throws TypeError while a function is running that may be called more than once */
  checkMayEdit(): void;
  /** The value of the key with the edits that a batch has not stored yet. */
  valueOf(document: Document): unknown;
  compare<T>(fn: () => T): T;
  /** The error for an edit that was not made. */
  changed(document: Document, reason: string): Error;
}

/** A value as it was read, whose objects can be changed in place. Its objects are those of `tree`: they stay the same ones. */
export class Document implements Owner {
  /** Relative to the map of its home. */
  readonly key: string;
  readonly home: Home;
  /** What the program sees. */
  tree: unknown;
  known: Known;
  /** An edit of which is not known whether it was stored. */
  doubt: Error | undefined;
  /** How many edits of its key, in a batch that has not stored them, it shows. */
  seen = 0;
  /** Counts what has become of it, so that an edit notices another one in a callback. */
  turns = 0;
  readonly #memory: Memory = new Memory();
  readonly #views: WeakMap<object, object> = new WeakMap();
  readonly #traps: Traps = new Traps(this);

  /** @param value - what it shows, with edits that are not stored yet */
  constructor(home: Home, key: string, known: Known, value: unknown = known.value) {
    this.home = home;
    this.key = key;
    this.known = known;
    this.tree = copyOf(value, home.shares);
  }

  get shares(): boolean {
    return this.home.shares;
  }

  get root(): unknown {
    return this.view(this.tree);
  }

  look(node: object, field?: unknown): void {
    this.home.sync(this);
    if (field === undefined) return;
    this.#memory.look(node, field);
  }

  view(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const kind = kindOfContainer(value);
    // new Date(user.born) reads it without calling a method.
    if (kind === "date") this.#memory.give(value);
    let view = this.#views.get(value);
    if (view !== undefined) return view;
    // The program gets bytes and the like as copies: a change of them could not be noticed.
    if (kind === undefined) view = ownLeaf(value);
    else {
      view = kind === "object" || kind === "array" ? new Proxy(value, this.#traps) : asLive(value, kind);
      rememberNode(view, { owner: this, plain: value });
      rememberLive(view, value);
    }
    this.#views.set(value, view);
    return view;
  }

  plain(value: unknown): unknown {
    return copyOf(value, this.shares, ownLeaf);
  }

  compare<T>(fn: () => T): T {
    return this.home.compare(fn);
  }

  change(node: object, action: Action): unknown {
    this.home.checkMayEdit();
    this.home.sync(this);
    if (this.doubt !== undefined) throw this.home.changed(this, unknownOutcome);
    if (this.shares) this.#checkTree();
    const path = pathTo(this.tree, node);
    if (path === undefined)
      throw this.home.changed(this, "the object that it would change is no longer in the document");
    this.#checkWay(path);
    this.#checkKnown(node, action, path);
    return this.home.edit(this, { path, action, hasRead: this.#memory.hasRead(node, action) });
  }

  /** Carries out an edit of this document on what the program sees. */
  applied({ path, action }: Operation): unknown {
    return apply(nodeAt(this.tree, path), action, this.shares);
  }

  /** Its edits are stored. @param isOther - whether the value is another than what the program sees */
  settled(known: Known, isOther: boolean): void {
    this.turns += 1;
    this.known = known;
    this.seen = 0;
    if (isOther) this.adopt(known.value);
  }

  /** The edits of a batch were not stored. */
  restore(known: Known): void {
    this.settled(known, true);
  }

  /** Shows another value, with the objects that are at the same place in it. An array that is not as it was gets new ones. */
  adopt(value: unknown): void {
    const now = copyOf(value, this.shares);
    // Places tell which object is which only where each object has one.
    const isTree = !this.shares || (secondWay(this.tree) ?? secondWay(now)) === undefined;
    this.tree = isTree ? this.#merge(this.tree, now) : this.#memory.newcomer(now);
  }

  // For structured: what its methods cannot prevent.
  #checkTree(): void {
    checkOneWay(this.tree);
    if (isDeepStrictEqual(copyOf(this.tree, true), this.home.valueOf(this))) return;
    throw this.home.changed(
      this,
      "a Map, Set or Date in it was changed by a method that is not its own, as in Map.prototype.set.call(…)",
    );
  }

  // An element is found by its position, which the program has from what it has read.
  #checkWay(path: Path): void {
    let node = this.tree as object;
    for (const [at, step] of path.entries()) {
      if (isByPosition(step) && !this.#memory.knowsAll(node)) throw this.#stale(path.slice(0, at));
      node = childAt(node, step)!;
    }
  }

  #checkKnown(node: object, action: Action, path: Path): void {
    if (needsUnchanged(node, action)) {
      if (!this.#memory.knowsAll(node)) throw this.#stale(path);
    } else if ("key" in action && !this.#memory.knows(node, action)) throw this.#stale(path, action.key);
  }

  #stale(path: Path, ...field: unknown[]): Error {
    return this.home.changed(this, `${textOf(path, ...field)} has changed since this document read it`);
  }

  #merge(old: unknown, now: unknown): unknown {
    if (typeof old !== "object" || old === null || typeof now !== "object" || now === null)
      return this.#memory.newcomer(now);
    const kind = kindOfContainer(now);
    if (kind === undefined || kind !== kindOfContainer(old)) return this.#memory.newcomer(now);
    const before = copyOf(old, this.shares);
    if (isDeepStrictEqual(before, now)) return old;
    if (kind === "date") {
      this.#memory.noteChanges(old, () => false);
      Date.prototype.setTime.call(old as Date, (now as Date).getTime());
    } else if (kind === "object") this.#mergeObject(old as Fields, now as Fields);
    else if (kind === "map" && hasPlainKeys(old) && hasPlainKeys(now)) this.#mergeMap(old, now);
    else this.#refill(old, now);
    return old;
  }

  #mergeObject(old: Fields, now: Fields): void {
    this.#memory.noteChanges(old, (field) => isSameField(old, now, field as string, this.shares), now);
    const merged = Object.keys(now).map((name) => [name, this.#merge(old[name], now[name])] as const);
    // Deleted first, so that the names are in the new order.
    for (const name of Object.keys(old)) Reflect.deleteProperty(old, name);
    for (const [name, value] of merged) define(old, name, value);
  }

  #mergeMap(old: object, now: object): void {
    const [before, after] = [new Map(entriesOf(old)), new Map(entriesOf(now))];
    const copied = (field: unknown): unknown => copyOf(before.get(field), this.shares);
    this.#memory.noteChanges(
      old,
      (field) => before.has(field) === after.has(field) && isDeepStrictEqual(copied(field), after.get(field)),
      now,
    );
    const merged = [...after].map(([key, value]) => [key, this.#merge(before.get(key), value)] as const);
    Map.prototype.clear.call(old);
    for (const [key, value] of merged) Map.prototype.set.call(old, key, value);
  }

  #refill(old: object, now: object): void {
    this.#memory.noteChanges(old, () => false);
    refill(old, now);
    for (const part of objectsIn(old)) if (part !== old) this.#memory.newcomer(part);
  }
}

/** @throws TypeError for a value that has an object in two places, or in itself: an edit would not say which of them it is of */
export function checkOneWay(value: unknown): void {
  const way = secondWay(value);
  if (way === undefined) return;
  throw argumentError(
    `A live document cannot be edited that has one object in two places, or inside itself, as at ${way}. ` +
      "Store a copy of it at each place, or change the value by edit(map, key, fn).",
  );
}

type Fields = Record<string, unknown>;

const unknownOutcome =
  "it is not known whether an earlier edit of this document was stored, as the error of that edit said";

function isSameField(old: Fields, now: Fields, name: string, shares: boolean): boolean {
  if (Object.hasOwn(old, name) !== Object.hasOwn(now, name)) return false;
  return !Object.hasOwn(old, name) || isDeepStrictEqual(copyOf(old[name], shares), now[name]);
}

function hasPlainKeys(map: object): boolean {
  return [...entriesOf(map)].every(([key]) => typeof key !== "object" || key === null);
}

function refill(old: object, now: object): void {
  if (Array.isArray(old)) {
    old.length = 0;
    for (const key of Reflect.ownKeys(old)) if (key !== "length") Reflect.deleteProperty(old, key);
    const array = now as unknown[];
    old.length = array.length;
    for (const key of Object.keys(array)) define(old, key, Reflect.get(array, key));
  } else if (types.isMap(old)) {
    Map.prototype.clear.call(old);
    for (const [key, value] of entriesOf(now)) Map.prototype.set.call(old, key, value);
  } else {
    Set.prototype.clear.call(old as Set<unknown>);
    for (const element of elementsOf(now)) Set.prototype.add.call(old as Set<unknown>, element);
  }
}
