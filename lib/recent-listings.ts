import { Listing } from "./listing.js";
import type { Place, Write } from "./listing.js";

/** Loops within loops beyond this cost a request a key again. */
const MOST = 4;

/**
 * The listings that a facade's loops are in the middle of, the newest first: a loop within a loop, or an
 * `Object.keys` in its body, leaves the outer one its own listing to go on with.
 */
export class RecentListings {
  #listings: Listing[] = [];

  add(keys: readonly string[], place: Place): void {
    const older = this.#listings.filter((listing) => !listing.isOver).slice(0, MOST - 1);
    if (older.length > 0) {
      const found = new Set(keys);
      for (const listing of older) listing.correct(found);
    }
    this.#listings = [new Listing(keys, place), ...older];
  }

  /** Whether the key is there, or undefined where no listing can tell. */
  answer(key: string): boolean | undefined {
    for (const listing of this.#listings) {
      const answer = listing.answer(key);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  note(wholeKey: string, write: Write): void {
    for (const listing of this.#listings) listing.note(wholeKey, write);
  }
}
