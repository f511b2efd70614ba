import type { ClientConfig, Environment } from "../../bridge/protocol.js";
import { Client } from "./client.js";
import { otherRegion } from "./sdk-errors.js";
import { Surroundings } from "./surroundings.js";
import type { Target } from "./target.js";

/** Runs operations on one bucket, with one set of settings. It knows no thread. */
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

  get environment(): Environment {
    return this.#surroundings.environment;
  }

  /** Closes everything that these settings hold open, once nothing is in flight. */
  forget(): void {
    this.#isForgotten = true;
    this.#closeIfForgotten();
  }

  /** Runs an operation; where the bucket turns out to be in another region, once more there. */
  async run<T>(operation: (target: Target) => Promise<T>): Promise<T> {
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
