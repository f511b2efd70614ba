import fs from "node:fs";
import http from "node:http";
import { https, tls } from "../../late.js";
import net from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { OperationError } from "../../operation-error.js";
import { limits } from "../limits.js";

type Variables = Readonly<Record<string, string>>;

/** Where connections go. */
export interface Place {
  secure: boolean;
  host: string;
  port: number;
}

/** How connections to a host are made. */
export interface Way {
  proxy: URL | undefined;
  /** A file with trusted certificates, which replace Node's own. */
  bundle: string | undefined;
}

/**
 * Chooses proxy and certificates by the rules of the AWS CLI and of Node's `NODE_USE_ENV_PROXY`: `HTTPS_PROXY` or
 * `HTTP_PROXY`, lower case first, unless `NO_PROXY` matches the host. There is no exception for localhost.
 *
 * @throws OperationError for an unusable proxy URL
 */
export function wayTo(place: Place, env: Variables): Way {
  const name = place.secure ? "https_proxy" : "http_proxy";
  // An empty variable in lower case also takes precedence: it turns the proxy, or the exceptions, off.
  const given = env[name] ?? env[name.toUpperCase()];
  const proxy =
    given && !isExcepted(place, env["no_proxy"] ?? env["NO_PROXY"] ?? "") ? proxyOf(given) : undefined;
  const hasTls = place.secure || proxy?.protocol === "https:";
  return { proxy, bundle: hasTls ? env["AWS_CA_BUNDLE"] || undefined : undefined };
}

function proxyOf(given: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The value is not shown: it may contain a password.
  if (url === undefined) throw unusable("HTTPS_PROXY or HTTP_PROXY is not a valid URL");
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw unusable(`HTTPS_PROXY or HTTP_PROXY begins with ${url.protocol}// instead of http:// or https://`);
  return url;
}

function isExcepted({ host, port }: Place, exceptions: string): boolean {
  const name = host.toLowerCase();
  const isAddress = net.isIP(name) !== 0;
  return exceptions
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const [, named = "", atPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(
        net.isIPv6(entry) ? `[${entry}]` : entry,
      )!;
      if (atPort !== undefined && Number(atPort) !== port) return false;
      const bare = named.replace(/^\*?\./, "");
      return (
        named === "*" ||
        (bare !== "" && (name === bare || (!isAddress && name.endsWith(`.${bare}`)))) ||
        isWithin(name, named)
      );
    });
}

/** @param range - a range in CIDR notation, or a single address in any notation: `0:0:0:0:0:0:0:1` is `::1` */
function isWithin(address: string, range: string): boolean {
  const [, from = "", given] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const kind = net.isIP(from);
  const most = kind === 4 ? 32 : 128;
  const bits = Number(given ?? most);
  if (kind === 0 || net.isIP(address) !== kind || bits > most) return false;
  const family = kind === 4 ? "ipv4" : "ipv6";
  const list = new net.BlockList();
  list.addSubnet(from, bits, family);
  return list.check(address, family);
}

/** The method with which Node's agents open connections. It returns a socket, or calls back later. */
interface Connecting {
  createConnection(
    options: ConnectionOptions & { host: string; port: number },
    done: (error: Error | null, socket?: Duplex) => void,
  ): Duplex | undefined;
}

export function agentFor(secure: boolean, { proxy, bundle }: Way, settings: http.AgentOptions): http.Agent {
  const ca = bundle === undefined ? {} : { ca: certificates(bundle) };
  const agent = secure ? new https.Agent({ ...settings, ...ca }) : new http.Agent(settings);
  if (proxy === undefined) return agent;
  // Node's types declare this method only for the plain agent, and with other parameters.
  const made = agent as unknown as Connecting;
  made.createConnection = secure
    ? (options, done) => {
        const { host, port } = options;
        const path = `${host.includes(":") ? `[${host}]` : host}:${port}`;
        openTunnel(proxy, path, ca, (error, socket) => {
          if (socket === undefined) done(error);
          else done(null, tls.connect({ ...options, socket }));
        });
        return undefined;
      }
    : () => {
        const socket = connectTo(proxy, ca);
        const unreached = (error: NodeJS.ErrnoException): void => {
          error.message = `the proxy ${nameOf(proxy)} (HTTP_PROXY) cannot be reached: ${error.message}`;
          error.syscall = "connect";
        };
        socket.prependListener("error", unreached);
        socket.once(openedBy(proxy), () => socket.removeListener("error", unreached));
        return socket;
      };
  return agent;
}

