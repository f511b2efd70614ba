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
import { apply, needsUnchanged } from "./operation.js";
import type { Action, Operation } from "./operation.js";
import { rememberNode } from "./owner.js";
import type { Owner } from "./owner.js";
import { nodeAt, pathTo, textOf } from "./steps.js";
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
  /** Whether a comparator is running, which may not edit. */
  isComparing(): boolean;
  compare<T>(fn: () => T): T;
  /** The error for an edit that was not made. */
  changed(document: Document, reason: string): Error;
}

/** Which fields of an object the document has read, and which of those have changed since. */
interface Marks {
  readonly read: Set<unknown>;
  readonly stale: Set<unknown>;
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
  readonly #marks: WeakMap<object, Marks> = new WeakMap();
  readonly #views: WeakMap<object, object> = new WeakMap();
  readonly #traps: Traps = new Traps(this);

  constructor(home: Home, key: string, known: Known) {
    this.home = home;
    this.key = key;
    this.known = known;
    this.tree = copyOf(known.value, home.shares);
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
    const { read, stale } = this.#marksOf(node);
    read.add(field);
    stale.delete(field);
  }

  view(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    let view = this.#views.get(value);
    if (view !== undefined) return view;
    const kind = kindOfContainer(value);
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
    if (this.home.isComparing())
      throw argumentError("A comparator may not edit a live document: it may be called more than once.");
    this.home.sync(this);
    if (this.doubt !== undefined) throw this.home.changed(this, unknownOutcome);
    const path = pathTo(this.tree, node);
    if (path === undefined)
      throw this.home.changed(this, "the object that it would change is no longer in the document");
    const { read, stale } = this.#marksOf(node);
    const field = "key" in action ? action.key : undefined;
    const needsAll = needsUnchanged(node, action);
    if (needsAll ? stale.size > 0 : stale.has(field)) {
      const what = needsAll ? textOf(path) : textOf(path, field);
      throw this.home.changed(this, `${what} has changed since this document read it`);
    }
    return this.home.edit(this, { path, action, hasRead: read.has(field) });
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
    this.tree = this.#merge(this.tree, copyOf(value, this.shares));
  }

  #marksOf(node: object): Marks {
    let marks = this.#marks.get(node);
    if (marks === undefined) this.#marks.set(node, (marks = { read: new Set(), stale: new Set() }));
    return marks;
  }

  #merge(old: unknown, now: unknown): unknown {
    if (typeof old !== "object" || old === null || typeof now !== "object" || now === null) return now;
    const kind = kindOfContainer(now);
    if (kind === undefined || kind !== kindOfContainer(old)) return now;
    const before = copyOf(old, this.shares);
    if (isDeepStrictEqual(before, now)) return old;
    if (kind === "date") Date.prototype.setTime.call(old as Date, (now as Date).getTime());
    else if (kind === "object") this.#mergeObject(old as Fields, now as Fields);
    else if (kind === "map" && hasPlainKeys(old) && hasPlainKeys(now)) this.#mergeMap(old, now);
    else this.#refill(old, now);
    return old;
  }

  #mergeObject(old: Fields, now: Fields): void {
    this.#noteChanges(old, (field) => isSameField(old, now, field as string, this.shares));
    const merged = Object.keys(now).map((name) => [name, this.#merge(old[name], now[name])] as const);
    // Deleted first, so that the names are in the new order.
    for (const name of Object.keys(old)) Reflect.deleteProperty(old, name);
    for (const [name, value] of merged) define(old, name, value);
  }

  #mergeMap(old: object, now: object): void {
    const [before, after] = [new Map(entriesOf(old)), new Map(entriesOf(now))];
    const copied = (field: unknown): unknown => copyOf(before.get(field), this.shares);
    this.#noteChanges(
      old,
      (field) => before.has(field) === after.has(field) && isDeepStrictEqual(copied(field), after.get(field)),
    );
    const merged = [...after].map(([key, value]) => [key, this.#merge(before.get(key), value)] as const);
    Map.prototype.clear.call(old);
    for (const [key, value] of merged) Map.prototype.set.call(old, key, value);
  }

  #noteChanges(node: object, isSame: (field: unknown) => boolean): void {
    const { read, stale } = this.#marksOf(node);
    for (const field of read) {
      if (isSame(field)) continue;
      read.delete(field);
      stale.add(field);
    }
  }

  #refill(old: object, now: object): void {
    const { read, stale } = this.#marksOf(old);
    // Of what is gone, the length or size tells.
    const isThere = (field: unknown): boolean => !Array.isArray(now) || Object.hasOwn(now, field as string);
    for (const field of read) stale.add(isThere(field) ? field : "length");
    read.clear();
    refill(old, now);
  }
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
