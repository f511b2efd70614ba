import { wholeKey } from "../arguments/keys.js";
import { checkLinkable, checkLinkOptions } from "../arguments/link-options.js";
import { argumentError } from "../errors/errors.js";
import type { LinkOptions } from "../map/sync-map.js";
import type { BucketCalls } from "./bucket-calls.js";

/** A presigned link to a key. */
export function linkTo(calls: BucketCalls, key: string, options: LinkOptions | undefined): string {
  const whole = wholeKey(calls.prefix, key);
  const link = checkLinkOptions(options);
  checkLinkable(whole);
  const { local, anonymous } = calls.shared.settings.client;
  if (local !== undefined)
    throw argumentError(
      "url does not work on the local S3, which runs in this process, so no URL can reach it.",
    );
  if (anonymous === true)
    throw argumentError("url needs credentials to sign the link, but this map is anonymous.");
  return calls.call({ op: "url", key: whole, link });
}
