import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

// Whether a failed write may have happened. This file counts the requests that may have been applied. Each attempt
// reports when it is sent and when it was rejected: the SDK's in watch-attempts.ts, direct ones in
// direct/direct-attempt.ts. Both ask ambiguous.ts, which judges one response. worker/failure.ts marks the failure of
// the call. If the worker has died or does not answer, bridge/bridge.ts marks it.

/** S3's operations that can change what users read. If the response to one is lost, it may have been applied. */
const writes: ReadonlySet<string> = new Set([
  "PutObject",
  "CopyObject",
  "DeleteObject",
  "DeleteObjects",
  "CompleteMultipartUpload",
  "CreateBucket",
  "DeleteBucket",
]);

/**
 * Tracks whether a failed write may have been applied: a request that writes was sent, and S3 has not rejected it. Each
 * request reports to the Doubt of its task (see {@link Sending}).
 */
export class Doubt {
  readonly #outer: Doubt | undefined;
  readonly #permit: () => void;
  #unknown = 0;

  /**
   * @param outer - is informed as well
   * @param permit - called before each request that writes. If it throws, the request is not sent
   */
  constructor(outer: Doubt | undefined, permit: () => void = () => {}) {
    this.#outer = outer;
    this.#permit = permit;
  }

  get exists(): boolean {
    return this.#unknown > 0;
  }

  /** @internal */
  permit(): void {
    this.#permit();
    this.#outer?.permit();
  }

  /** @internal */
  count(requests: 1 | -1): void {
    this.#unknown += requests;
    this.#outer?.count(requests);
  }
}

/**
 * S3 has rejected a write, but a proxy may have sent the same write before. In that case the first request may have been
 * applied, unless `look` settles the question and returns.
 */
export async function doubtUntil<T>(doubt: Doubt | undefined, look: () => Promise<T>): Promise<T> {
  doubt?.count(1);
  const seen = await look();
  doubt?.count(-1);
  return seen;
}

// Node calls an agent's addRequest method when a request needs a connection, and connections.ts relies on that. Bun and
// Deno do not call the method. There, a request counts as sent at once.
export const agentsAreTold = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/** One attempt of a request. It counts as sent once its connection is established. */
export class Sending {
  readonly #doubt: Doubt | undefined;
  #state: "not yet" | "sent" | "over" = "not yet";

  constructor(operation: string, doubt: Doubt | undefined) {
    this.#doubt = writes.has(operation) ? doubt : undefined;
  }

  /**
   * Must be called before the request is made.
   *
   * @param isLocal - whether it is answered in this thread, without a connection
   * @throws if it must not be sent
   */
  begin(isLocal: boolean): void {
    if (isLocal || !agentsAreTold) this.beforeSend();
  }

  /** Must be called before the request gets its socket. */
  watch(request: ClientRequest): void {
    if (this.#doubt === undefined) return;
    request.once("socket", (socket) => {
      whenConnected(socket, () => {
        try {
          this.beforeSend();
        } catch (error) {
          request.destroy(error as Error);
        }
      });
    });
  }

  /**
   * From now on the request may be applied.
   *
   * @throws if it must not be sent
   */
  beforeSend(): void {
    if (this.#state !== "not yet") return;
    this.#doubt?.permit();
    this.countAsSent();
  }

  /** For a request that has left already, so that nothing can keep it from being sent. */
  countAsSent(): void {
    if (this.#state !== "not yet") return;
    this.#state = "sent";
    this.#doubt?.count(1);
  }

  /** The request was rejected or never sent. */
  didNothing(): void {
    if (this.#state === "sent") this.#doubt?.count(-1);
    this.#state = "over";
  }
}

type Shaking = Socket & { encrypted?: boolean; secureConnecting?: boolean };

function whenConnected(socket: Shaking, then: () => void): void {
  if (!socket.connecting && socket.secureConnecting !== true) then();
  else socket.once(socket.encrypted === true ? "secureConnect" : "connect", then);
}
