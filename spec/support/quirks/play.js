// @ts-check
/**
 * A request as a quirk sees it, its body whole.
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} query
 * @property {Record<string, string>} headers
 * @property {Buffer} body
 * @property {string} operation S3's name of it
 * @property {string} key
 */
/** @typedef {{ status: number, headers: Record<string, string>, body: Buffer }} Answer */
/**
 * What a service does otherwise than AWS. A cell that `refuses` does not name must give the right value.
 * @typedef {object} Quirk
 * @property {string} name
 * @property {string} source the public report of it, or on what it was seen
 * @property {Record<string, string>} [refuses] from a cell of the table to the error's code
 * @property {string[]} [keys] that are there beside the usual ones
 * @property {boolean} [dropsMetadata]
 * @property {boolean} [refusesExpect]
 * @property {(asked: Asked) => Answer | undefined | void} [request] may change the request, or answer in S3's place
 * @property {(answer: Answer, asked: Asked) => void} [answer] may change the answer
 * @property {(outgoing: import("node:http").ServerResponse, answer: Answer, asked: Asked) => boolean} [send] says
 *   whether it has sent the answer
 */

/** @param {string} name */
const slug = (name) => name.replace(/[^A-Za-z0-9]+/g, "-");

/**
 * The quirk whose name is the access key of a request.
 * @param {readonly Quirk[]} quirks
 * @param {{ authorization?: string | undefined }} headers
 */
function quirkOf(quirks, headers) {
  const asks = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1];
  return quirks.find(({ name }) => slug(name) === asks);
}

/**
 * @param {number} status
 * @param {string} code
 * @returns {Answer}
 */
function refusal(status, code, message = "Said by a quirk") {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message><RequestId>QUIRK</RequestId></Error>`;
  const headers = { "content-type": "application/xml", "x-amz-request-id": "QUIRK" };
  return { status, headers, body: Buffer.from(xml) };
}

/**
 * @param {Answer} answer
 * @param {(xml: string) => string} change
 */
function changeXml(answer, change) {
  if (answer.status < 300) answer.body = Buffer.from(change(answer.body.toString()));
}

/** @param {AsyncIterable<Buffer>} stream */
async function collect(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/**
 * Answers a request as the service with this quirk does.
 * @param {Quirk} quirk
 * @param {{
 *   request: import("../../../lib/local/request.js").RawRequest,
 *   incoming: import("node:http").IncomingMessage,
 *   outgoing: import("node:http").ServerResponse,
 *   entry: import("../http-s3.js").LoggedRequest,
 *   handle: (request: import("../../../lib/local/request.js").RawRequest) =>
 *     Promise<import("../../../lib/local/handler.js").LocalResponse>,
 * }} exchange
 */
async function playQuirk(quirk, { request, incoming, outgoing, entry, handle }) {
  const { method, path, headers, query = {} } = request;
  /** @type {Asked} */
  const asked = {
    method,
    path,
    headers,
    query: /** @type {Record<string, string>} */ (query),
    body: await collect(incoming),
    operation: entry.operation,
    key: entry.key,
  };
  let answer = quirk.request?.(asked);
  if (!answer) {
    const response = await handle({ ...asked, body: asked.body.length > 0 ? asked.body : undefined });
    const body = await collect(response.body);
    answer = { status: response.statusCode, headers: { ...response.headers }, body };
  }
  quirk.answer?.(answer, asked);
  entry.status = answer.status;
  if (quirk.send?.(outgoing, answer, asked)) return;
  const hasNoBody = method === "HEAD" || answer.status === 204 || answer.status === 304;
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    ...(!hasNoBody && { "content-length": String(answer.body.length) }),
  });
  outgoing.end(hasNoBody ? undefined : answer.body);
}

module.exports = { changeXml, playQuirk, quirkOf, refusal, slug };
