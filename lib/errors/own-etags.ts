import type { Failure, Version } from "../bridge/protocol.js";

/** How often in a row a service may refuse the state that it has just given. That state may be stale and still change. */
const MAX_REFUSED = 10;

/** Tells a service that refuses its own ETags from programs that write to a key at the same time. */
export class OwnEtags {
  #refused: Version | undefined;
  #times = 0;

  /** Notes the state that the service gives. */
  given(now: Version | undefined): void {
    if (!isSame(now, this.#refused)) this.#times = 0;
  }

  /** Notes that the service says that the key has another state. Left out: the state of the key was not the reason. */
  refused(state?: Version): void {
    this.#refused = state;
    this.#times += 1;
  }

  get areRefused(): boolean {
    return this.#times >= MAX_REFUSED;
  }

  /** What to throw if they are refused. */
  get failure(): Failure & { reason: string } {
    const etag = this.#refused?.etag?.replaceAll('"', "") ?? "";
    const times = `${this.#times} times in a row the service gave the ETag "${etag}", and then refused it`;
    return {
      code: "ConditionsUnsupported",
      reason: `${times}: it does not accept its own ETags, or a cache in front of it returns old ones`,
    };
  }

  /** What to throw where a rename has begun so often. */
  failureAfter(turns: number): Failure & { reason: string } {
    if (this.areRefused) return this.failure;
    return {
      code: "TooMuchContention",
      reason: `each of ${turns} times the source changed, or the service said so`,
    };
  }
}

/** Whether an object exists, and has the ETag and the newest write that it had before. */
function isSame(now: Version | undefined, before: Version | undefined): boolean {
  return now?.etag !== undefined && now.etag === before?.etag && now.writes?.[0] === before.writes?.[0];
}
