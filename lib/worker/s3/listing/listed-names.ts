import type { PageStart } from "../../../bridge/protocol.js";
import { comesBefore, orderOf } from "../../../text/utf8-order.js";
import { OperationError } from "../../operation-error.js";

/** S3 may return an empty page although there are more keys. This many in a row are taken for an endless listing. */
const MAX_EMPTY_PAGES = 100;

/** The same limit for pages after which it is doubtful whether there are more keys ("perhaps" in {@link More}). */
const MAX_DOUBTFUL_PAGES = 1;

/**
 * Whether there is another page. "perhaps": the page claims to be the last one, but has a continuation token. On some
 * services it is the last page. On others there are more keys.
 *
 * @see https://github.com/minio/minio/pull/7012
 */
export type More = "yes" | "perhaps" | "no";

/** The names of one page, and where the page was supposed to begin. */
export interface ListedNames extends PageStart {
  prefix: string;
  names: readonly string[];
}

/**
 * Checks the names of a page, among themselves and against the previous page.
 *
 * @returns the index of the first name that was requested and is new
 * @throws BadListing for a name outside the prefix or out of order
 */
export function firstNewName({ prefix, names, startAfter, before }: ListedNames): number {
  const isInOrder = orderOf(names);
  for (const [at, name] of names.entries()) {
    if (name === "") throw badListing("the service listed an object without a key");
    if (!name.startsWith(prefix)) {
      throw badListing(`the service listed ${quote(name)}, which does not begin with ${quote(prefix)}`);
    }
    if (at > 0 && !isInOrder(names[at - 1]!, name)) throw outOfOrder(names[at - 1]!, name);
  }
  let first = 0;
  const skipUpTo = (last: string): void => {
    while (first < names.length && !comesBefore(last, names[first]!)) first += 1;
  };
  if (before !== undefined) {
    skipUpTo(before.last);
    // Repeating the previous page, or its last name, is harmless.
    if (first > 0 && names[0] !== before.first && names[0] !== before.last) {
      throw outOfOrder(before.last, names[0]!);
    }
  }
  // Some services ignore StartAfter.
  if (startAfter !== undefined) skipUpTo(startAfter);
  return first;
}

/**
 * Where the next page begins, if there is one.
 *
 * @throws BadListing if the listing makes no progress
 */
export function nextPage(
  { names, startAfter, before, token: askedBy, emptyPages = 0 }: ListedNames,
  more: More,
  token: string | undefined,
): PageStart | undefined {
  if (more === "no") return undefined;
  const stop = (reason: string): undefined => {
    if (more === "yes") throw badListing(reason);
  };
  const hasToken = token !== undefined && token !== "";
  if (hasToken && token === askedBy)
    return stop("the service returned the same continuation token again, so the listing would never end");
  const start = hasToken ? { token } : {};
  const last = names.at(-1);
  if (last === undefined) {
    if (!hasToken || emptyPages >= (more === "yes" ? MAX_EMPTY_PAGES : MAX_DOUBTFUL_PAGES)) {
      return stop("the service reports that there are more keys, but returns none");
    }
    return {
      ...start,
      ...(startAfter === undefined ? {} : { startAfter }),
      ...(before === undefined ? {} : { before }),
      emptyPages: emptyPages + 1,
    };
  }
  if (before !== undefined && !comesBefore(before.last, last)) {
    return stop("the service reports that there are more keys, but returns keys that it has returned before");
  }
  const isBeforeStart = startAfter !== undefined && !comesBefore(startAfter, last);
  return { ...start, ...(isBeforeStart ? { startAfter } : {}), before: { first: names[0]!, last } };
}

export function badListing(reason: string): OperationError {
  return new OperationError("BadListing", reason);
}

function outOfOrder(previous: string, name: string): OperationError {
  return badListing(
    `the service listed ${quote(name)} after ${quote(previous)}, which is out of order, so it cannot be trusted to list all keys`,
  );
}

function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}…` : name);
}
