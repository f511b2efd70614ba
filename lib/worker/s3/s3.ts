import type {
  ClientConfig,
  Environment,
  Finding,
  Head,
  KeyFailure,
  ObjectHeaders,
  ObjectToStore,
  EntryPage,
  Page,
  Reading,
  Results,
  Verdict,
} from "../../bridge/protocol.js";
import { Client } from "./client.js";
import { removeIf, storeIf } from "./conditional/conditional.js";
import type { Condition } from "./conditional/conditional.js";
import type { Target } from "./target.js";
import { deleteObject } from "./operations/delete-object.js";
import { deleteObjects } from "./operations/delete-objects.js";
import { diagnose } from "./diagnosis/diagnose.js";
import type { Asked } from "./diagnosis/diagnose.js";
import { forEachOf } from "./operations/each-key.js";
import { getObject, getObjectToChange } from "./operations/get-object.js";
import { headObject, objectExists } from "./operations/head-object.js";
import { listEntries } from "./operations/list-entries.js";
import type { EntriesRequest } from "./operations/list-entries.js";
import { listObjects } from "./operations/list-objects.js";
import type { ListRequest } from "./operations/list-objects.js";
import { pause } from "./pause.js";
import { listSpans } from "./listing/list-spans.js";
import type { SpansRequest } from "./listing/list-spans.js";
import { putObject } from "./operations/put-object.js";
import { otherRegion } from "./region.js";
import { Surroundings } from "./surroundings.js";

/** The operations on one bucket, with one set of settings. They know nothing of threads. */
export class S3 {
  readonly settings: ClientConfig;
  readonly #surroundings: Surroundings;
  #target: Target | undefined;
  #underWay = 0;
  #isForgotten = false;

  constructor(settings: ClientConfig, environment: Environment) {
    this.settings = settings;
    this.#surroundings = new Surroundings(environment, settings.profile);
  }

  /** Lets go of all that these settings hold open, when what is under way has ended. */
  forget(): void {
    this.#isForgotten = true;
    this.#closeForgotten();
  }

  async get(
    key: string,
    maxBytes: number,
    signal: AbortSignal,
    ifNoneMatch?: string,
  ): Promise<Results["get"]> {
    return this.#run((target) => getObject(target, key, maxBytes, signal, ifNoneMatch, true));
  }

  async has(key: string, signal: AbortSignal): Promise<boolean> {
    return this.#run((target) => objectExists(target, key, signal));
  }

  async head(key: string, signal: AbortSignal): Promise<Head | undefined> {
    return this.#run((target) => headObject(target, key, signal));
  }

  async set(
    key: string,
    body: string | Uint8Array,
    headers: ObjectHeaders,
    signal: AbortSignal,
  ): Promise<undefined> {
    return this.#run((target) => putObject(target, key, body, headers, signal));
  }

  async delete(key: string, signal: AbortSignal): Promise<undefined> {
    return this.#run((target) => deleteObject(target, key, signal));
  }

  async getMany(keys: string[], maxBytes: number, signal: AbortSignal): Promise<Results["getMany"]> {
    const { concurrency } = this.settings;
    const outcomes = await forEachOf(keys, concurrency, signal, (key) => this.read(key, maxBytes, signal));
    return outcomes.map((outcome) => ("value" in outcome ? { read: outcome.value } : outcome));
  }

  async setMany(objects: ObjectToStore[], signal: AbortSignal): Promise<KeyFailure[]> {
    const { concurrency } = this.settings;
    const outcomes = await forEachOf(objects, concurrency, signal, ({ key, body, headers }) =>
      this.set(key, body, headers, signal),
    );
    return outcomes.flatMap((outcome, at) =>
      "failure" in outcome ? [{ key: objects[at]!.key, failure: outcome.failure }] : [],
    );
  }

  async deleteMany(keys: string[], signal: AbortSignal): Promise<KeyFailure[]> {
    return this.#run((target) => deleteObjects(target, keys, signal));
  }

  async list(request: ListRequest, signal: AbortSignal): Promise<Page> {
    return this.#run((target) => listObjects(target, request, signal));
  }

  async listSpans(request: SpansRequest, signal: AbortSignal): Promise<Results["listSpans"]> {
    return this.#run((target) => listSpans(target, request, signal));
  }

  async entries(request: EntriesRequest, signal: AbortSignal): Promise<EntryPage> {
    return this.#run((target) => listEntries(target, request, signal));
  }

  async read(key: string, maxBytes: number, signal: AbortSignal): Promise<Reading | undefined> {
    return this.#run((target) => getObject(target, key, maxBytes, signal));
  }

  /** With what is to be kept, after a pause. */
  async readToChange(
    key: string,
    maxBytes: number,
    delayMs: number,
    signal: AbortSignal,
  ): Promise<Reading | undefined> {
    if (delayMs > 0) await pause(delayMs, signal);
    return this.#run((target) => getObjectToChange(target, key, maxBytes, signal));
  }

  async store(
    { key, body, headers }: ObjectToStore,
    condition: Condition,
    signal: AbortSignal,
  ): Promise<Verdict> {
    return this.#run((target) => storeIf(target, key, body, headers, condition, signal));
  }

  async remove(key: string, condition: Condition, signal: AbortSignal): Promise<Verdict> {
    return this.#run((target) => removeIf(target, key, condition, signal));
  }

  async diagnose(asked: Asked, timeoutMs: number, signal: AbortSignal): Promise<Finding[]> {
    const { settings } = this;
    const { environment } = this.#surroundings;
    return diagnose((step) => this.#run(step), settings, environment, asked, timeoutMs, signal);
  }

  // A bucket in another region than was asked: it is asked there, now and from now on.
  async #run<T>(operation: (target: Target) => Promise<T>): Promise<T> {
    const target = (this.#target ??= this.#connect());
    this.#underWay += 1;
    try {
      return await operation(target);
    } catch (error) {
      // It may have been deleted since.
      if ((error as Error).name === "NoSuchBucket") target.bucketProved = false;
      const region = otherRegion(error);
      if (region === undefined || region === (await target.client.region())) throw error;
      // Unless another call, that was under way at the same time, has learnt it first.
      if (this.#target === target) this.#target = this.#connect(region);
      return await operation(this.#target);
    } finally {
      this.#underWay -= 1;
      this.#closeForgotten();
    }
  }

  #closeForgotten(): void {
    if (!this.#isForgotten || this.#underWay > 0) return;
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
