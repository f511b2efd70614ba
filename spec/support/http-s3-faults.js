// @ts-check
/** @typedef {import("./http-s3.js").FaultRule} FaultRule */
/** @typedef {import("./http-s3.js").FaultAction} FaultAction */
/** @typedef {import("./http-s3.js").LoggedRequest} LoggedRequest */
/**
 * @typedef {object} Exchange
 * @property {import("node:http").IncomingMessage} incoming
 * @property {import("node:http").ServerResponse} outgoing
 * @property {LoggedRequest} entry
 * @property {() => Promise<import("../../lib/local/handler.js").LocalResponse>} apply asks the handler
 */

/**
 * mulberry32: a small generator, so that a soak can be played again from its seed.
 * @param {number} seed
 */
function generator(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {import("node:stream").Readable} stream */
async function collect(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The rules of one server, and what they do. */
class Faults {
  constructor() {
    /** @type {{ rule: FaultRule, left: number, skip: number, random: () => number }[]} */
    this.rules = [];
    /** @type {Set<import("node:http").ServerResponse>} */
    this.stalled = new Set();
    /** @type {{ left: number, goOn: () => void }[]} */
    this.held = [];
  }

  /** A request has been answered, or given up. */
  answered() {
    for (const held of this.held) if (--held.left === 0) held.goOn();
    this.held = this.held.filter(({ left }) => left > 0);
  }

  /** @param {FaultRule} rule */
  add(rule) {
    const left = rule.times ?? (rule.probability === undefined ? 1 : Infinity);
    this.rules.push({ rule, left, skip: rule.after ?? 0, random: generator(rule.seed ?? 1) });
  }

  clear() {
    this.rules = [];
    for (const outgoing of this.stalled) outgoing.destroy();
    this.stalled.clear();
  }

  /**
   * @param {string | undefined} kind
   * @param {LoggedRequest} entry
   * @returns {FaultAction | undefined}
   */
  next(kind, entry) {
    for (const state of this.rules) {
      const { rule } = state;
      if (rule.operation !== undefined && rule.operation !== kind && rule.operation !== entry.operation)
        continue;
      if (typeof rule.key === "string" && rule.key !== entry.key) continue;
      if (rule.key instanceof RegExp && !rule.key.test(entry.key)) continue;
      if (rule.accessKey !== undefined && rule.accessKey !== entry.signedFor.split(" ")[0]) continue;
      if (rule.ranged !== undefined && rule.ranged !== "range" in entry.headers) continue;
      if (state.left <= 0) continue;
      if (state.skip > 0) {
        state.skip--;
        continue;
      }
      if (rule.probability !== undefined && state.random() >= rule.probability) continue;
      state.left--;
      if (!Array.isArray(rule.action)) return rule.action;
      return rule.action[Math.floor(state.random() * rule.action.length)];
    }
    return undefined;
  }

  /**
   * @param {FaultAction} action
   * @param {Exchange} exchange
   */
  async play(action, { incoming, outgoing, entry, apply }) {
    const { reset, stall } = action;
    if (action.status !== undefined) {
      if (action.applied) await collect((await apply()).body);
      return this.canned(action, { incoming, outgoing, entry, apply });
    }
    if (reset === "before") return void outgoing.socket?.resetAndDestroy();
    if (stall === "before") return void this.stalled.add(outgoing);
    if (action.twice) await collect((await apply()).body);
    const { statusCode, headers, body: stream } = await apply();
    const body = this.transform(action, entry, await collect(stream));
    if (action.corrupt && body.length > 0) {
      const at = action.corrupt === true ? body.length >> 1 : action.corrupt;
      body[at] = (body[at] ?? 0) ^ 1;
    }
    if (reset === "after-apply") return void outgoing.socket?.resetAndDestroy();
    if (stall === "after-apply") return void this.stalled.add(outgoing);
    entry.status = statusCode;
    const length = entry.method === "HEAD" ? headers["content-length"] : String(body.length);
    outgoing.writeHead(statusCode, {
      ...headers,
      ...(length !== undefined && statusCode !== 204 && { "content-length": length }),
    });
    if (action.truncate !== undefined)
      return this.part(outgoing, body.subarray(0, Math.max(0, body.length - action.truncate)), () =>
        outgoing.socket?.end(),
      );
    if (reset === "mid-body") return this.half(outgoing, body, () => outgoing.socket?.resetAndDestroy());
    if (stall === "mid-body") return this.half(outgoing, body, () => this.stalled.add(outgoing));
    if (action.hold !== undefined) {
      outgoing.write(body.subarray(0, 1));
      this.held.push({ left: action.hold, goOn: () => outgoing.end(body.subarray(1)) });
      return;
    }
    outgoing.end(entry.method === "HEAD" ? undefined : body);
  }

  /**
   * @param {FaultAction} action
   * @param {Exchange} exchange
   */
  async canned({ status = 500, code, message, headers, body }, { incoming, outgoing, entry }) {
    // Else the answer and the rest of the request would cross, and the client would see a reset instead.
    if (!incoming.readableEnded) await collect(incoming);
    entry.status = status;
    const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code ?? "InternalError"}</Code><Message>${message ?? "A fault of the specs'"}</Message><RequestId>FAULT</RequestId></Error>`;
    const bytes = Buffer.from(body ?? xml);
    const withBody = entry.method !== "HEAD" && status !== 304 && status !== 204;
    outgoing.writeHead(status, {
      "content-type": "application/xml",
      "x-amz-request-id": "FAULT",
      ...(withBody && { "content-length": String(bytes.length) }),
      ...headers,
    });
    outgoing.end(withBody ? bytes : undefined);
  }

  /**
   * @param {import("node:http").ServerResponse} outgoing
   * @param {Buffer} body
   * @param {() => void} then
   */
  half(outgoing, body, then) {
    this.part(outgoing, body.subarray(0, body.length >> 1), then);
  }

  /**
   * @param {import("node:http").ServerResponse} outgoing
   * @param {Buffer} bytes
   * @param {() => void} then
   */
  part(outgoing, bytes, then) {
    outgoing.flushHeaders();
    // With time for it to arrive: a reset throws away what the other side has not read.
    const later = () => void setTimeout(then, 50);
    if (bytes.length === 0) later();
    else outgoing.write(bytes, later);
  }

  /**
   * @param {FaultAction} action
   * @param {LoggedRequest} entry
   * @param {Buffer} body
   * @returns {Buffer}
   */
  transform({ transformBody }, entry, body) {
    const xml = body.toString();
    switch (transformBody) {
      case "truncated-without-token":
        return Buffer.from(
          xml
            .replace(/<NextContinuationToken>[^<]*<\/NextContinuationToken>/, "")
            .replace("<IsTruncated>false<", "<IsTruncated>true<"),
        );
      case "duplicate-page": {
        // "MQ" is the local S3's token for the beginning.
        const token = entry.query["continuation-token"] ?? "MQ";
        return Buffer.from(
          xml
            .replace(/<NextContinuationToken>[^<]*<\/NextContinuationToken>/, "")
            .replace(
              /<IsTruncated>\w+<\/IsTruncated>/,
              `<NextContinuationToken>${token}</NextContinuationToken><IsTruncated>true</IsTruncated>`,
            ),
        );
      }
      case "unordered": {
        const contents = xml.match(/<Contents>.*?<\/Contents>/gs) ?? [];
        return Buffer.from(xml.replace(/(<Contents>.*?<\/Contents>)+/s, () => contents.reverse().join("")));
      }
      default:
        return body;
    }
  }
}

module.exports = { Faults };
