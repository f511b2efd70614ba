// @ts-check
// Presigned links at the specs' server. As with any request there, the signature itself is not verified: Ceph does that.

/** The parameters of the signature itself. All others that begin like them stand for headers. */
const ofSignature = new Set(
  ["algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token"].map(
    (name) => `x-amz-${name}`,
  ),
);

/**
 * Makes a plain request of one by a presigned link: what the link has as parameters become headers, of the request or of
 * the answer.
 *
 * @param {import("../../lib/local/request.js").RawRequest} request
 * @returns {{ denial?: import("./http-s3.js").FaultAction, shown: Record<string, string> } | undefined}
 */
function openLink(request) {
  const query = /** @type {Record<string, string>} */ (request.query ?? {});
  if (query["X-Amz-Signature"] === undefined) return undefined;
  /** @type {Record<string, string>} */
  const plain = {};
  /** @type {Record<string, string>} */
  const shown = {};
  for (const [name, value] of Object.entries(query)) {
    const lower = name.toLowerCase();
    if (lower.startsWith("response-")) shown[lower.slice("response-".length)] = value;
    else if (!lower.startsWith("x-amz-")) plain[name] = value;
    else if (!ofSignature.has(lower)) request.headers[lower] = value;
  }
  request.query = plain;
  const signedAt = (query["X-Amz-Date"] ?? "").replace(
    /^(....)(..)(..)T(..)(..)(..)Z$/,
    "$1-$2-$3T$4:$5:$6Z",
  );
  const until = Date.parse(signedAt) + 1000 * Number(query["X-Amz-Expires"]);
  const refuse = (/** @type {string} */ message) => ({
    denial: { status: 403, code: "AccessDenied", message },
    shown,
  });
  if (!(Date.now() <= until)) return refuse("Request has expired");
  const absent = (query["X-Amz-SignedHeaders"] ?? "").split(";").find((name) => !(name in request.headers));
  return absent === undefined ? { shown } : refuse(`The header ${absent} was signed`);
}

module.exports = { openLink };
