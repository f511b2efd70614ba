import type { ClientConfig, Environment, SourceBucket } from "../../bridge/protocol.js";
import { Client } from "./client.js";
import { createBucket } from "./operations/buckets.js";
import { SharedFiles } from "./credentials/shared-files.js";
import { Origins } from "./diagnosis/origins.js";
import { isNoSuchBucket, isWithoutCredentials, otherRegion } from "./sdk-errors.js";
import type { SdkError } from "./sdk-errors.js";
import { Surroundings } from "./surroundings.js";
import type { Target } from "./target.js";

/** Runs operations on one bucket, with one set of settings. It knows nothing of threads. */
export class S3 {
  readonly settings: ClientConfig;
  readonly #surroundings: Surroundings;
  #target: Target | undefined;
  /** CreateBucket requests under way, by the signal of their call. */
  readonly #creations: Map<AbortSignal, Promise<void>> = new Map();
  /** How often the bucket has been created. */
  #created = 0;
  #inFlight = 0;
  #isForgotten = false;
  /** Instances with the same settings for other buckets of the service. */
  readonly #others: Map<string, S3> = new Map();

  constructor(settings: ClientConfig, environment: Environment) {
    this.settings = settings;
    this.#surroundings = new Surroundings(environment, settings.profile);
  }

  get environment(): Environment {
    return this.#surroundings.environment;
  }

  /** An instance with the same settings for another bucket, from which objects are copied. */
  forBucket({ bucket, region }: SourceBucket): S3 {
    const name = `${bucket} ${region ?? ""}`;
    let other = this.#others.get(name);
    if (other === undefined) {
      const { region: _region, createBucket: _createBucket, ...settings } = this.settings;
      const regional = region === undefined ? {} : { region };
      other = new S3({ ...settings, ...regional, bucket }, this.environment);
      this.#others.set(name, other);
    }
    return other;
  }

  /** The service's own time, in milliseconds since the epoch; undefined as long as no response has contained a date. */
  get serviceTime(): number | undefined {
    return this.#target?.client.clock.now;
  }

  /** Closes everything that these settings hold open, once nothing is in flight. */
  forget(): void {
    this.#isForgotten = true;
    for (const other of this.#others.values()) other.forget();
    this.#closeIfForgotten();
  }

  /** Runs an operation; where the bucket turns out to be in another region, once more there. */
  async run<T>(operation: (target: Target) => Promise<T>): Promise<T> {
    const target = (this.#target ??= this.#connect());
    this.#inFlight += 1;
    try {
      return await operation(target);
    } catch (error) {
      if (isWithoutCredentials(error as Error)) {
        const { environment, settings } = this;
        const origins = new Origins({ settings, environment, files: new SharedFiles(environment) });
        (error as SdkError).sought = origins.soughtCredentials();
      }
      // The bucket may have been deleted since it was seen.
      if (isNoSuchBucket(error)) target.bucketProved = false;
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

  /**
   * Runs an operation that writes. If the bucket is missing, and `createBucket` is set, this creates the bucket and
   * runs the operation again. S3 has rejected the first run, so nothing was written.
   *
   * @param signal - the signal of the call. All writes of one call wait for the same CreateBucket
   */
  async write<T>(operation: (target: Target) => Promise<T>, signal: AbortSignal): Promise<T> {
    const createdBefore = this.#created;
    try {
      return await this.run(operation);
    } catch (error) {
      if (this.settings.createBucket !== true || !isNoSuchBucket(error)) throw error;
    }
    // Another write may have created the bucket since this one was sent.
    if (this.#created === createdBefore) {
      let creation = this.#creations.get(signal);
      if (creation === undefined) {
        creation = this.#create(signal).finally(() => this.#creations.delete(signal));
        this.#creations.set(signal, creation);
      }
      await creation;
    }
    return this.run(operation);
  }

  async #create(signal: AbortSignal): Promise<void> {
    try {
      // Whatever the result of CreateBucket is, the key is not written.
      await this.run((target) => createBucket(target, { signal, doubt: undefined }));
      this.#created += 1;
    } catch (error) {
      if (error instanceof Error && (error as { $metadata?: object }).$metadata !== undefined)
        error.message = `the bucket does not exist and could not be created: ${error.message}`;
      throw error;
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
