import type { Action } from "./actions.js";

/** What the values of a document, such as an object in it, need of the document. */
export interface Owner {
  /** Makes the document show the latest edits of its key. To be called before anything in it is read or changed. */
  sync(): void;
  /** Records that the program reads a field of an object. */
  noteRead(node: object, field: unknown): void;
  /** @throws DocumentChanged if the keys of a Map or Set that a loop goes through are other objects now */
  checkLoop(node: object): void;
  /** What the program receives for a value in the document. */
  view(value: unknown): unknown;
  /** A plain copy of a value that the program passes or receives. */
  plain(value: unknown): unknown;
  /** Stores a change. @returns what the action returned */
  change(node: object, action: Action): unknown;
  /** A copy that rejects changes. */
  frozen(value: unknown): unknown;
  /** Runs a comparator, which must not edit. */
  compare<T>(fn: () => T): T;
}

export interface Node {
  readonly owner: Owner;
  /** The plain object in the document. */
  readonly plain: object;
}

const nodes = new WeakMap<object, Node>();

export function rememberNode(view: object, node: Node): void {
  nodes.set(view, node);
}

/** What is behind a value that the program received from a document. Undefined for any other value. */
export function nodeOf(value: unknown): Node | undefined {
  return typeof value === "object" && value !== null ? nodes.get(value) : undefined;
}
