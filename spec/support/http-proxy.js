// @ts-check
// In a thread of its own: an HTTP proxy, as RFC 9110 has it, and TLS in front of it, and of a service without it.
const { once } = require("node:events");
const http = require("node:http");
const net = require("node:net");
const tls = require("node:tls");
const { parentPort, workerData } = require("node:worker_threads");

/** @type {{ servicePort: number, key: string, cert: string, password?: string }} */
const { servicePort, key, cert, password } = workerData;

/** @type {string[]} */
let log = [];

const mayPass = (/** @type {http.IncomingMessage} */ { headers }) =>
  password === undefined ||
  headers["proxy-authorization"] === `Basic ${Buffer.from(`user:${password}`).toString("base64")}`;

/** @param {net.Socket} one @param {net.Socket} other */
function join(one, other) {
  one.pipe(other).pipe(one);
  one.on("error", () => other.destroy());
  other.on("error", () => one.destroy());
}

const proxy = http.createServer((incoming, outgoing) => {
  log.push(`${incoming.method} ${incoming.url}`);
  if (!mayPass(incoming)) return void outgoing.writeHead(407).end();
  const { hostname, port, pathname, search } = new URL(incoming.url ?? "");
  const { method, headers } = incoming;
  delete headers["proxy-authorization"];
  const path = `${pathname}${search}`;
  const onwards = http.request({ hostname, port, path, method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(outgoing);
  });
  incoming.pipe(onwards);
});
proxy.on("connect", (incoming, near) => {
  log.push(`CONNECT ${incoming.url}`);
  const refuse = (/** @type {string} */ how) => near.end(`HTTP/1.1 ${how}\r\n\r\n`);
  if (incoming.url === "unknown.invalid:443") return void refuse("401 Unauthorized");
  if (!mayPass(incoming)) return void refuse("407 Proxy Authentication Required");
  if (incoming.url === "drop.invalid:443") return void near.destroy();
  if (incoming.url === "gone.invalid:443") return void refuse("502 Bad Gateway");
  if (!incoming.url?.startsWith("127.0.0.1:")) return void refuse("403 Forbidden");
  const far = net.connect(Number(incoming.url.split(":")[1]), "127.0.0.1", () => {
    near.write("HTTP/1.1 200 Connection established\r\n\r\n");
    join(/** @type {net.Socket} */ (near), far);
  });
});
const secure = tls.createServer({ key, cert }, (near) => join(near, net.connect(servicePort, "127.0.0.1")));
const portOf = (/** @type {net.Server} */ one) => /** @type {net.AddressInfo} */ (one.address()).port;
const byTls = tls.createServer({ key, cert }, (near) => join(near, net.connect(portOf(proxy), "127.0.0.1")));
const servers = [proxy, secure, byTls];
for (const server of servers) server.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
Promise.all(servers.map((server) => once(server, "listening"))).then(() =>
  parentPort?.postMessage(servers.map(portOf)),
);
parentPort?.on("message", () => {
  parentPort?.postMessage(log);
  log = [];
});
