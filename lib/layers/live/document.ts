import { isDeepStrictEqual } from "node:util";
import { argumentError } from "../../errors/errors.js";
import type { Stored } from "../../map/internals.js";
import { copyOf, entriesOf, kindOfContainer, ownLeaf, rememberLive } from "../data/copies.js";
import { deepFreeze } from "../data/frozen.js";
import { guarded } from "../data/guarded.js";
import { asLive } from "./collections.js";
import { contentsOf, refill } from "./contents.js";
import { hasNamedFields, Memory } from "./memory.js";
import { apply, needsUnchanged } from "./operation.js";
import type { Action, Operation } from "./operation.js";
import { rememberNode } from "./owner.js";
import type { Owner } from "./owner.js";
import { childAt, fieldOf, isByPosition, nodeAt, objectsIn, pathTo, secondWay, textOf } from "./steps.js";
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
  /** Brings a document up to date with the edits of its key that the running batch has not stored yet. */
  sync(document: Document): void;
  /** @throws TypeError or DocumentChanged where the running code may not edit the document */
  checkMayEdit(document: Document): void;
  /** Stores an edit, or leaves it to the batch. @returns what the action returned, as it is in the document or detached from it */
  edit(document: Document, operation: Operation): unknown;
  compare<T>(fn: () => T): T;
  /** The error for an edit that was not made. */
  changed(document: Document, reason: string): Error;
}

/** What a batch has replaced in a document, which is put back if its edits are not stored. */
interface Pending {
  /** The edits of the batch. */
  readonly edits: object;
  readonly tree: unknown;
  readonly contents: ReadonlyMap<object, object>;
}

/** A value as it was read, whose objects can be changed in place. Its objects are those of `tree`: they stay the same ones. */
export class Document implements Owner {
  /** Relative to the map of its home. */
  readonly key: string;
  readonly home: Home;
  known: Known;
  /** The plain value that it shows: what is known, or that with the edits of a batch. It is never changed. */
  shown: unknown;
  /** An edit of which is not known whether it was stored. */
  doubt: Error | undefined;
  /** What the program sees. */
  #tree: unknown;
  #pending: Pending | undefined;
  readonly #memory: Memory = new Memory();
  readonly #views: WeakMap<object, object> = new WeakMap();
  readonly #traps: Traps = new Traps(this);

  constructor(home: Home, key: string, known: Known) {
    this.home = home;
    this.key = key;
    this.known = known;
    this.shown = known.value;
    this.#tree = copyOf(known.value, home.shares);
  }

  get shares(): boolean {
    return this.home.shares;
  }

  get root(): unknown {
    return this.view(this.#tree);
  }

  /** The edits of a batch that it shows. */
  get pending(): object | undefined {
    return this.#pending?.edits;
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

  frozen(value: unknown): unknown {
    const copy = this.plain(value);
    return this.shares ? guarded(copy) : deepFreeze(copy);
  }

  compare<T>(fn: () => T): T {
    return this.home.compare(fn);
  }

  change(node: object, action: Action): unknown {
    this.home.sync(this);
    this.home.checkMayEdit(this);
    if (this.doubt !== undefined) throw this.home.changed(this, unknownOutcome);
    if (this.shares) this.#checkTree();
    const path = pathTo(this.#tree, node);
    if (path === undefined)
      throw this.home.changed(this, "the object that it would change is no longer in the document");
    this.#checkWay(path);
    this.#checkKnown(node, action, path);
    return this.home.edit(this, { path, action, hasRead: this.#memory.hasRead(node, action) });
  }

  /** Carries out an edit on what the program sees. @param shown - the plain value with it */
  applied({ path, action }: Operation, shown: unknown): unknown {
    const result = apply(nodeAt(this.#tree, path), action, this.shares);
    this.shown = shown;
    return result;
  }

  /** It is to show the edits of a batch. */
  join(edits: object): void {
    if (this.pending === edits) return;
    this.#pending = { edits, tree: this.#tree, contents: contentsOf(this.#tree) };
  }

  /** Its edits are stored. @param isOther - whether the value is another than what the program sees */
  settled(known: Known, isOther: boolean): void {
    this.known = known;
    this.#pending = undefined;
    if (isOther) this.adopt(known.value);
    else this.shown = known.value;
  }

  /** The edits of the batch are not stored: shows what it showed before, with the same objects. */
  restore(): void {
    if (this.#pending === undefined) return;
    const { tree, contents } = this.#pending;
    const copy = (object: object): object => copyOf(object, this.shares) as object;
    const shown = Array.from(contents.keys(), (object) => [object, copy(object)] as const);
    for (const [object, before] of contents) refill(object, before);
    // What was read in the batch may be what was never stored.
    for (const [object, was] of shown) {
      const now = copy(object);
      if (!isDeepStrictEqual(was, now)) this.#memory.noteChanges(object, was, now);
    }
    this.#tree = tree;
    this.settled(this.known, false);
  }

  /** Shows another value, with the objects that are at the same place in it. An array that is not as it was gets new ones. */
  adopt(value: unknown): void {
    const now = copyOf(value, this.shares);
    // Places tell which object is which only where each object has one.
    const isTree = !this.shares || (secondWay(this.#tree) ?? secondWay(now)) === undefined;
    this.#tree = isTree ? this.#merge(this.#tree, now) : this.#memory.newcomer(now);
    this.shown = value;
  }

  // For structured: what its methods cannot prevent.
  #checkTree(): void {
    checkOneWay(this.#tree);
    if (isDeepStrictEqual(copyOf(this.#tree, true), this.shown)) return;
    throw this.home.changed(
      this,
      "a Map, Set or Date in it was changed by a method that is not its own, as in Map.prototype.set.call(…)",
    );
  }

  // An element is found by its position, which the program has from what it has read.
  #checkWay(path: Path): void {
    let node = this.#tree as object;
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

  /** @returns the old object with the new contents, or the new value if it is none of that kind */
  #merge(old: unknown, now: unknown): unknown {
    if (!isContainer(old) || !isContainer(now) || kindOfContainer(old) !== kindOfContainer(now))
      return this.#memory.newcomer(now);
    const before = copyOf(old, this.shares) as object;
    if (isDeepStrictEqual(before, now)) return old;
    this.#memory.noteChanges(old, before, now);
    if (hasNamedFields(old) && hasNamedFields(now)) refill(old, this.#mergeFields(old, now));
    else {
      refill(old, now);
      for (const part of objectsIn(old)) if (part !== old) this.#memory.newcomer(part);
    }
    return old;
  }

  #mergeFields(old: object, now: object): object {
    const merge = (field: unknown, value: unknown): unknown => this.#merge(fieldOf(old, field)[0], value);
    if (kindOfContainer(now) === "map")
      return new Map(Array.from(entriesOf(now), ([key, value]) => [key, merge(key, value)]));
    return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, merge(key, value)]));
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

const unknownOutcome =
  "it is not known whether an earlier edit of this document was stored, as the error of that edit said";

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null && kindOfContainer(value) !== undefined;
}