/** Addresses a request without TLS to its proxy, which expects an absolute URL. */
export function addressByProxy(request: http.ClientRequest, proxy: URL, { host, port }: Place): void {
  const name = host.includes(":") ? `[${host}]` : host;
  request.path = `http://${name}${port === 80 ? "" : `:${port}`}${request.path}`;
  const authorization = authorizationOf(proxy);
  if (authorization !== undefined) request.setHeader("proxy-authorization", authorization);
}

function connectTo(proxy: URL, ca: { ca?: string }): net.Socket {
  const host = proxy.hostname.replace(/^\[(.*)\]$/, "$1");
  if (proxy.protocol === "http:") return net.connect({ host, port: Number(proxy.port || 80) });
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({ host, port: Number(proxy.port || 443), ...servername, ...ca });
}

/** The event that a connection to a proxy emits once it is established. */
function openedBy({ protocol }: URL): string {
  return protocol === "http:" ? "connect" : "secureConnect";
}

/** @see https://www.rfc-editor.org/rfc/rfc9110#name-connect */
function openTunnel(
  proxy: URL,
  path: string,
  ca: { ca?: string },
  done: (error: Error | null, socket?: net.Socket) => void,
): void {
  const headers: Record<string, string> = { host: path };
  const authorization = authorizationOf(proxy);
  if (authorization !== undefined) headers["proxy-authorization"] = authorization;
  let isOpen = false;
  const request = http.request({
    ...{ method: "CONNECT", path, headers },
    createConnection: () => connectTo(proxy, ca).once(openedBy(proxy), () => (isOpen = true)),
  });
  const failed = (why: string, code = "ECONNREFUSED"): void => {
    clearTimeout(limit);
    request.destroy();
    // The syscall "connect" shows isAmbiguous() that the request was never sent.
    const error = new Error(`the proxy ${nameOf(proxy)} (HTTPS_PROXY) ${why}`);
    done(Object.assign(error, { code, syscall: "connect" }));
  };
  const limit = setTimeout(
    failed,
    limits.connectMs,
    `did not establish a connection within ${limits.connectMs} ms`,
  );
  request.on("error", (error: NodeJS.ErrnoException) =>
    failed(
      isOpen ? `sent no response for ${path}: ${error.message}` : `cannot be reached: ${error.message}`,
      error.code,
    ),
  );
  request.on("connect", ({ statusCode = 0, statusMessage }, socket: net.Socket) => {
    clearTimeout(limit);
    if (statusCode >= 200 && statusCode < 300) return done(null, socket);
    socket.destroy();
    // Some proxies answer 401 for a wrong password.
    if (statusCode === 407 || (statusCode === 401 && proxy.username !== ""))
      return done(wantsPassword(proxy, statusCode));
    failed(`rejected a connection to ${path}: HTTP ${statusCode} ${statusMessage}`);
  });
  request.end();
}

function wantsPassword(proxy: URL, statusCode: number): OperationError {
  const how =
    proxy.username === "" ? "requires a user name and a password" : "rejected the user name and password";
  return unusable(
    `the proxy ${nameOf(proxy)} ${how} (HTTP ${statusCode}). Set them in HTTPS_PROXY, as http://user:password@host:port`,
  );
}

/** The proxy's URL without its password. */
function nameOf({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  return `Basic ${Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString("base64")}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A literal percent sign.
  }
}

function certificates(bundle: string): string {
  try {
    return fs.readFileSync(bundle, "utf8");
  } catch (error) {
    throw unusable(
      `the certificate bundle ${bundle}, from AWS_CA_BUNDLE or the profile's ca_bundle, cannot be read: ${(error as Error).message}`,
    );
  }
}

function unusable(why: string): OperationError {
  return new OperationError("BadConfiguration", why);
}
