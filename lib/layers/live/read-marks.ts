import { isDeepStrictEqual } from "node:util";
import { entriesOf, kindOfContainer } from "../data/copies.js";
import type { Action, FieldName } from "./actions.js";
import { ALL, contentOfField, fieldsOf, isObject, objectsIn } from "./paths.js";

/** Which fields of an object the program has read, and which of those have changed since. */
interface Marks {
  readonly read: Set<unknown>;
  readonly stale: Set<unknown>;
  /**
   * Whether the object came into the document after the program received the document. Then each field counts as
   * changed until the program reads it, because the program may have read what was at that place before.
   */
  isNew: boolean;
}

/** What the program has read of a document, and which of it has changed since. */
export class ReadMarks {
  readonly #marks: WeakMap<object, Marks> = new WeakMap();
  /** The fields that the program has read since the document shows edits that are not stored. */
  #inBatch: Map<object, Set<unknown>> | undefined;

  /** Called when the document begins to show the edits of a batch. */
  beginBatch(): void {
    this.#inBatch = new Map();
  }

  /** Called when the edits of the batch are stored or undone. */
  endBatch(): void {
    this.#inBatch = undefined;
  }

  /** Called when the program reads a field of an object. */
  noteRead(node: object, field: unknown): void {
    const { read, stale } = this.#of(node);
    if (this.#inBatch !== undefined)
      this.#inBatch.set(node, (this.#inBatch.get(node) ?? new Set()).add(field));
    read.add(field);
    stale.delete(field);
    // Both say which fields are missing, but not the values of the other fields.
    if (field === ALL || (field === "length" && Array.isArray(node))) {
      const there = new Set(fieldsOf(node));
      for (const one of stale) if (!there.has(one)) stale.delete(one);
    }
  }

  /**
   * Called when the program receives a Date. It can read the Date without calling a method, so later reads are
   * unknown.
   */
  noteDate(date: object): void {
    const { read, isNew } = this.#of(date);
    if (!isNew) read.add(ALL);
  }

  /** Whether the program has read the field that an action is about. */
  hasRead(node: object, action: Action): boolean {
    if (!("key" in action)) return false;
    const { read } = this.#of(node);
    return read.has(action.key) || (action.do !== "add" && read.has(ALL));
  }

  /** Whether a field is still as the program last read it, or the program has never read it. */
  isCurrent(node: object, { do: what, key }: Action & FieldName): boolean {
    const { read, stale, isNew } = this.#of(node);
    if (stale.has(key)) return false;
    if (!isNew || what === "add" || read.has(key)) return true;
    return read.has(ALL) && !fieldsOf(node).includes(key);
  }

  /** Whether that is so for all fields of an object. */
  areAllCurrent(node: object): boolean {
    const { read, stale, isNew } = this.#of(node);
    return stale.size === 0 && (!isNew || fieldsOf(node).every((field) => read.has(field)));
  }

  /** Whether a Map or Set has objects as keys or elements, and may have got others since the program read it. */
  hasNewObjects(node: object): boolean {
    return this.#of(node).stale.has(ALL) && [...entriesOf(node)].some(([key]) => isObject(key));
  }

  /** Called when a value comes into the document that the program has not seen. @returns the value */
  markNew(value: unknown): unknown {
    for (const node of objectsIn(value)) this.#of(node).isNew = true;
    return value;
  }

  /**
   * Called when an object gets other contents. What the program has read of it and has changed counts as changed until
   * it is read again: single fields if they have names, otherwise all that was read.
   *
   * @param was, now - copies of the object before and after the change
   * @param of - the fields that may have changed. Default: all that the program has read
   */
  noteChanges(node: object, was: object, now: object, of: ReadonlySet<unknown> = this.#of(node).read): void {
    const { read, stale } = this.#of(node);
    const isByField = hasNamedFields(was) && hasNamedFields(now);
    const fields = new Set(of);
    if (isByField && fields.delete(ALL))
      for (const field of [...fieldsOf(was), ...fieldsOf(now)]) fields.add(field);
    for (const field of fields) {
      if (isByField && isDeepStrictEqual(contentOfField(was, field), contentOfField(now, field))) continue;
      read.delete(field);
      stale.add(field);
    }
  }

  /**
   * Called when edits of a batch are undone. What the program has read before them is shown again, so only what it has
   * read since may differ.
   */
  noteUndone(node: object, was: object, now: object): void {
    // A Date can be read without notice, at any time.
    if (kindOfContainer(node) === "date") this.noteChanges(node, was, now);
    else this.noteChanges(node, was, now, this.#inBatch?.get(node) ?? new Set());
  }

  #of(node: object): Marks {
    let marks = this.#marks.get(node);
    if (marks === undefined)
      this.#marks.set(node, (marks = { read: new Set(), stale: new Set(), isNew: false }));
    return marks;
  }
}

/** Whether the contents of an object are found by names: those of an object, or of a Map without objects as keys. */
export function hasNamedFields(object: object): boolean {
  const kind = kindOfContainer(object);
  if (kind !== "map") return kind === "object";
  return [...entriesOf(object)].every(([key]) => !isObject(key));
}
