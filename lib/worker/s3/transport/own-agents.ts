import http from "node:http";

/**
 * With NODE_USE_ENV_PROXY, the agent that Node gives to a request without one goes by the proxy. The SDK's requests to the
 * instance's own service, for its role, are such requests, and no proxy can answer them.
 */
export function replaceAgent(): void {
  http.globalAgent = new http.Agent({ keepAlive: true });
}
