import { exit, failAtExit } from "../../copies/at-exit.js";
import {
  argumentError,
  isUnsure,
  partialFailure,
  PartialFailureError,
  S3BucketMapError,
} from "../../errors/errors.js";
import type { Internals, Stored } from "../../map/internals.js";
import { copyOf } from "../data/copies.js";
import { Batches } from "./batches.js";
import { Document, nextOrder } from "./document.js";
import type { Home, Known } from "./document.js";
import { Edits } from "./edits.js";
import type { Outcome } from "./edits.js";
import type { Operation } from "./operation.js";

/** The documents of one live map: stores their edits, one by one or in batches. */
export class Desk<V> implements Home {
  readonly shares: boolean;
  readonly #below: Internals<V>;
  readonly #prefix: string;
  readonly #batches: Batches;

  /** @param outer - of the map that this is a sub-map of, whose keys begin with the prefix */
  constructor(below: Internals<V>, outer: Desk<V> | undefined, prefix: string) {
    this.#below = below;
    this.shares = below.valueKind !== "frozen";
    this.#prefix = (outer === undefined ? "" : outer.#prefix) + prefix;
    this.#batches = outer === undefined ? new Batches() : outer.#batches;
  }

  /** What the program gets for a value that was read. */
  documentOf(key: string, stored: Stored<V>): Stored<V> {
    if (typeof stored.value !== "object" || stored.value === null) return stored;
    const value = copyOf(stored.value, this.shares);
    const known = { value, from: { ...stored, value: undefined }, order: nextOrder() };
    const edits = this.#batches.of(this.#prefix + key);
    if (edits !== undefined) edits.isFresh = true;
    const document = this.#document(key, known, edits);
    return { ...stored, value: document.root as V };
  }

  /** In a batch that has read the key and edited it: the document with those edits, without a request. */
  pending(key: string): Stored<V> | undefined {
    const edits = this.#batches.of(this.#prefix + key);
    if (edits?.isFresh !== true) return undefined;
    const document = this.#document(key, edits.known, edits);
    return { value: document.root as V, etag: undefined, contentEncoding: undefined };
  }

  sync(document: Document): void {
    const edits = this.#batches.of(this.#prefix + document.key);
    if (edits === undefined || (document.seen === edits.count && edits.documents.has(document))) return;
    this.#join(document, edits);
  }

  edit(document: Document, operation: Operation): unknown {
    const whole = this.#prefix + document.key;
    const open = this.#batches.of(whole);
    const isInBatch = this.#batches.covers(whole);
    if (open === undefined && !isInBatch) return this.#store(document, operation);
    if (open?.isCommitting === true)
      throw this.changed(
        document,
        "its edits are being stored at the end of a batch; edit it when that has ended",
      );
    const edits = open ?? this.#open(document, whole);
    edits.add(operation, (value) => void this.#below.prepare(document.key, value as V, undefined));
    const result = document.applied(operation);
    document.seen = edits.count;
    // A callback during a deasync wait is not part of the batch: what it edits is stored now.
    if (!isInBatch) this.#commit(whole, edits);
    return result;
  }

  checkMayEdit(): void {
    if (this.#batches.isComparing)
      throw argumentError("A comparator may not edit a live document: it may be called more than once.");
  }

  valueOf(document: Document): unknown {
    return (this.#batches.of(this.#prefix + document.key) ?? document.known).value;
  }

  compare<T>(fn: () => T): T {
    return this.#batches.compare(fn);
  }

  changed({ key }: { readonly key: string }, reason: string): S3BucketMapError {
    const { bucket, prefix = "" } = this.#below.place ?? {};
    const whole = prefix + key;
    const where = bucket === undefined ? "" : ` in bucket ${JSON.stringify(bucket)}`;
    return new S3BucketMapError(
      `Cannot edit ${JSON.stringify(whole)}${where}: DocumentChanged: ${reason}; nothing was written. ` +
        "Read it again, and decide anew; for counters and the like use edit.",
      { code: "DocumentChanged", operation: "update", bucket, key: whole },
    );
  }

  /** Before another kind of write, or a question to S3: stores the edits of these keys, or of all. */
  settle(keys?: Iterable<string>): void {
    if (this.#batches.edits.size === 0) return;
    const wholes = keys === undefined ? this.#mine() : Array.from(keys, (key) => this.#prefix + key);
    for (const whole of wholes) {
      const edits = this.#batches.of(whole);
      if (edits !== undefined && !edits.isCommitting) this.#commit(whole, edits);
    }
  }

  runBatch<T>(fn: () => T): T {
    const failed = new Map<string, S3BucketMapError>();
    const succeeded: string[] = [];
    const finish = (): void => this.#finish(succeeded, failed);
    const { tasks } = exit();
    const atExit = (): void => {
      if (!this.#batches.isAny) return;
      finish();
      const error = this.#failure(succeeded, failed);
      if (error !== undefined) failAtExit("batch", error);
    };
    tasks.add(atExit);
    try {
      return this.#combine(succeeded, failed, () =>
        this.#below.runBatch(() =>
          this.#batches.run(this.#prefix, () => {
            try {
              return fn();
            } finally {
              finish();
            }
          }),
        ),
      );
    } finally {
      tasks.delete(atExit);
    }
  }

  #store(document: Document, operation: Operation): unknown {
    const edits = new Edits(this.#target(document.key), document.known);
    edits.add(operation);
    const turn = document.turns;
    let outcome: Outcome;
    try {
      outcome = edits.commit();
    } catch (error) {
      if (isUnsure(error)) document.doubt = error as Error;
      throw error;
    }
    // A callback during a deasync wait has edited the same document, and may have stored before or after this.
    if (document.turns !== turn) {
      if (!isAfter(document.known, outcome.known)) document.settled(outcome.known, true);
      return outcome.result;
    }
    const result = document.applied(operation);
    document.settled(outcome.known, outcome.isOther);
    return outcome.isOther ? outcome.result : result;
  }

  #open(document: Document, whole: string): Edits {
    const edits = new Edits(this.#target(document.key), document.known);
    this.#batches.edits.set(whole, edits);
    edits.documents.add(document);
    return edits;
  }

  /** A new document, which shows the edits that are not stored yet. */
  #document(key: string, known: Known, edits: Edits | undefined): Document {
    if (edits === undefined) return new Document(this, key, known);
    this.#rebase(edits, known);
    const document = new Document(this, key, known, edits.value);
    edits.documents.add(document);
    document.seen = edits.count;
    return document;
  }

