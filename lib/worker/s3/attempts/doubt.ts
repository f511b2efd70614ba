import { AsyncLocalStorage } from "node:async_hooks";
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

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

const doubts = new AsyncLocalStorage<Doubt | undefined>();

/**
 * Tracks whether a failed write may have been applied: a request that writes was sent, and S3 has not rejected it. Each
 * request reports to the innermost Doubt that it runs in (see {@link Sending}).
 */
export class Doubt {
  readonly #outer: Doubt | undefined = doubts.getStore();
  readonly #beforeSending: () => void;
  #unknown = 0;

  /** @param beforeSending - called before each request that writes. If it throws, the request is not sent */
  constructor(beforeSending: () => void = () => {}) {
    this.#beforeSending = beforeSending;
  }

  /** The innermost Doubt that this code runs in. */
  static get current(): Doubt | undefined {
    return doubts.getStore();
  }

  get exists(): boolean {
    return this.#unknown > 0;
  }

  /** Runs code that may send requests. Outer Doubts are informed as well. */
  during<T>(run: () => T): T {
    return doubts.run(this, run);
  }

  /** @internal */
  beforeSending(): void {
    this.#beforeSending();
    this.#outer?.beforeSending();
  }

  /** @internal */
  count(requests: 1 | -1): void {
    this.#unknown += requests;
    this.#outer?.count(requests);
  }
}

/** Runs code whose writes are the library's own. They leave no doubt about the user's call. */
export function withoutDoubt<T>(run: () => T): T {
  return doubts.run(undefined, run);
}

const sendings = new AsyncLocalStorage<Sending>();

// Node calls an agent's addRequest method when a request needs a connection, and connections.ts relies on that. Bun and
// Deno do not call the method. There, a request counts as sent at once.
const agentsAreTold = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/** One attempt of a request. It counts as sent once its connection is established. */
export class Sending {
  readonly #doubt: Doubt | undefined;
  #state: "not yet" | "sent" | "over" = "not yet";

  constructor(operation: string) {
    this.#doubt = writes.has(operation) ? doubts.getStore() : undefined;
  }

  /** @param isLocal - whether it is answered in this thread, without a connection */
  during<T>(run: () => T, isLocal: boolean): T {
    if (this.#doubt === undefined) return run();
    if (isLocal || !agentsAreTold) this.sent();
    return sendings.run(this, run);
  }

  /**
   * From now on the request may be applied.
   *
   * @throws if it must not be sent
   */
  sent(): void {
    if (this.#state !== "not yet") return;
    this.#doubt?.beforeSending();
    this.wasSent();
  }

  /**
   * The SDK evaluates the response of a direct attempt without sending anything itself (direct-attempt.ts). If that response
   * is damaged, the request counts as sent after all.
   */
  wasSent(): void {
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

/** Reports to the Sending that this code runs in, once the request has an established connection. */
export function watchSending(request: ClientRequest): void {
  const sending = sendings.getStore();
  if (sending === undefined) return;
  request.once("socket", (socket) => {
    whenConnected(socket, () => {
      try {
        sending.sent();
      } catch (error) {
        request.destroy(error as Error);
      }
    });
  });
}

type Shaking = Socket & { encrypted?: boolean; secureConnecting?: boolean };

function whenConnected(socket: Shaking, then: () => void): void {
  if (!socket.connecting && socket.secureConnecting !== true) then();
  else socket.once(socket.encrypted === true ? "secureConnect" : "connect", then);
}
