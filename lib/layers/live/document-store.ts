import { exit, failAtExit } from "../../global/at-exit.js";
import { argumentError, isUnsure, PartialFailureError, S3BucketMapError } from "../../errors/errors.js";
import type { Internals, Stored } from "../../map/internals.js";
import { copyOf } from "../data/copies.js";
import { replaceAll } from "./actions.js";
import type { Edit } from "./actions.js";
import { BatchErrors, keysUnder } from "./batch-errors.js";
import { Batches, covers } from "./batches.js";
import type { Batch } from "./batches.js";
import { Document, nextOrder } from "./document.js";
import type { Home, Known } from "./document.js";
import { Edits } from "./edits.js";
import type { Outcome } from "./edits.js";
import { isObject } from "./paths.js";

/** Creates the documents of one live map, and stores their edits, one by one or in batches. */
export class DocumentStore<V> implements Home {
  readonly below: Internals<unknown>;
  readonly shares: boolean;
  readonly #prefix: string;
  readonly #batches: Batches;

  /** @param outer - that of the map that this is a sub-map of. The keys of this sub-map begin with the prefix there */
  constructor(below: Internals<V>, outer: DocumentStore<V> | undefined, prefix: string) {
    this.below = below;
    this.shares = below.valueKind !== "frozen";
    this.#prefix = (outer === undefined ? "" : outer.#prefix) + prefix;
    this.#batches = outer === undefined ? new Batches() : outer.#batches;
  }

