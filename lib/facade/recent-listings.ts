import { clock } from "../copies/clock.js";
import { setTimeout } from "node:timers";
import { LIVES_MS } from "./listing.js";
import type { Listing } from "./listing.js";

/** How many listings are kept. A loop whose listing was dropped costs a request for each key. */
const MOST = 16;

// The most recently used is the last. Nested loops each have their own. The listing of a loop that was left early is dropped here.
let recent: Listing[] = [];
let willTidyUp = false;

/** Keeps a listing for the questions about its keys. */
export function remember(listing: Listing): void {
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
