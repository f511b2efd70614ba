// @ts-check
const http = require("node:http");

/**
 * Passes requests on to a service, and resets a share of the connections when the answer is there: what was asked
 * for has been done, and nobody hears of it.
 *
 * @param {string} endpoint
 * @param {number} share of the answers
 * @param {(method: string, path: string) => void} [onReset]
 */
async function startResettingProxy(endpoint, share, onReset) {
  const { hostname, port } = new URL(endpoint);
  const agent = new http.Agent({ keepAlive: true });
  let answers = 0;
  let resets = 0;
  const server = http.createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const request = http.request({ hostname, port, agent, method, path: url, headers }, (answer) => {
      answers += 1;
      if (Math.random() < share) {
        resets += 1;
        onReset?.(String(method), String(url));
        answer.resume();
        outgoing.socket?.resetAndDestroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    request.on("error", () => outgoing.socket?.resetAndDestroy());
    incoming.pipe(request);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    counts: () => ({ answers, resets }),
    close() {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    },
  };
}

module.exports = { startResettingProxy };
