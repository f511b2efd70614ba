import { clock } from "../copies/clock.js";
import { setTimeout } from "node:timers";
import { LIVES_MS } from "./listing.js";
import type { Listing } from "./listing.js";

/** So many listings answer at a time; a loop whose listing does not costs a request a key. */
const MOST = 16;

// The one that was used last is the last. Loops within loops, of however many buckets, each have their own to go on
// with. A loop that was left leaves its own behind, which is dropped here and not with its object: there may be many of those.
let recent: Listing[] = [];
let tidiesUp = false;

/** Keeps a listing for the questions that follow it. */
export function remember(listing: Listing): void {
  forgetOver();
  for (const older of recent) if (older.owner === listing.owner) older.heed(listing);
  recent = [...recent.slice(1 - MOST), listing];
  if (!tidiesUp) tidyUpLater();
}

/** Whether the key is there, or undefined where no listing can tell. */
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

// A million keys must not stay in memory for a question that will not come.
function tidyUpLater(): void {
  tidiesUp = true;
  setTimeout(() => {
    forgetOver();
    if (recent.length > 0) tidyUpLater();
    else tidiesUp = false;
  }, LIVES_MS).unref();
}
