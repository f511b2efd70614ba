import { AsyncLocalStorage } from "node:async_hooks";
import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";

/** S3's operations that change what can be read. What is tried on a key of the library's own is not among them. */
const writes: ReadonlySet<string> = new Set([
  "PutObject",
  "DeleteObject",
  "DeleteObjects",
  "CompleteMultipartUpload",
]);

const doubts = new AsyncLocalStorage<Doubt | undefined>();

/**
 * Whether a write that failed may have happened all the same: a request that writes was sent, and S3 has not refused
 * it. It is asked where the write ends; each request within it tells it (see {@link Sending}).
 */
export class Doubt {
  readonly #outer: Doubt | undefined = doubts.getStore();
  readonly #beforeSending: () => void;
  #unknown = 0;

  /** @param beforeSending - called before each request that writes can leave; where it throws, the request does not */
  constructor(beforeSending: () => void = () => {}) {
    this.#beforeSending = beforeSending;
  }

  /** The innermost that this code runs in. */
  static get current(): Doubt | undefined {
    return doubts.getStore();
  }

  get exists(): boolean {
    return this.#unknown > 0;
  }

  /** Runs what may send requests. What is in doubt here is so for the doubt around it, too. */
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

/** Runs what writes nothing that anybody has asked for. */
export function withoutDoubt<T>(run: () => T): T {
  return doubts.run(undefined, run);
}

const sendings = new AsyncLocalStorage<Sending>();

// Elsewhere an agent is not told of requests, and what is handed over counts as sent.
const agentsAreTold = process.versions["bun"] === undefined && process.versions["deno"] === undefined;

/** One try of a request. It counts as sent from when its connection stands. */
export class Sending {
  readonly #doubt: Doubt | undefined;
  #state: "not yet" | "sent" | "over" = "not yet";

  constructor(operation: string) {
    this.#doubt = writes.has(operation) ? doubts.getStore() : undefined;
  }

  /** @param isLocal - it is answered in this thread, without a connection */
  during<T>(run: () => T, isLocal: boolean): T {
    if (this.#doubt === undefined) return run();
    if (isLocal || !agentsAreTold) this.sent();
    return sendings.run(this, run);
  }

  /**
   * From now on it may be carried out.
   *
   * @throws what forbids it: it must not be sent
   */
  sent(): void {
    if (this.#state !== "not yet") return;
    this.#doubt?.beforeSending();
    this.#state = "sent";
    this.#doubt?.count(1);
  }

  /** It was refused, or was never sent. */
  didNothing(): void {
    if (this.#state === "sent") this.#doubt?.count(-1);
    this.#state = "over";
  }
}

interface Agent {
  addRequest(request: ClientRequest, ...rest: unknown[]): void;
}

/** Has an agent tell when a request gets a connection that stands. */
export function tellSendings(agent: object): void {
  const telling = agent as Agent;
  const addRequest = telling.addRequest.bind(agent);
  telling.addRequest = (request, ...rest) => {
    const sending = sendings.getStore();
    if (sending !== undefined) {
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
    addRequest(request, ...rest);
  };
}

type Shaking = Socket & { encrypted?: boolean; secureConnecting?: boolean };

function whenConnected(socket: Shaking, then: () => void): void {
  if (!socket.connecting && socket.secureConnecting !== true) then();
  else socket.once(socket.encrypted === true ? "secureConnect" : "connect", then);
}
