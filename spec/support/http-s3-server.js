// @ts-check
// The server of http-s3.ts. In a worker thread it serves; told to use a process, it forks this same file and relays
// the commands. Plain JavaScript, since nothing transforms what a worker loads.
const http = require("node:http");
const { URLSearchParams } = require("node:url");
const { fork } = require("node:child_process");
const { isMainThread, parentPort, workerData } = require("node:worker_threads");
const { Faults } = require("./http-s3-faults.js");
const { playQuirk, quirkOf } = require("./quirks/play.js");
const { openLink } = require("./presigned.js");
const { quirks } = require("./quirks/quirks.js");

/** @typedef {import("./http-s3.js").Command} Command */
/** @typedef {import("./http-s3.js").ServerData} ServerData */
/** @typedef {import("./http-s3.js").LoggedRequest} LoggedRequest */

/** @type {Record<string, string>} */
const kinds = {
  GetObject: "GET",
  HeadObject: "HEAD",
  PutObject: "PUT",
  CopyObject: "COPY",
  DeleteObject: "DELETE",
  ListObjectsV2: "LIST",
  DeleteObjects: "DELETE_OBJECTS",
};
/** What the log has no copy of: other properties of its entries say who has signed. */
const secret = new Set(["authorization", "x-amz-security-token"]);

const RealDate = Date;

/** From now on it is always this time in this thread. @param {string} at */
function stopClock(at) {
  const now = RealDate.parse(at);
  globalThis.Date = /** @type {DateConstructor} */ (
    class extends RealDate {
      /** @param {any[]} given */
      constructor(...given) {
        // @ts-expect-error -- any of Date's signatures
        super(...(given.length === 0 ? [now] : given));
      }
      /** @override */
      static now() {
        return now;
      }
    }
  );
}