  /** What the program receives for a value that was read. */
  documentOf(key: string, stored: Stored<V>): Stored<V> {
    if (!isObject(stored.value)) return stored;
    const value = copyOf(stored.value, this.shares);
    const known = { value, from: { ...stored, value: undefined }, order: nextOrder() };
    return { ...stored, value: this.#rootOf(key, known) };
  }

  /**
   * The document with the edits of the running batch, without a request. Undefined if there are none, or if they were
   * made on a state from before the batch or before it wrote the key: then the key must be read.
   */
  pending(key: string): Stored<V> | undefined {
    const batch = this.#batches.current;
    const whole = this.#prefix + key;
    const edits = batch?.edits.get(whole);
    if (batch === undefined || edits === undefined) return undefined;
    if (edits.known.order < (batch.writtenSince.get(whole) ?? batch.since)) return undefined;
    // The value is not stored yet, so S3 has said nothing of it.
    return { value: this.#rootOf(key, edits.known), etag: undefined, contentEncoding: undefined };
  }

  /** A new document. It shows the edits of the running batch. */
  #rootOf(key: string, known: Known): V {
    const document = new Document(this, key, known);
    const edits = this.#editsOf(key);
    if (edits !== undefined) {
      edits.join(document);
      // The program cannot hold any object of it yet.
      for (const edit of edits.list) document.applied(edit, edits.value);
    }
    return document.root as V;
  }

  sync(document: Document): void {
    const edits = this.#editsOf(document.key);
    if (edits === undefined || document.shown === edits.value) return;
    // The document shows the edits of a batch that this callback is not part of.
    if (document.pending !== undefined && document.pending !== edits) return;
    edits.join(document);
    document.show(edits.value);
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

  edit(document: Document, edit: Edit): unknown {
    const whole = this.#prefix + document.key;
    const batch = this.#batches.current;
    if (batch === undefined || !covers(batch, whole)) return this.#store(document, edit);
    const edits =
      batch.edits.get(whole) ?? new Edits(this, document, batch.stored.has(whole) ? someStored : undefined);
    edits.add(edit, (value) => void this.below.prepare(document.key, value, undefined));
    batch.edits.set(whole, edits);
    edits.join(document);
    return document.applied(edit, edits.value);
  }

  /**
   * Runs a comparator, which must not edit, or the function of an `update` of this key, which is called again for each
   * edit of the key.
   */
  guard<T>(fn: () => T, key?: string): T {
    return this.#batches.guard(key === undefined ? undefined : this.#prefix + key, fn);
  }

  changed(
    { key }: { readonly key: string },
    reason: string,
    written = "nothing was written",
    cause?: unknown,
  ): S3BucketMapError {
    const { bucket, prefix = "" } = this.below.place ?? {};
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
    const whole = this.#prefix + key;
    if (batch === undefined || !covers(batch, whole)) return;
    batch.sent.add(whole);
    this.written(key);
    // Edits of the former value no longer matter.
    batch.failed.delete(whole);
  }

  /** Records that a key was written other than by edits. What was known of it before is outdated. */
  written(key: string): void {
    this.#batches.current?.writtenSince.set(this.#prefix + key, nextOrder());
  }

  /** Stores the edits of these keys, or of all keys, that the running batch has not stored yet. */
  settle(keys?: readonly string[]): void {
    const batch = this.#batches.current;
    if (batch === undefined || batch.edits.size === 0) return;
    for (const key of keys ?? this.#mine(batch.edits.keys())) {
      if (!batch.edits.has(this.#prefix + key)) continue;
      // Storing the edits would wait for the base's delayed writes, and their failure would be taken for the edits'.
      this.below.settle();
      this.#commit(batch, key);
    }
  }

  runBatch<T>(fn: () => T): T {
    const batch = this.#batches.create(this.#prefix);
    const errors = new BatchErrors(batch, this.#prefix, this.below.place?.bucket);
    let value: T;
    let ofProgram: unknown;
    const run = (): T => {
      try {
        return fn();
      } catch (thrown) {
        ofProgram = thrown;
        throw thrown;
      }
    };
    try {
      value = this.below.runBatch(() =>
        this.#batches.run(batch, () => this.#runAndFinish(batch, errors, run)),
      );
    } catch (thrown) {
      const isOfBase = thrown !== ofProgram && thrown instanceof PartialFailureError;
      throw isOfBase ? errors.withEdits(thrown) : errors.besidesEdits(thrown);
    }
    const error = errors.ofEditsAlone;
    if (error !== undefined) throw error;
    return value;
  }

  #runAndFinish<T>(batch: Batch, errors: BatchErrors, fn: () => T): T {
    const { tasks } = exit();
    const atExit = (): void => {
      if (!this.#batches.isOpen(batch)) return;
      // These were being stored when a callback ended the process.
      for (const [whole, edits] of batch.storing)
        batch.failed.set(whole, { error: edits.endedMeanwhile(), edits: edits.list });
      batch.storing.clear();
      this.#finish(batch, (thrown) => failAtExit("batch", thrown));
      const error = errors.ofEdits;
      if (error !== undefined) failAtExit("batch", error);
    };
    tasks.add(atExit);
    try {
      return fn();
    } finally {
      // The end of the base's batch throws its failures again.
      this.#finish(batch, () => {});
      tasks.delete(atExit);
    }
  }

  /** Stores the edits that are not stored yet. @param baseFailed - called if delayed writes of the base failed */
  #finish(batch: Batch, baseFailed: (thrown: Error) => void): void {
    try {
      if (batch.edits.size > 0) this.below.settle();
    } catch (thrown) {
      baseFailed(thrown as Error);
    }
    for (const key of this.#mine(batch.edits.keys())) {
      try {
        this.#commit(batch, key);
      } catch {
        // The error is in batch.failed.
      }
    }
  }

  #store(document: Document, edit: Edit): unknown {
    this.below.settle();
    const { known } = document;
    const edits = new Edits(this, document);
    edits.add(edit);
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
    const result = document.applied(edit, edits.value);
    document.settled(outcome.known, outcome.isMerged);
    return outcome.isMerged ? outcome.result : result;
  }

  #commit(batch: Batch, key: string): void {
    const whole = this.#prefix + key;
    const edits = batch.edits.get(whole);
    if (edits === undefined) return;
    batch.edits.delete(whole);
    batch.storing.set(whole, edits);
    const lost = batch.failed.get(whole)?.edits ?? [];
    try {
      const { known } = edits.commit();
      batch.stored.add(whole);
      // The program has made up for what could not be stored.
      if (replaceAll(edits.list, lost)) batch.failed.delete(whole);
      for (const document of edits.documents) document.settled(known, true);
    } catch (error) {
      for (const document of edits.documents) {
        document.restore();
        if (isUnsure(error)) document.doubt = error as Error;
      }
      const isOurs = error instanceof S3BucketMapError;
      batch.failed.set(whole, {
        error: isOurs ? error : this.changed({ key }, refusedBelow(error), undefined, error),
        edits: [...lost, ...edits.list],
      });
      throw error;
    } finally {
      batch.storing.delete(whole);
    }
  }

  #editsOf(key: string): Edits | undefined {
    return this.#batches.current?.edits.get(this.#prefix + key);
  }

  #checkNoComparator(): void {
    if (!this.#batches.isGuarded()) return;
    throw argumentError(
      "A comparator must not edit a live document or write to its map, because the whole sort may run again.",
    );
  }

  /** The keys of this map, without its prefix. */
  #mine(wholes: Iterable<string>): string[] {
    return keysUnder(this.#prefix, wholes);
  }
}

const someStored = "the earlier edits of the batch are stored, and nothing more was written";

function refusedBelow(error: unknown): string {
  return `the current value with these edits cannot be stored (${(error as Error).message})`;
}

/** Whether a state was stored on top of another. */
function isAfter(one: Known, other: Known): boolean {
  const id = other.from.state?.version.writes?.[0];
  return id !== undefined && one.from.state?.version.writes?.includes(id) === true;
}
