import type { Failure, Version } from "../bridge/protocol.js";

/** How often in a row a service may reject the ETag that it has just returned. A stale ETag may still change. */
const MAX_REFUSED = 10;

/** Distinguishes a service that rejects its own ETags from programs that write to the key at the same time. */
export class OwnEtags {
  #refused: Version | undefined;
  #times = 0;

  /** Notes the ETag that the service returned. */
  given(now: Version | undefined): void {
    if (!isSame(now, this.#refused)) this.#times = 0;
  }

  /** Notes that the service rejected this ETag. Without an argument, the rejection had another reason than the ETag. */
  refused(state?: Version): void {
    this.#refused = state;
    this.#times += 1;
  }

  get areRefused(): boolean {
    return this.#times >= MAX_REFUSED;
  }

  /** What to throw if the ETags are rejected. */
  get failure(): Failure & { reason: string } {
    const etag = this.#refused?.etag?.replaceAll('"', "") ?? "";
    const times = `${this.#times} times in a row the service returned the ETag "${etag}", and then rejected it`;
    return {
      code: "ConditionsUnsupported",
      reason: `${times}: it does not accept its own ETags, or a cache in front of it returns old ones`,
    };
  }

  /** What to throw when a rename has started this often. */
  failureAfter(turns: number): Failure & { reason: string } {
    if (this.areRefused) return this.failure;
    return {
      code: "TooMuchContention",
      reason: `each of ${turns} times the source changed, or the service said that it did`,
    };
  }
}

/** Whether an object exists, and still has the same ETag and newest write id. */
export function isSame(now: Version | undefined, before: Version | undefined): boolean {
  return now?.etag !== undefined && now.etag === before?.etag && now.writes?.[0] === before.writes?.[0];
}
