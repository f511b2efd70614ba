import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import { https } from "../../late.js";
import type { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import { tellSendings } from "../attempts/doubt.js";
import { addressByProxy, agentFor, wayTo } from "./proxy.js";

/** So many sockets that nobody uses stay open for the next request, or as many as a map may use at once. */
let mostIdle = 64;

/**
 * A connection that nobody has used for so long is not used again. Networks forget connections (NAT, balancers, a laptop
 * that was asleep), and say nothing of it: a request on such a one waits in vain.
 */
const MAX_IDLE_MS = 1000;

/** The connections of a client: the same for direct attempts and for what the SDK sends. */
export class Connections {
  readonly #most: number;
  readonly #env: Readonly<Record<string, string>> | undefined;
  #http: http.Agent | undefined;
  #https: HttpsAgent | undefined;

  /** @param most - how many requests may be under way at once; @param env - may name proxies, and certificates */
  constructor(most: number, env: Readonly<Record<string, string>> = {}) {
    this.#most = most;
    if (Object.keys(env).some((name) => /^(?:https?_proxy|AWS_CA_BUNDLE)$/i.test(name))) this.#env = env;
    mostIdle = Math.max(mostIdle, most);
  }

  get httpAgent(): http.Agent {
    return (this.#http ??= this.#made((pools.http ??= pool(new http.Agent(options)))));
  }

  // To load TLS takes time that a service without it need not cost.
  get httpsAgent(): HttpsAgent {
    return (this.#https ??= this.#made((pools.https ??= pool(new https.Agent(options)))));
  }

  #made<Agent extends http.Agent>(agent: Agent): Agent {
    const env = this.#env;
    const limited = inTurns(
      agent,
      this.#most,
      env && ((request, asked) => bentAgent(request, asked, agent, env)),
    );
    tellSendings(limited);
    return limited;
  }
}

const options: http.AgentOptions = { keepAlive: true, maxSockets: Infinity };

/** Those of all maps: a program that makes many of them does not leave sockets behind for each. */
const pools: { http?: http.Agent; https?: HttpsAgent } = {};

/** Those whose connections are made otherwise, by the way that they go. */
const bent = new Map<string, http.Agent>();

interface Asked {
  host?: string;
  port?: number | string;
}

// Which way it goes depends on the host.
function bentAgent(
  request: http.ClientRequest,
  { host = "", port }: Asked,
  plain: http.Agent,
  env: Readonly<Record<string, string>>,
): http.Agent {
  const secure = plain === pools.https;
  const place = { secure, host, port: Number(port ?? (secure ? 443 : 80)) };
  const way = wayTo(place, env);
  if (way.proxy === undefined && way.bundle === undefined) return plain;
  if (!secure && way.proxy !== undefined) addressByProxy(request, way.proxy, place);
  const name = JSON.stringify([secure, way.proxy, way.bundle]);
  let agent = bent.get(name);
  if (agent === undefined) bent.set(name, (agent = pool(agentFor(secure, way, options))));
  return agent;
}

function pool<Agent extends http.Agent>(agent: Agent): Agent {
  return agent.on("free", (socket: Socket) => {
    idleSince.set(socket, Date.now());
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

/** By the clock on the wall: others stand still while a laptop is asleep. */
const idleSince = new WeakMap<Socket, number>();

/** Closes those that nobody has used since then. They come first, in the order in which they were last used. */
function closeIdle(agent: http.Agent, since: number): void {
  for (const name in agent.freeSockets) {
    for (const socket of agent.freeSockets[name]!) {
      if ((idleSince.get(socket) ?? 0) > since) break;
      socket.destroy();
    }
  }
}

/** When each request began, and with which agent. */
const begun = new WeakMap<http.ClientRequest, { agent: http.Agent; at: number }>();

/**
 * To be told of a request that had no answer: connections that have been idle since before it may share its fate.
 *
 * @returns whether its own had served others before, and so may have been dead when the request got it
 */
export function loseConnection(request: http.ClientRequest): boolean {
  const { agent, at } = begun.get(request) ?? {};
  if (agent !== undefined) closeIdle(agent, at!);
  return request.reusedSocket;
}

const tries = new AsyncLocalStorage<{ request?: http.ClientRequest }>();

/**
 * Has the SDK make a try, and once more where no answer came by a connection that had served others before: it may have been
 * dead, and the next one is new. The SDK's own allowance for retries would be used up by many that are lost at once.
 */
export async function onLiveConnection<T>(run: () => Promise<T>): Promise<T> {
  const sent: { request?: http.ClientRequest } = {};
  try {
    return await tries.run(sent, run);
  } catch (error) {
    if (!isLost(error) || sent.request === undefined || !loseConnection(sent.request)) throw error;
    return run();
  }
}

/** Whether no answer came: after a reset, or in all the time that there is. */
export function isLost(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError" && !("$metadata" in error);
}

/** What Node's requests ask of their agent. */
interface Adding {
  addRequest(request: http.ClientRequest, ...others: unknown[]): void;
}

/** The same agent, but for so many requests at once; others wait their turn. */
function inTurns<Agent extends http.Agent>(
  plain: Agent,
  most: number,
  choose?: (request: http.ClientRequest, asked: Asked) => http.Agent,
): Agent {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  const end = (): void => {
    underWay -= 1;
    while (underWay < most && waiting.length > 0) waiting.shift()!();
  };
  const limited = Object.create(plain) as Agent & Adding;
  limited.addRequest = (request, ...others) => {
    const begin = (): void => {
      if (request.destroyed) return;
      let agent: http.Agent = plain;
      try {
        if (choose !== undefined) agent = choose(request, others[0] as Asked);
      } catch (error) {
        // It has no socket that could tell it.
        process.nextTick(() => request.destroy().emit("error", error));
        return;
      }
      underWay += 1;
      const at = Date.now();
      closeIdle(agent, at - MAX_IDLE_MS);
      begun.set(request, { agent, at });
      const sent = tries.getStore();
      if (sent !== undefined) sent.request = request;
      // The socket is given back right afterwards, and can then be used again.
      request.once("close", () => process.nextTick(end));
      (agent as http.Agent & Adding).addRequest(request, ...others);
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
  for (const agent of [pools.http, pools.https, ...bent.values()]) {
    if (agent === undefined) continue;
    for (const socket of [agent.sockets, agent.freeSockets].flatMap(Object.values).flat()) {
      const { bytesRead, bytesWritten } = socket as Socket;
      bytes += bytesRead + bytesWritten;
    }
  }
  // Those of a connection that was closed are no longer counted.
  return (most = Math.max(most, bytes));
}
