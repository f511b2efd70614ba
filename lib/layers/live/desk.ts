import { exit, failAtExit } from "../../global/at-exit.js";
import { argumentError, isUnsure, S3BucketMapError } from "../../errors/errors.js";
import type { Internals, Stored } from "../../map/internals.js";
import { copyOf } from "../data/copies.js";
import { Batches, covers } from "./batches.js";
import type { Batch } from "./batches.js";
import { Document, nextOrder } from "./document.js";
import type { Home, Known } from "./document.js";
import { Edits } from "./edits.js";
import type { Outcome } from "./edits.js";
import type { Operation } from "./operation.js";
import { Report } from "./report.js";

/** Creates the documents of one live map, and stores their edits, one by one or in batches. */
export class Desk<V> implements Home {
  readonly shares: boolean;
  readonly #below: Internals<V>;
  readonly #prefix: string;
  readonly #batches: Batches;

  /**
   * @param outer - the desk of the map that this is a sub-map of. The keys of this sub-map begin with the prefix there
   */
  constructor(below: Internals<V>, outer: Desk<V> | undefined, prefix: string) {
    this.#below = below;
    this.shares = below.valueKind !== "frozen";
    this.#prefix = (outer === undefined ? "" : outer.#prefix) + prefix;
    this.#batches = outer === undefined ? new Batches() : outer.#batches;
  }

  /** What the program receives for a value that was read. */
  documentOf(key: string, stored: Stored<V>): Stored<V> {
    if (typeof stored.value !== "object" || stored.value === null) return stored;
    const value = copyOf(stored.value, this.shares);
    const known = { value, from: { ...stored, value: undefined }, order: nextOrder() };
    const document = new Document(this, key, known);
    const edits = this.#editsOf(key);
    if (edits !== undefined) this.#showEdits(document, edits);
    return { ...stored, value: document.root as V };
  }

