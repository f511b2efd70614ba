import { clock } from "../global/clock.js";
import { setTimeout } from "node:timers";
import { LIVES_MS } from "./own-keys-listing.js";
import type { OwnKeysListing } from "./own-keys-listing.js";

/** How many listings are kept. If a loop's listing was dropped, each of its keys costs a request. */
const MOST = 16;

// The most recently used listing is the last. Each of several nested loops has its own. This also drops the listings of loops that were left early.
let recent: OwnKeysListing[] = [];
let willTidyUp = false;

/** Keeps a listing, to answer for its keys. */
export function remember(listing: OwnKeysListing): void {
  forgetOver();
  for (const older of recent) if (older.owner === listing.owner) older.supersede(listing);
  recent = [...recent.slice(1 - MOST), listing];
  if (!willTidyUp) tidyUpLater();
}

/** Whether the key exists, or undefined if no listing can tell. */
export function answer(owner: object, key: string): boolean | undefined {
  const now = clock().now();
  const at = recent.findLastIndex(
    (listing) => listing.owner === owner && listing.isNext(key) && !listing.isOver(now),
  );
  if (at === -1) return undefined;
  const listing = recent[at]!;
  if (at < recent.length - 1) recent.push(...recent.splice(at, 1));
  const found = listing.answer();
  if (listing.isOver(now)) recent.pop();
  return found;
}

function forgetOver(): void {
  const now = clock().now();
  recent = recent.filter((listing) => !listing.isOver(now));
}

// Otherwise the keys of a listing that is no longer used would stay in memory.
function tidyUpLater(): void {
  willTidyUp = true;
  setTimeout(() => {
    forgetOver();
    if (recent.length > 0) tidyUpLater();
    else willTidyUp = false;
  }, LIVES_MS).unref();
}
