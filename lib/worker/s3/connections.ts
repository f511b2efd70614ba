import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { tellSendings } from "./doubt.js";

/** So many sockets that nobody uses stay open for the next request, or as many as a map may use at once. */
let mostIdle = 64;

/** The connections of a client: the same for what is tried past the SDK and for what it sends itself. */
export class Connections {
  readonly #most: number;
  #http: http.Agent | undefined;
  #https: https.Agent | undefined;

  /** @param most - how many requests may be under way at once */
  constructor(most: number) {
    this.#most = most;
    mostIdle = Math.max(mostIdle, most);
  }

  get httpAgent(): http.Agent {
    return (this.#http ??= this.#made((pools.http ??= pool(new http.Agent(options)))));
  }

  // To load TLS takes time that a service without it need not cost.
  get httpsAgent(): https.Agent {
    return (this.#https ??= this.#made((pools.https ??= pool(new https.Agent(options)))));
  }

  #made<Agent extends http.Agent>(agent: Agent): Agent {
    const limited = inTurns(agent, this.#most);
    tellSendings(limited);
    return limited;
  }
}

const options: http.AgentOptions = { keepAlive: true, maxSockets: Infinity };

/** Those of all maps: a program that makes many of them does not leave sockets behind for each. */
const pools: { http?: http.Agent; https?: https.Agent } = {};

function pool<Agent extends http.Agent>(agent: Agent): Agent {
  return agent.on("free", () => {
    let idle = 0;
    for (const name in agent.freeSockets) idle += agent.freeSockets[name]!.length;
    if (idle <= mostIdle) return;
    // The first ones have been idle for the longest time. Those that are being closed are still among them.
    const open = Object.values(agent.freeSockets).flatMap((sockets) =>
      (sockets ?? []).filter(({ destroyed }) => !destroyed),
    );
    for (const socket of open.slice(0, Math.max(0, open.length - mostIdle))) socket.destroy();
  });
}

/** What Node's requests ask of their agent. */
interface Adding {
  addRequest(request: http.ClientRequest, ...others: unknown[]): void;
}

/** The same agent, but for so many requests at once; others wait their turn. */
function inTurns<Agent extends http.Agent>(agent: Agent, most: number): Agent {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  const end = (): void => {
    underWay -= 1;
    while (underWay < most && waiting.length > 0) waiting.shift()!();
  };
  const limited = Object.create(agent) as Agent & Adding;
  limited.addRequest = (request, ...others) => {
    const begin = (): void => {
      if (request.destroyed) return;
      underWay += 1;
      // The socket is given back right afterwards, and can then be used again.
      request.once("close", () => process.nextTick(end));
      (agent as Agent & Adding).addRequest(request, ...others);
    };
    if (underWay < most) begin();
    else waiting.push(begin);
  };
  return limited;
}

let most = 0;

/** How many bytes have come and gone by the connections, those of answers that are not over included. */
export function bytesOnTheWire(): number {
  let bytes = 0;
  for (const agent of [pools.http, pools.https]) {
    if (agent === undefined) continue;
    for (const socket of [agent.sockets, agent.freeSockets].flatMap(Object.values).flat()) {
      const { bytesRead, bytesWritten } = socket as Socket;
      bytes += bytesRead + bytesWritten;
    }
  }
  // Those of a connection that was closed are no longer counted.
  return (most = Math.max(most, bytes));
}