/** @param {ServerData} data */
async function serve({ options, handlerFile }) {
  const { LocalS3Handler, operationOf, parseRequest } = require(handlerFile);
  const handler = new LocalS3Handler({
    directory: options.directory,
    createBuckets: options.createBuckets ?? true,
  });
  const faults = new Faults();
  /** @type {LoggedRequest[]} */
  let log = [];
  let concurrent = 0;
  let maxConcurrent = 0;

  /** @param {http.IncomingMessage} incoming */
  function requestOf(incoming) {
    const url = incoming.url ?? "/";
    const mark = url.indexOf("?");
    const search = new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1));
    const hasBody =
      incoming.headers["transfer-encoding"] !== undefined ||
      Number(incoming.headers["content-length"] ?? 0) > 0;
    return {
      method: incoming.method ?? "GET",
      path: mark < 0 ? url : url.slice(0, mark),
      query: Object.fromEntries(search),
      headers: /** @type {Record<string, string>} */ (incoming.headers),
      body: hasBody ? incoming : undefined,
    };
  }

  /**
   * @param {import("../../lib/local/request.js").RawRequest} request
   * @returns {LoggedRequest}
   */
  function logEntry(request) {
    /** @type {{ bucket: string, key: string, query: Record<string, string>, headers: Record<string, string> }} */
    let parsed = { bucket: "", key: "", query: {}, headers: request.headers };
    let operation;
    try {
      parsed = parseRequest(request);
      operation = operationOf(parsed);
    } catch {
      // The handler says what is wrong with it.
    }
    const { bucket, key, query, headers } = parsed;
    return {
      method: request.method,
      operation: operation ?? "Unknown",
      bucket,
      key,
      query,
      headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !secret.has(name))),
      ...(headers["x-amz-security-token"] && { token: headers["x-amz-security-token"] }),
      bySdk: headers["amz-sdk-invocation-id"] !== undefined,
      signedFor: (/Credential=([^/]+)\/\d+\/([^/]+)/.exec(headers["authorization"] ?? "") ?? [])
        .slice(1)
        .join(" "),
      authorized: headers["authorization"] !== undefined,
      status: 0,
      faulted: false,
    };
  }

  /**
   * @param {import("../../lib/local/request.js").RawRequest} request
   * @returns {import("./http-s3.js").FaultAction | undefined}
   */
  function denial(request) {
    if (!options.credentials) return undefined;
    const credential = /Credential=([^/]+)\//.exec(request.headers["authorization"] ?? "")?.[1];
    if (credential === options.credentials.accessKeyId) return undefined;
    return credential
      ? {
          status: 403,
          code: "InvalidAccessKeyId",
          message: "The AWS Access Key Id you provided does not exist in our records.",
        }
      : { status: 403, code: "AccessDenied", message: "Access Denied" };
  }

  /**
   * @param {http.IncomingMessage} incoming
   * @param {http.ServerResponse} outgoing
   */
  function receive(incoming, outgoing) {
    concurrent++;
    maxConcurrent = Math.max(maxConcurrent, concurrent);
    outgoing.once("close", () => {
      concurrent--;
      faults.answered();
    });
    // The client went away; there is no one to tell.
    incoming.on("error", () => undefined);
    outgoing.on("error", () => undefined);
    const request = requestOf(incoming);
    const link = openLink(request);
    const entry = logEntry(request);
    log.push(entry);
    answer(request, incoming, outgoing, entry, link).catch((error) => {
      if (outgoing.headersSent || incoming.destroyed) return void outgoing.destroy();
      entry.status = 500;
      outgoing.writeHead(500, { "content-type": "application/xml" });
      outgoing.end(`<Error><Code>InternalError</Code><Message>${String(error)}</Message></Error>`);
    });
  }

  const server = http.createServer(receive);
  server.on("checkContinue", (incoming, outgoing) => {
    const quirk = options.quirks && quirkOf(quirks, incoming.headers);
    if (quirk && quirk.refusesExpect) return void outgoing.writeHead(417, { connection: "close" }).end();
    outgoing.writeContinue();
    receive(incoming, outgoing);
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;

  /**
   * @param {import("../../lib/local/request.js").RawRequest} request
   * @param {http.IncomingMessage} incoming
   * @param {http.ServerResponse} outgoing
   * @param {LoggedRequest} entry
   * @param {ReturnType<typeof openLink>} link
   */
  async function answer(request, incoming, outgoing, entry, link) {
    const denied = link ? link.denial : denial(request);
    const action = denied ?? faults.next(kinds[entry.operation], entry);
    entry.faulted = action !== undefined && !denied;
    const delay = (options.latencyMs ?? 0) + (action?.delayMs ?? 0);
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (options.conditions !== undefined && bendConditions(request, options.conditions)) {
      const refusal = { status: 501, code: "NotImplemented" };
      return faults.play(refusal, { incoming, outgoing, entry, apply: () => Promise.reject(new Error()) });
    }
    if (action?.overwrite !== undefined) {
      const body = Buffer.alloc(action.overwrite, "!");
      await handler.handle({
        ...request,
        method: "PUT",
        query: {},
        headers: { host: request.headers["host"] ?? "" },
        body,
      });
    }
    if (options.pageSize !== undefined && entry.operation === "ListObjectsV2") {
      const asked = Number(request.query?.["max-keys"] ?? 1000);
      request.query = { ...request.query, "max-keys": String(Math.min(asked, options.pageSize)) };
    }
    if (action?.twice) request.body = Buffer.concat(await incoming.toArray());
    if (action?.range === "") delete request.headers["range"];
    else if (action?.range !== undefined) request.headers["range"] = action.range;
    const abort = new globalThis.AbortController();
    outgoing.once("close", () => abort.abort());
    const quirk = options.quirks && quirkOf(quirks, request.headers);
    if (quirk) {
      const handle = async (/** @type {import("../../lib/local/request.js").RawRequest} */ asked) =>
        (await handler.handle(asked, { abortSignal: abort.signal })).response;
      return playQuirk(quirk, { request, incoming, outgoing, entry, handle });
    }
    const apply = async () => (await handler.handle(request, { abortSignal: abort.signal })).response;
    if (action) return faults.play(action, { incoming, outgoing, entry, apply });
    const response = await apply();
    entry.status = response.statusCode;
    outgoing.writeHead(response.statusCode, { ...response.headers, ...link?.shown });
    response.body.on("error", () => outgoing.destroy());
    response.body.pipe(outgoing);
  }

  function counts() {
    /** @type {Record<string, number>} */
    const found = {
      total: log.length,
      GET: 0,
      HEAD: 0,
      PUT: 0,
      COPY: 0,
      DELETE: 0,
      LIST: 0,
      DELETE_OBJECTS: 0,
    };
    for (const { operation } of log) {
      const kind = kinds[operation] ?? operation;
      found[kind] = (found[kind] ?? 0) + 1;
    }
    return found;
  }

  /** @param {Command} command */
  function obey(command) {
    switch (command.name) {
      case "counts":
        return counts();
      case "log":
        return log;
      case "maxConcurrent":
        return maxConcurrent;
      case "reset":
        log = [];
        maxConcurrent = concurrent;
        return undefined;
      case "fault":
        return faults.add(command.rule);
      case "clearFaults":
        return faults.clear();
      case "setClock":
        stopClock(command.at);
        return undefined;
      case "close":
        server.close();
        server.closeAllConnections();
        handler.destroy();
        return undefined;
    }
  }

  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", () => resolve(undefined));
  });
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { port: address.port, obey };
}

