import { checkOneOf, checkOptions, checkText, checkWhole } from "./checks.js";
import type { Link } from "../bridge/protocol.js";
import { argumentError } from "../errors/errors.js";
import type { LinkOptions } from "../map/sync-map.js";
import { checkHeader } from "./method-options.js";

const DEFAULT_SECONDS = 3600;
/** S3's limit for a signature in a URL. */
const MAX_SECONDS = 7 * 24 * 3600;

export function checkLinkOptions(options: LinkOptions = {}): Link {
  checkOptions(options, ["expiresIn", "method", "contentType", "filename"], "url");
  const { expiresIn = DEFAULT_SECONDS, method = "GET", contentType, filename } = options;
  checkWhole(expiresIn, "expiresIn of url, in seconds,", 1, MAX_SECONDS);
  checkOneOf(method, "method of url", ["GET", "PUT"]);
  const link: Link = { method, expiresIn };
  if (contentType !== undefined) link.contentType = checkHeader("contentType", contentType);
  if (filename !== undefined) {
    if (method === "PUT")
      throw argumentError(
        "The option filename of url works only with GET, because it names the file that a browser saves.",
      );
    link.disposition = attachment(filename);
  }
  return link;
}

/**
 * Throws for a key that no link can lead to: clients resolve "." and ".." in the path of a URL before they send it,
 * even if they are percent-encoded.
 *
 * @param key - the full key
 */
export function checkLinkable(key: string): void {
  if (!key.split("/").some((segment) => segment === "." || segment === "..")) return;
  throw argumentError(
    `No link can lead to the key ${JSON.stringify(key)}, because browsers and other clients resolve "." and ".." in a URL. Copy the value to another key.`,
  );
}

/** A Content-Disposition that makes a browser save a file of this name. https://www.rfc-editor.org/rfc/rfc6266 */
function attachment(filename: unknown): string {
  checkText(filename, "filename of url");
  if (!filename.isWellFormed()) throw argumentError("The option filename of url contains a lone surrogate.");
  const plain = filename.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  if (plain === filename) return `attachment; filename="${plain}"`;
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
