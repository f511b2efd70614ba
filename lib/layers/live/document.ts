import { isDeepStrictEqual } from "node:util";
import { argumentError } from "../../errors/errors.js";
import type { S3BucketMapError } from "../../errors/errors.js";
import type { Internals, Stored } from "../../map/internals.js";
import { copyOf, entriesOf, kindOfContainer, ownLeaf, rememberLive } from "../data/copies.js";
import { deepFreeze } from "../data/frozen.js";
import { guarded } from "../data/guarded.js";
import { apply, needsUnchanged } from "./actions.js";
import type { Action, Edit } from "./actions.js";
import { asLive } from "./collections.js";
import { contentsOf, refill, shallowCopy } from "./contents.js";
import { rememberNode } from "./owner.js";
import type { Owner } from "./owner.js";
import {
  aliasIn,
  childAt,
  contentOfField,
  isByIndex,
  isContainer,
  isObject,
  nodeAt,
  pathTo,
  textOf,
} from "./paths.js";
import type { Path } from "./paths.js";
import { hasNamedFields, ReadMarks } from "./read-marks.js";
import { Traps } from "./traps.js";

/** What a document knows of a key. */
export interface Known {
  /** The stored value. It is never changed. */
  readonly value: unknown;
  /** What `update` can go on from. Without a state, it reads first. */
  readonly from: Stored<unknown>;
  /** A later read, or a later edit, has a higher number. */
  readonly order: number;
}

let lastOrder = 0;

export function nextOrder(): number {
  return (lastOrder += 1);
}

/** What a document and its edits need of the map that the document came from. */
export interface Home {
  readonly below: Internals<unknown>;
  /** Whether one object may be in two places, which structured preserves. */
  readonly shares: boolean;
  /** Makes a document show the edits of its key that the running batch has not stored yet. */
  sync(document: Document): void;
  /** @throws TypeError or DocumentChanged if the running code must not edit the document */
  checkMayEdit(document: Document): void;
  /**
   * Stores an edit, or leaves it to the batch. @returns what the action returned, which may no longer be in the
   * document
   */
  edit(document: Document, edit: Edit): unknown;
  /** Runs a comparator, which must not edit. */
  guard<T>(fn: () => T): T;
  /** The error for an edit that was not made. @param written - what is known of earlier edits */
  changed(document: { readonly key: string }, reason: string, written?: string): S3BucketMapError;
}

/** What a batch has replaced in a document. It is restored if the edits of the batch are not stored. */
interface Pending {
  /** The edits of the batch. */
  readonly edits: object;
  readonly tree: unknown;
  readonly contents: ReadonlyMap<object, object>;
}

/**
 * A value as it was read, whose objects can be changed in place. Edits and updates keep the identity of these objects.
 */
export class Document implements Owner {
  /** The key, relative to the map of `home`. */
  readonly key: string;
  readonly home: Home;
  known: Known;
  /**
   * The plain value that the document shows: the known value, with the edits of a batch if there are any. Never
   * changed.
   */
  shown: unknown;
  /** The error of an edit that may or may not have been stored. */
  doubt: Error | undefined;
  /** What the program sees. */
  #tree: unknown;
  #pending: Pending | undefined;
  readonly #marks: ReadMarks = new ReadMarks();
  readonly #views: WeakMap<object, object> = new WeakMap();
  readonly #traps: Traps = new Traps(this);

  constructor(home: Home, key: string, known: Known) {
    this.home = home;
    this.key = key;
    this.known = known;
    this.shown = known.value;
    this.#tree = copyOf(known.value, home.shares);
  }

