import { AsyncLocalStorage } from "node:async_hooks";
import http from "node:http";
import { https } from "../../late.js";
import type { Agent as HttpsAgent } from "node:https";
import type { Socket } from "node:net";
import type { Sending } from "../attempts/doubt.js";
import { addressByProxy, agentFor, wayTo } from "./proxy.js";

/** How many idle sockets are kept open: this number, or the highest concurrency of any map if that is larger. */
let mostIdle = 64;

/**
 * A connection that has been idle for longer is closed, not reused, when the next request begins. NAT gateways, load balancers and sleeping
 * laptops drop connections silently, and a request on a dropped connection never gets a response.
 */
const MAX_IDLE_MS = 1000;

/** A client's HTTP agents. Direct attempts and the SDK share them. */
export class Connections {
  readonly #concurrency: number;
  readonly #env: Readonly<Record<string, string>> | undefined;
  #http: http.Agent | undefined;
  #https: HttpsAgent | undefined;

  /** @param env - environment variables, which may name proxies and certificates */
  constructor(concurrency: number, env: Readonly<Record<string, string>> = {}) {
    this.#concurrency = concurrency;
    if (Object.keys(env).some((name) => /^(?:https?_proxy|AWS_CA_BUNDLE)$/i.test(name))) this.#env = env;
    mostIdle = Math.max(mostIdle, concurrency);
  }

