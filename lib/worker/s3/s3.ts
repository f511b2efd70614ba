import type { Call, ClientConfig, Environment, Reading, Results } from "../../bridge/protocol.js";
import { Client } from "./client.js";
import { removeIf, storeIf } from "./conditional/conditional.js";
import { diagnose } from "./diagnosis/diagnose.js";
import { listSpans } from "./listing/list-spans.js";
import { deleteObject } from "./operations/delete-object.js";
import { deleteObjects } from "./operations/delete-objects.js";
import { failuresOf, forEachOf } from "./operations/each-key.js";
import { getObject, getObjectToChange } from "./operations/get-object.js";
import { headObject, objectExists } from "./operations/head-object.js";
import { listEntries } from "./operations/list-entries.js";
import { listObjects } from "./operations/list-objects.js";
import { putObject } from "./operations/put-object.js";
import { otherRegion } from "./region.js";
import { Surroundings } from "./surroundings.js";
import type { Target } from "./target.js";

/** The calls that S3 answers. */
type Op = Exclude<Call["op"], "getAhead" | "requests">;
type Calls = { [C in Call as C["op"]]: C };

/** The calls that are one operation on the bucket. The others are made of several: see {@link S3.perform}. */
type SingleOp = Exclude<Op, "getMany" | "setMany" | "diagnose">;

const operations: {
  readonly [O in SingleOp]: (target: Target, call: Calls[O], signal: AbortSignal) => Promise<Results[O]>;
} = {
  get: (target, { key, maxBytes, ifNoneMatch }, signal) =>
    getObject(target, key, maxBytes, signal, ifNoneMatch, true),
  read: (target, { key, maxBytes, delayMs }, signal) =>
    getObjectToChange(target, key, maxBytes, delayMs, signal),
  has: (target, { key }, signal) => objectExists(target, key, signal),
  head: (target, { key }, signal) => headObject(target, key, signal),
  set: (target, { key, body, headers }, signal) => putObject(target, key, body, headers, signal),
  store: storeIf,
  delete: (target, { key }, signal) => deleteObject(target, key, signal),
  deleteMany: (target, { keys }, signal) => deleteObjects(target, keys, signal),
  remove: removeIf,
  list: listObjects,
  entries: listEntries,
  listSpans,
};

/** Performs calls on one bucket, with one set of settings. It knows no thread. */
export class S3 {
  readonly settings: ClientConfig;
  readonly #surroundings: Surroundings;
  #target: Target | undefined;
  #inFlight = 0;
  #isForgotten = false;

  constructor(settings: ClientConfig, environment: Environment) {
    this.settings = settings;
    this.#surroundings = new Surroundings(environment, settings.profile);
  }

  perform<O extends Op>(
    call: Calls[O] & { op: O },
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Results[O]>;
  perform(call: Calls[Op], timeoutMs: number, signal: AbortSignal): Promise<Results[Op]> {
    switch (call.op) {
      case "getMany":
        return this.#getMany(call, signal);
      case "setMany":
        return this.#setMany(call, signal);
      case "diagnose": {
        const { environment } = this.#surroundings;
        const run = <T>(step: (target: Target) => Promise<T>): Promise<T> => this.#run(step);
        return diagnose(run, this.settings, environment, call, timeoutMs, signal);
      }
      default:
        return this.#perform(call, signal);
    }
  }

  /** Reads one of many keys. */
  read(key: string, maxBytes: number, signal: AbortSignal): Promise<Reading | undefined> {
    return this.#run((target) => getObject(target, key, maxBytes, signal));
  }

  /** Closes everything that these settings hold open, once nothing is in flight. */
  forget(): void {
    this.#isForgotten = true;
    this.#closeIfForgotten();
  }

  #perform<O extends SingleOp>(call: Calls[O] & { op: O }, signal: AbortSignal): Promise<Results[O]> {
    return this.#run((target) => operations[call.op](target, call, signal));
  }

  // Each of many keys is run on its own, so that all of them follow a redirect to another region.
  async #getMany({ keys, maxBytes }: Calls["getMany"], signal: AbortSignal): Promise<Results["getMany"]> {
    const { concurrency } = this.settings;
    const outcomes = await forEachOf(keys, concurrency, signal, (key) => this.read(key, maxBytes, signal));
    return outcomes.map((outcome) => ("value" in outcome ? { read: outcome.value } : outcome));
  }

  async #setMany({ objects }: Calls["setMany"], signal: AbortSignal): Promise<Results["setMany"]> {
    const outcomes = await forEachOf(objects, this.settings.concurrency, signal, (object) =>
      this.#perform({ op: "set", ...object }, signal),
    );
    return failuresOf(
      objects.map(({ key }) => key),
      outcomes,
    );
  }

  /** Runs an operation; where the bucket turns out to be in another region, once more there. */
  async #run<T>(operation: (target: Target) => Promise<T>): Promise<T> {
    const target = (this.#target ??= this.#connect());
    this.#inFlight += 1;
    try {
      return await operation(target);
    } catch (error) {
      // The bucket may have been deleted since it was seen.
      if ((error as Error).name === "NoSuchBucket") target.bucketProved = false;
      const region = otherRegion(error);
      if (region === undefined || region === (await target.client.region())) throw error;
      // Another call may have learnt the region in the meantime.
      if (this.#target === target) this.#target = this.#connect(region);
      return await operation(this.#target);
    } finally {
      this.#inFlight -= 1;
      this.#closeIfForgotten();
    }
  }

  #closeIfForgotten(): void {
    if (!this.#isForgotten || this.#inFlight > 0) return;
    this.#target?.client.close();
    this.#target = undefined;
    this.#surroundings.close();
  }

  #connect(region?: string): Target {
    const settings = region === undefined ? this.settings : { ...this.settings, region };
    return {
      client: new Client(settings, this.#surroundings, this.#target?.client.credentials),
      settings,
      bucketProved: false,
      conditions: { left: new Map() },
    };
  }
}