  get root(): unknown {
    return this.view(this.#tree);
  }

  /** The edits of the batch that the document shows. */
  get pending(): object | undefined {
    return this.#pending?.edits;
  }

  sync(): void {
    this.home.sync(this);
  }

  noteRead(node: object, field: unknown): void {
    this.#marks.noteRead(node, field);
  }

  checkLoop(node: object): void {
    if (!this.#marks.hasNewObjects(node)) return;
    const where = textOf(pathTo(this.#tree, node) ?? []);
    const reason = `${where} has changed during a loop over it, and its keys or elements are new objects`;
    throw this.home.changed(this, reason, "earlier edits are not undone");
  }

  view(value: unknown): unknown {
    if (!isObject(value)) return value;
    const kind = kindOfContainer(value);
    // new Date(user.born) reads the Date without calling a method.
    if (kind === "date") this.#marks.noteDate(value);
    let view = this.#views.get(value);
    if (view !== undefined) return view;
    // The program gets bytes and the like as copies, because changes in them could not be noticed.
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
    return copyOf(value, this.home.shares, ownLeaf);
  }

  frozen(value: unknown): unknown {
    const copy = this.plain(value);
    return this.home.shares ? guarded(copy) : deepFreeze(copy);
  }

  compare<T>(fn: () => T): T {
    return this.home.guard(fn);
  }

  change(node: object, action: Action): unknown {
    this.sync();
    this.home.checkMayEdit(this);
    if (this.doubt !== undefined) throw this.home.changed(this, unknownOutcome);
    if (this.home.shares) this.#checkUnchanged();
    const path = pathTo(this.#tree, node);
    if (path === undefined)
      throw this.home.changed(this, "the object that it would change is no longer in the document");
    this.#checkKnown(node, action, path);
    return this.home.edit(this, { path, action, hasRead: this.#marks.hasRead(node, action) });
  }

  /** Applies an edit to what the program sees. @param shown - the plain value with this edit */
  applied({ path, action }: Edit, shown: unknown): unknown {
    const result = apply(nodeAt(this.#tree, path), action, this.home.shares);
    this.shown = shown;
    return result;
  }

  /** Prepares the document to show the edits of a batch. */
  join(edits: object): void {
    if (this.pending === edits) return;
    this.#pending = { edits, tree: this.#tree, contents: contentsOf(this.#tree) };
    this.#marks.beginBatch();
  }

  /** Called when the edits are stored. @param isMerged - whether the stored value is not the one that is shown */
  settled(known: Known, isMerged: boolean): void {
    this.known = known;
    this.#pending = undefined;
    this.#marks.endBatch();
    if (isMerged) this.show(known.value);
    else this.shown = known.value;
  }

  /** Called when the edits of the batch are not stored. Shows again what was shown before, with the same objects. */
  restore(): void {
    if (this.#pending === undefined) return;
    const { tree, contents } = this.#pending;
    const shown = new Map(Array.from(contents.keys(), (object) => [object, shallowCopy(object)]));
    for (const [object, before] of contents) refill(object, before);
    for (const [object, before] of contents) {
      const was = shown.get(object)!;
      if (!isDeepStrictEqual(was, before)) this.#marks.noteUndone(object, was, before);
    }
    this.#tree = tree;
    this.settled(this.known, false);
  }

  /** Shows another value. Objects at the same place are kept. An array that has changed gets new objects. */
  show(value: unknown): void {
    const now = copyOf(value, this.home.shares);
    // A path identifies an object only if each object has exactly one.
    const isTree = !this.home.shares || (aliasIn(this.#tree) ?? aliasIn(now)) === undefined;
    this.#tree = isTree ? this.#merge(this.#tree, now) : this.#marks.markNew(now);
    this.shown = value;
  }

  // Over structured, the program can make changes that the methods of a document cannot prevent.
  #checkUnchanged(): void {
    checkIsTree(this.#tree);
    if (isDeepStrictEqual(copyOf(this.#tree, true), this.shown)) return;
    throw this.home.changed(
      this,
      "a Map, Set or Date in the document was changed by a built-in method, as in Map.prototype.set.call(…)",
    );
  }

  /** @throws DocumentChanged if the edit builds on something that has changed since the program read it */
  #checkKnown(node: object, action: Action, path: Path): void {
    let around = this.#tree as object;
    for (const [at, step] of path.entries()) {
      // An element is found by its position, which the program knows from what it has read.
      if (isByIndex(step) && !this.#marks.areAllCurrent(around)) throw this.#stale(path.slice(0, at));
      around = childAt(around, step)!;
    }
    if (needsUnchanged(node, action)) {
      if (!this.#marks.areAllCurrent(node)) throw this.#stale(path);
    } else if ("key" in action && !this.#marks.isCurrent(node, action)) throw this.#stale(path, action.key);
  }

  #stale(path: Path, ...field: unknown[]): Error {
    return this.home.changed(this, `${textOf(path, ...field)} has changed since this document read it`);
  }

  /** @returns the old object with the new contents, or the new value if the two are not containers of the same kind */
  #merge(old: unknown, now: unknown): unknown {
    if (!isContainer(old) || !isContainer(now) || kindOfContainer(old) !== kindOfContainer(now))
      return this.#marks.markNew(now);
    const before = copyOf(old, this.home.shares) as object;
    if (isDeepStrictEqual(before, now)) return old;
    this.#marks.noteChanges(old, before, now);
    const isByField = hasNamedFields(old) && hasNamedFields(now);
    return refill(old, isByField ? this.#mergeFields(old, now) : (this.#marks.markNew(now) as object));
  }

  #mergeFields(old: object, now: object): object {
    const merge = (field: unknown, value: unknown): unknown =>
      this.#merge(contentOfField(old, field)[0], value);
    if (kindOfContainer(now) === "map")
      return new Map(Array.from(entriesOf(now), ([key, value]) => [key, merge(key, value)]));
    return Object.fromEntries(Object.entries(now).map(([key, value]) => [key, merge(key, value)]));
  }
}

/**
 * @throws TypeError for a value with an object in two places, or inside itself. An edit would not say which place it
 * means
 */
export function checkIsTree(value: unknown): void {
  const alias = aliasIn(value);
  if (alias === undefined) return;
  throw argumentError(
    `A live document with one object in two places, or inside itself, cannot be edited. The second place is ${alias}. ` +
      "Store a copy of the object at each place, or change the value by edit(map, key, fn).",
  );
}

const unknownOutcome =
  "an earlier edit of this document may or may not have been stored, as the error of that edit said";