  #join(document: Document, edits: Edits): void {
    this.#rebase(edits, document.known);
    edits.documents.add(document);
    document.adopt(edits.value);
    document.seen = edits.count;
  }

  // A document may know a later state of the key than the edits were made on.
  #rebase(edits: Edits, known: Known): void {
    if (known.order <= edits.known.order) return;
    edits.rebase(known);
    for (const other of edits.documents) other.seen = -1;
  }

  #target(key: string): ConstructorParameters<typeof Edits>[0] {
    const below = this.#below as Internals<unknown>;
    return { below, key, shares: this.shares, changed: (reason) => this.changed({ key }, reason) };
  }

  #mine(): string[] {
    return [...this.#batches.edits.keys()].filter((whole) => whole.startsWith(this.#prefix));
  }

  #commit(whole: string, edits: Edits): void {
    edits.isCommitting = true;
    try {
      const { known } = edits.commit();
      this.#batches.edits.delete(whole);
      for (const document of edits.documents) document.settled(known, true);
    } catch (error) {
      this.#batches.edits.delete(whole);
      for (const document of edits.documents) {
        document.restore(edits.known);
        if (isUnsure(error)) document.doubt = error as Error;
      }
      throw error;
    }
  }

  #finish(succeeded: string[], failed: Map<string, S3BucketMapError>): void {
    for (const whole of this.#mine()) {
      const key = whole.slice(this.#prefix.length);
      try {
        this.settle([key]);
        succeeded.push(key);
      } catch (error) {
        if (!(error instanceof S3BucketMapError)) throw error;
        failed.set(key, error);
      }
    }
  }

  #failure(
    succeeded: readonly string[],
    failed: ReadonlyMap<string, S3BucketMapError>,
  ): PartialFailureError | undefined {
    return partialFailure("batch", this.#below.place?.bucket, ["keys", "written"], succeeded, failed);
  }

  /** Runs the batch beneath, and throws its failures together with those of the edits. */
  #combine<T>(succeeded: string[], failed: Map<string, S3BucketMapError>, run: () => T): T {
    let ended: { value: T } | { thrown: unknown };
    try {
      ended = { value: run() };
    } catch (thrown) {
      if (failed.size === 0) throw thrown;
      ended = { thrown };
    }
    if ("value" in ended) {
      const error = this.#failure(succeeded, failed);
      if (error === undefined) return ended.value;
      throw error;
    }
    const { thrown } = ended;
    if (thrown instanceof PartialFailureError) {
      const all = new Map([...thrown.failed, ...failed]);
      throw this.#failure(
        [...thrown.succeeded, ...succeeded].filter((key) => !all.has(key)),
        all,
      )!;
    }
    const edits = this.#failure(succeeded, failed)!;
    throw new AggregateError(
      [thrown, edits],
      `The function of the batch threw, and not all of its edits were stored: ${edits.message}`,
    );
  }
}

/** Whether a state was stored on top of another. */
function isAfter(one: Known, other: Known): boolean {
  const id = other.from?.state?.version.writes?.[0];
  return id !== undefined && one.from?.state?.version.writes?.includes(id) === true;
}