  get httpAgent(): http.Agent {
    return (this.#http ??= this.#made((pools.http ??= pool(new http.Agent(options)))));
  }

  // Created on demand, because loading TLS takes time.
  get httpsAgent(): HttpsAgent {
    return (this.#https ??= this.#made((pools.https ??= pool(new https.Agent(options)))));
  }

  #made<Agent extends http.Agent>(agent: Agent): Agent {
    const env = this.#env;
    const choose = env && ((request: http.ClientRequest, to: To) => rerouted(request, to, agent, env));
    return inTurns(agent, this.#concurrency, choose);
  }
}

const options: http.AgentOptions = { keepAlive: true, maxSockets: Infinity };

/** Shared by all maps, so that a program that creates many maps does not leave sockets behind for each of them. */
const pools: { http?: http.Agent; https?: HttpsAgent } = {};

/** Agents that use a proxy or a certificate bundle, by the protocol, the proxy and the bundle. */
const others = new Map<string, http.Agent>();

/** Where a request goes. */
interface To {
  host?: string;
  port?: number | string;
}

function rerouted(
  request: http.ClientRequest,
  { host = "", port }: To,
  plain: http.Agent,
  env: Readonly<Record<string, string>>,
): http.Agent {
  const secure = plain === pools.https;
  const place = { secure, host, port: Number(port ?? (secure ? 443 : 80)) };
  const way = wayTo(place, env);
  if (way.proxy === undefined && way.bundle === undefined) return plain;
  if (!secure && way.proxy !== undefined) addressByProxy(request, way.proxy, place);
  const name = JSON.stringify([secure, way.proxy, way.bundle]);
  let agent = others.get(name);
  if (agent === undefined) others.set(name, (agent = pool(agentFor(secure, way, options))));
  return agent;
}

function pool<Agent extends http.Agent>(agent: Agent): Agent {
  const reuse = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket: Socket, request) => {
    socket.off("data", closeOnData);
    reuse(socket, request);
  };
  return agent.on("free", (socket: Socket) => {
    socket.on("data", closeOnData);
    idleSince.set(socket, Date.now());
    let idle = 0;
    for (const name in agent.freeSockets) idle += agent.freeSockets[name]!.length;
    if (idle <= mostIdle) return;
    // The first sockets have been idle longest. Sockets that are being closed are still listed.
    const open = Object.values(agent.freeSockets).flatMap((sockets) =>
      (sockets ?? []).filter(({ destroyed }) => !destroyed),
    );
    for (const socket of open.slice(0, Math.max(0, open.length - mostIdle))) socket.destroy();
  });
}

/**
 * Nothing was requested on an idle connection. If a server sends something, the next request must not get it as its
 * response.
 */
function closeOnData(this: Socket): void {
  this.destroy();
}

/** On the clock of Date.now(), because monotonic clocks stop while a laptop sleeps. */
const idleSince = new WeakMap<Socket, number>();

/** Closes sockets that have been idle since before the given time. The list is in the order of last use. */
function closeIdle(agent: http.Agent, since: number): void {
  for (const name in agent.freeSockets) {
    for (const socket of agent.freeSockets[name]!) {
      if ((idleSince.get(socket) ?? 0) > since) break;
      socket.destroy();
    }
  }
}

/** The agent and the start of each request. */
const begun = new WeakMap<http.ClientRequest, { agent: http.Agent; at: number }>();

/**
 * Must be called for a request that got no response. Connections that have been idle since before the request may be
 * dead, too, and are closed.
 *
 * @returns whether the request's own connection was reused, and so may have been dead
 */
export function loseConnection(request: http.ClientRequest): boolean {
  const { agent, at } = begun.get(request) ?? {};
  if (agent !== undefined) closeIdle(agent, at!);
  return request.reusedSocket;
}

/** One of the SDK's attempts. */
export interface SdkAttempt {
  sending?: Sending;
  request?: http.ClientRequest;
}

// The SDK passes nothing on to the agents. Direct attempts do without this: on Node 20 and 22, it makes every promise of
// the thread slower from the first `run` on.
const attempts = new AsyncLocalStorage<SdkAttempt>();

/** Sends one of the SDK's attempts. Its Sending is told of the request. */
export function sendAttempt<T>(attempt: SdkAttempt, send: () => T): T {
  return attempts.run(attempt, send);
}

/**
 * Runs one of the SDK's attempts, and repeats it if a reused connection was lost. If that were left to the SDK, many
 * connections lost at the same time would exhaust its retries.
 */
export async function onLiveConnection<T>(run: (attempt: SdkAttempt) => Promise<T>): Promise<T> {
  const first: SdkAttempt = {};
  try {
    return await run(first);
  } catch (error) {
    if (!isLost(error) || first.request === undefined || !loseConnection(first.request)) throw error;
    return run({});
  }
}

/** Whether there was no response because of a reset or a timeout. */
export function isLost(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError" && !("$metadata" in error);
}

/** An undocumented method of agents, through which Node's requests get their socket. */
interface Adding {
  addRequest(request: http.ClientRequest, to: To, ...rest: unknown[]): void;
}

/** An agent that delegates to another agent, with a limit on concurrent requests. */
function inTurns<Agent extends http.Agent>(
  plain: Agent,
  most: number,
  choose?: (request: http.ClientRequest, to: To) => http.Agent,
): Agent {
  const waiting: (() => void)[] = [];
  let underWay = 0;
  const end = (): void => {
    underWay -= 1;
    while (underWay < most && waiting.length > 0) waiting.shift()!();
  };
  const limited = Object.create(plain) as Agent & Adding;
  limited.addRequest = (request, to, ...rest) => {
    const attempt = attempts.getStore();
    attempt?.sending?.watch(request);
    const begin = (): void => {
      if (request.destroyed) return;
      let agent: http.Agent = plain;
      try {
        if (choose !== undefined) agent = choose(request, to);
      } catch (error) {
        // Without a socket, destroy() alone emits nothing.
        process.nextTick(() => request.destroy().emit("error", error));
        return;
      }
      underWay += 1;
      const at = Date.now();
      closeIdle(agent, at - MAX_IDLE_MS);
      begun.set(request, { agent, at });
      if (attempt !== undefined) attempt.request = request;
      // The socket returns to the pool right after "close".
      request.once("close", () => process.nextTick(end));
      (agent as http.Agent & Adding).addRequest(request, to, ...rest);
    };
    if (underWay < most) begin();
    else waiting.push(begin);
  };
  return limited;
}

const mostBytes = { read: 0, written: 0 };

/** How many bytes all connections have transferred, including unfinished responses. Never decreases. */
export function bytesOnTheWire(): { read: number; written: number } {
  let read = 0;
  let written = 0;
  for (const agent of [pools.http, pools.https, ...others.values()]) {
    if (agent === undefined) continue;
    for (const socket of [agent.sockets, agent.freeSockets].flatMap(Object.values).flat()) {
      const { bytesRead, bytesWritten } = socket as Socket;
      read += bytesRead;
      written += bytesWritten;
    }
  }
  // Closed connections are no longer part of the sum.
  mostBytes.read = Math.max(mostBytes.read, read);
  mostBytes.written = Math.max(mostBytes.written, written);
  return { ...mostBytes };
}

/**
 * With NODE_USE_ENV_PROXY, Node's default agent uses the proxy. The SDK's requests to the instance metadata service use
 * the default agent, and no proxy can reach that service.
 */
export function replaceAgent(): void {
  http.globalAgent = new http.Agent({ keepAlive: true });
}