/**
 * @param {import("../../lib/local/request.js").RawRequest} request
 * @param {NonNullable<import("./http-s3.js").HttpS3Options["conditions"]>} conditions
 * @returns {boolean} whether to refuse the request
 */
function bendConditions({ method, headers }, conditions) {
  const match = headers["if-match"];
  const isConditional = match !== undefined || headers["if-none-match"] !== undefined;
  if (!isConditional || (method !== "PUT" && method !== "DELETE")) return false;
  if (conditions === "not implemented") return true;
  if (conditions === "ignored" || (conditions === "ignored by DELETE" && method === "DELETE")) {
    delete headers["if-match"];
    delete headers["if-none-match"];
  }
  if (conditions === "bare" && match?.startsWith('"')) headers["if-match"] = '"matches nothing"';
  return false;
}

/**
 * @param {(command: Command) => unknown} obey
 * @param {Command} command
 */
async function replyTo(obey, command) {
  try {
    return { result: await obey(command) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * @param {ServerData} data
 * @returns {Promise<{ port: number, pid?: number, obey: (command: Command) => unknown }>}
 */
function serveFromChild(data) {
  const child = fork(__filename, { execArgv: [], serialization: "advanced" });
  /** @type {((reply: any) => void)[]} */
  const waiting = [];
  child.on("message", (message) => waiting.shift()?.(message));
  child.once("exit", () =>
    waiting.splice(0).forEach((done) => done({ error: "The HttpS3 process has ended." })),
  );
  /** @param {unknown} message */
  const ask = (message) =>
    new Promise((resolve) => {
      if (!child.connected) return resolve({ error: "The HttpS3 process has ended." });
      waiting.push(resolve);
      child.send(/** @type {any} */ (message), () => undefined);
    });
  return ask(data).then((/** @type {any} */ started) => {
    if (started.error) throw new Error(started.error);
    /** @param {Command} command */
    const obey = async (command) => {
      const reply = /** @type {any} */ (await ask(command));
      if (command.name === "close") child.kill("SIGKILL");
      else if (reply.error) throw new Error(reply.error);
      return reply.result;
    };
    return { port: started.port, ...(child.pid !== undefined && { pid: child.pid }), obey };
  });
}

async function runInThread() {
  const { port: control, signal, options, handlerFile } = workerData;
  const data = { options, handlerFile };
  const { obey, ...started } = options.process ? await serveFromChild(data) : await serve(data);
  control.on("message", async (/** @type {Command} */ command) => {
    control.postMessage(await replyTo(obey, command));
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  });
  parentPort?.postMessage(started);
}

function runInProcess() {
  process.on("disconnect", () => process.exit());
  process.once("message", async (/** @type {ServerData} */ data) => {
    try {
      const { port, obey } = await serve(data);
      process.on("message", async (/** @type {Command} */ command) =>
        process.send?.(await replyTo(obey, command)),
      );
      process.send?.({ port });
    } catch (error) {
      process.send?.({ error: String(error) });
    }
  });
}

if (isMainThread) runInProcess();
else void runInThread();