  /**
   * The document with the edits of the running batch, without a request. Undefined unless the batch has read or stored
   * the key, and edited it since.
   */
  pending(key: string): Stored<V> | undefined {
    const batch = this.#batches.current;
    const edits = batch?.edits.get(this.#prefix + key);
    if (batch === undefined || edits === undefined || edits.known.order < batch.since) return undefined;
    const document = new Document(this, key, edits.known);
    this.#showEdits(document, edits);
    return { value: document.root as V, etag: undefined, contentEncoding: undefined };
  }

  sync(document: Document): void {
    const edits = this.#editsOf(document.key);
    if (edits === undefined || document.shown === edits.value) return;
    // The document shows the edits of a batch that this callback is not part of.
    if (document.pending !== undefined && document.pending !== edits) return;
    this.#rebase(edits, document.known);
    this.#join(document, edits);
    document.adopt(edits.value);
  }

  checkMayEdit(document: Document): void {
    this.#checkNoComparator();
    if (this.#batches.isGuarded(this.#prefix + document.key)) {
      throw argumentError(
        "A function passed to update or edit must not edit a live document of its own key, " +
          "because each such edit would call the function again.",
      );
    }
    if (document.pending !== undefined && document.pending !== this.#editsOf(document.key))
      throw this.changed(document, "the document shows edits of a batch that this callback is not part of");
  }

  edit(document: Document, operation: Operation): unknown {
    const whole = this.#prefix + document.key;
    const batch = this.#batches.current;
    if (batch === undefined || !covers(batch, whole)) return this.#store(document, operation);
    const edits = batch.edits.get(whole) ?? this.#editsOn(document, batch);
    edits.add(operation, (value) => void this.#below.prepare(document.key, value as V, undefined));
    batch.edits.set(whole, edits);
    this.#join(document, edits);
    return document.applied(operation, edits.value);
  }

  compare<T>(fn: () => T): T {
    return this.#batches.guard(undefined, fn);
  }

  /** Runs a function of `update`, which is called again for each edit of its key. */
  change<T>(key: string, fn: () => T): T {
    return this.#batches.guard(this.#prefix + key, fn);
  }

  changed(
    { key }: { readonly key: string },
    reason: string,
    written = "nothing was written",
    cause?: unknown,
  ): S3BucketMapError {
    const { bucket, prefix = "" } = this.#below.place ?? {};
    const whole = prefix + key;
    const where = bucket === undefined ? "" : ` in bucket ${JSON.stringify(bucket)}`;
    return new S3BucketMapError(
      `Cannot edit ${JSON.stringify(whole)}${where}: DocumentChanged: ${reason}; ${written}. ` +
        "Read the value again and decide what to do. For counters and similar changes, use edit.",
      { code: "DocumentChanged", operation: "update", bucket, key: whole, cause },
    );
  }

  /** To be called before any other kind of write to these keys, or to all. @throws TypeError in a comparator */
  beforeWrite(keys?: readonly string[]): void {
    this.#checkNoComparator();
    this.settle(keys);
  }

  /** Records that a key was set or deleted as a whole. In a batch, that write may still be in flight. */
  sent(key: string): void {
    const batch = this.#batches.current;
    if (batch !== undefined && covers(batch, this.#prefix + key)) batch.sent.add(this.#prefix + key);
  }

  /** Stores the edits of these keys, or of all keys, that the running batch has not stored yet. */
  settle(keys?: readonly string[]): void {
    const batch = this.#batches.current;
    if (batch === undefined || batch.edits.size === 0) return;
    for (const key of keys ?? this.#mine(batch.edits.keys())) this.#commit(batch, key);
  }

  runBatch<T>(fn: () => T): T {
    let batch: Batch | undefined;
    const mine = (keys: Iterable<string> | undefined): string[] => this.#mine(keys ?? []);
    const report = new Report(this.#below.place?.bucket, () => mine(batch?.stored));
    const run = (): T =>
      this.#below.runBatch(() =>
        this.#batches.run(this.#prefix, (made) => {
          batch = made;
          return this.#runIn(batch, fn, report);
        }),
      );
    return report.run(run, () => mine(batch?.sent));
  }

  #runIn<T>(batch: Batch, fn: () => T, report: Report): T {
    const { tasks } = exit();
    const atExit = (): void => {
      if (!this.#batches.isOpen(batch)) return;
      this.#finish(batch, report);
      const error = report.error();
      if (error !== undefined) failAtExit("batch", error);
    };
    tasks.add(atExit);
    try {
      return fn();
    } finally {
      this.#finish(batch, report);
      tasks.delete(atExit);
    }
  }

  #finish(batch: Batch, report: Report): void {
    for (const key of this.#mine(batch.edits.keys())) {
      try {
        this.#commit(batch, key);
      } catch (error) {
        const isOurs = error instanceof S3BucketMapError;
        report.failed.set(key, isOurs ? error : this.changed({ key }, refusedBelow(error), undefined, error));
      }
    }
  }

  #store(document: Document, operation: Operation): unknown {
    const { known } = document;
    const edits = new Edits(this.#target(document.key), known);
    edits.add(operation);
    let outcome: Outcome;
    try {
      outcome = edits.commit();
    } catch (error) {
      if (isUnsure(error)) document.doubt = error as Error;
      throw error;
    }
    // A callback during a deasync wait has edited the same document. Its edit may have been stored before or after
    // this.
    if (document.known !== known) {
      if (!isAfter(document.known, outcome.known)) document.settled(outcome.known, true);
      return outcome.result;
    }
    const result = document.applied(operation, edits.value);
    document.settled(outcome.known, outcome.isOther);
    return outcome.isOther ? outcome.result : result;
  }

  #commit(batch: Batch, key: string): void {
    const whole = this.#prefix + key;
    const edits = batch.edits.get(whole);
    if (edits === undefined) return;
    batch.edits.delete(whole);
    batch.storing.add(edits);
    try {
      const { known } = edits.commit();
      batch.stored.add(whole);
      for (const document of edits.documents) document.settled(known, true);
    } catch (error) {
      for (const document of edits.documents) {
        document.restore();
        if (isUnsure(error)) document.doubt = error as Error;
      }
      throw error;
    } finally {
      batch.storing.delete(edits);
    }
  }

  #editsOf(key: string): Edits | undefined {
    return this.#batches.current?.edits.get(this.#prefix + key);
  }

  #editsOn({ key, known }: Document, { stored }: Batch): Edits {
    const written = stored.has(this.#prefix + key)
      ? "the earlier edits of the batch are stored, and nothing more was written"
      : undefined;
    return new Edits(this.#target(key, written), known);
  }

  /** Makes a document that was just read show the edits. The program cannot hold any object of it yet. */
  #showEdits(document: Document, edits: Edits): void {
    this.#rebase(edits, document.known);
    this.#join(document, edits);
    for (const operation of edits.operations) document.applied(operation, edits.value);
  }

  #join(document: Document, edits: Edits): void {
    edits.documents.add(document);
    document.join(edits);
  }

  // The document may know a later state of the key than the one that the edits were made on.
  #rebase(edits: Edits, known: Known): void {
    if (known.order > edits.known.order) edits.rebase(known);
  }

  #target(key: string, written?: string): ConstructorParameters<typeof Edits>[0] {
    const below = this.#below as Internals<unknown>;
    return { below, key, shares: this.shares, changed: (reason) => this.changed({ key }, reason, written) };
  }

  #checkNoComparator(): void {
    if (!this.#batches.isGuarded()) return;
    throw argumentError(
      "A comparator must not edit a live document or write to its map, because the whole sort may run again.",
    );
  }

  /** The keys of this map, without its prefix. */
  #mine(wholes: Iterable<string>): string[] {
    const mine = [...wholes].filter((whole) => whole.startsWith(this.#prefix));
    return mine.map((whole) => whole.slice(this.#prefix.length));
  }
}

function refusedBelow(error: unknown): string {
  return `the current value with these edits cannot be stored (${(error as Error).message})`;
}

/** Whether a state was stored on top of another. */
function isAfter(one: Known, other: Known): boolean {
  const id = other.from?.state?.version.writes?.[0];
  return id !== undefined && one.from?.state?.version.writes?.includes(id) === true;
}
