import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { tellSendings } from "./doubt.js";

/** The connections of a client: the same for what is tried past the SDK and for what it sends itself. */
export class Connections {
  readonly #maxSockets: number;
  #http: http.Agent | undefined;
  #https: https.Agent | undefined;
  #areWatched = false;

  constructor(maxSockets: number) {
    this.#maxSockets = maxSockets;
  }

  get httpAgent(): http.Agent {
    return (this.#http ??= this.#made(new http.Agent(this.#options)));
  }

  // To load TLS takes time that a service without it need not cost.
  get httpsAgent(): https.Agent {
    return (this.#https ??= this.#made(new https.Agent(this.#options)));
  }

  /** Has them looked at by {@link bytesOnTheWire}. */
  watch(): void {
    this.#areWatched = true;
    for (const agent of [this.#http, this.#https]) if (agent !== undefined) watched.add(agent);
  }

  get #options(): http.AgentOptions {
    return { keepAlive: true, maxSockets: this.#maxSockets };
  }

  #made<Agent extends http.Agent>(agent: Agent): Agent {
    tellSendings(agent);
    if (this.#areWatched) watched.add(agent);
    return agent;
  }
}

const watched = new Set<http.Agent>();
let most = 0;

/** How many bytes have come and gone by the connections, those of answers that are not over included. */
export function bytesOnTheWire(): number {
  let bytes = 0;
  for (const { sockets, freeSockets } of watched) {
    for (const socket of [...Object.values(sockets), ...Object.values(freeSockets)].flat()) {
      const { bytesRead, bytesWritten } = socket as Socket;
      bytes += bytesRead + bytesWritten;
    }
  }
  // Those of a connection that was closed are no longer counted.
  return (most = Math.max(most, bytes));
}
