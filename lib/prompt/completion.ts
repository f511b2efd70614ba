import { types } from "node:util";
import vm from "node:vm";
import { within } from "../bridge/call-limit.js";
import { bucketsBehind } from "../entry/buckets-map.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Mapping } from "../facade/bucket-object.js";
import { asLiteral, printable } from "../text/format.js";
import { insideTry, isPlain } from "./effects.js";
import { accessAtEnd, argumentAtEnd, isCommand, isIdentifier, wordAtEnd } from "./line.js";
import type { Access, Word } from "./line.js";
import { listFirst } from "./listing.js";
import type { Listing } from "./listing.js";
import type { Prompt } from "./prompt.js";

/** How long Tab may block the prompt. */
const DEADLINE_MS = 1000;

/** The limit of the listing: at most 99 keys and folders are offered. */
const MAX_LISTED = 100;

/** How long a listing may be reused. */
const KEPT_MS = 5000;

const DELIMITER = "/";

interface Kept {
  map: Mapping<unknown>;
  prefix: string;
  /** Undefined if the listing failed, so that Tab does not wait for the failure again. */
  listing: Listing | undefined;
  until: number;
}

/** What a key at the end of a line completes to. */
interface Wanted {
  map: Mapping<unknown> | undefined;
  partial: string;
  /** The part of the line that completions replace. */
  typed: string;
  readonly complete: (key: string, isFolder: boolean) => string;
}

/**
 * Completes keys on Tab, with one small LIST: after a bucket's object, and in the arguments of maps and commands. Node also
 * completes on every keystroke, for its previews. These send nothing here: Node would list the bucket at each character
 * after the dot, and read the object before a second dot.
 *
 * @param base - the map of the commands
 */
export function completeKeys(prompt: Prompt, base?: () => Mapping<unknown> | undefined): void {
  const node = prompt.completer.bind(prompt);
  let isTab = false;
  let kept: Kept[] = [];
  prompt.input.prependListener("keypress", (_text: string, key?: { name?: string }) => {
    isTab = key?.name === "tab";
  });
  // A line may have changed the bucket.
  prompt.prependListener("line", () => (kept = []));

  function listingOf(map: Mapping<unknown>, prefix: string): Listing | undefined {
    const now = performance.now();
    kept = kept.filter(({ until }) => until > now);
    const known = kept.find((one) => one.map === map && (one.prefix === prefix || covers(one, prefix)));
    if (known !== undefined) return known.listing;
    let listing: Listing | undefined;
    try {
      listing = within(DEADLINE_MS, () =>
        listFirst(map, { prefix, delimiter: DELIMITER, limit: MAX_LISTED }),
      );
    } catch {
      // Reading a key will report the error.
    }
    kept.push({ map, prefix, listing, until: performance.now() + KEPT_MS });
    return listing;
  }

  prompt.completer = (line, callback) => {
    const mayAsk = isTab;
    // The preview that follows Tab must send nothing.
    isTab = false;
    try {
      const wanted = wantedAt(prompt, line, base);
      const map = wanted?.map;
      if (map !== undefined && !mayAsk) return callback(null, [[], line]);
      // Node would complete the words of a command as JavaScript.
      if (wanted === undefined && base !== undefined && isCommand(line)) return callback(null, [[], line]);
      if (wanted === undefined || map === undefined) {
        within(mayAsk ? DEADLINE_MS : 0, () => withoutEffects(prompt, () => node(line, callback)));
        return;
      }
      const listing = listingOf(map, wanted.partial);
      callback(null, [listing === undefined ? [] : offer(wanted, listing), wanted.typed]);
    } catch {
      callback(null, [[], line]);
    }
  };
}

/**
 * Runs Node's completion, which evaluates what stands before the last dot, calls included: `map.delete("key").` would
 * delete the key, at Tab and for the preview while somebody types. Here it evaluates plain members alone.
 */
function withoutEffects(prompt: Prompt, complete: () => void): void {
  const evaluate = prompt.eval;
  prompt.eval = function (code, context, file, done) {
    if (isPlain(insideTry(code))) evaluate.call(this, code, context, file, done);
    else done(null, undefined);
  };
  try {
    complete();
  } finally {
    prompt.eval = evaluate;
  }
}

function wantedAt(
  prompt: Prompt,
  line: string,
  base: (() => Mapping<unknown> | undefined) | undefined,
): Wanted | undefined {
  const word = base && wordAtEnd(line);
  if (word !== undefined) {
    const complete = (key: string, isFolder: boolean): string => asWord(key, isFolder, word.quote);
    return { ...word, map: base!(), complete };
  }
  const argument = argumentAtEnd(line);
  if (argument !== undefined) {
    const value = valueAt(prompt, argument.path);
    const complete = (key: string, isFolder: boolean): string =>
      opened(asLiteral(key, argument.quote), isFolder);
    return { ...argument, map: isMap(value) ? value : undefined, complete };
  }
  const access = accessAtEnd(line);
  if (access === undefined) return undefined;
  const complete = (key: string, isFolder: boolean): string => asAccess(access, key, isFolder);
  return { ...access, map: mapBehind(valueAt(prompt, access.path)), complete };
}

// A complete listing also has the keys under a longer prefix in the same folder.
function covers({ prefix, listing }: Kept, longer: string): boolean {
  if (listing === undefined || listing.isMore || !longer.startsWith(prefix)) return false;
  return !longer.slice(prefix.length).includes(DELIMITER);
}

/** The value of a variable, or at a path of names. Calls no getter and no trap on the way. */
export function valueAt(prompt: Prompt, [first, ...rest]: string[]): unknown {
  let value: unknown;
  try {
    const script = new vm.Script(first ?? "");
    value = prompt.useGlobal ? script.runInThisContext() : script.runInContext(prompt.context);
  } catch {
    return undefined; // There is no such variable, or it is not initialized.
  }
  for (const name of rest) {
    const buckets = bucketsBehind(value);
    if (buckets !== undefined) {
      // Its buckets are read without a request.
      value = buckets.get(name);
      continue;
    }
    if (mapBehind(value) !== undefined) return undefined;
    const own = typeof value === "object" && value !== null && !types.isProxy(value);
    value = own ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  }
  return value;
}

/** Whether it is a map of this library. A Proxy is not asked. */
function isMap(value: unknown): value is Mapping<unknown> {
  if (typeof value !== "object" || value === null || types.isProxy(value)) return false;
  return typeof (value as { list?: unknown }).list === "function";
}

function offer({ partial, complete }: Wanted, { entries, isMore }: Listing): string[] {
  const offered = entries
    .filter(({ key }) => key.startsWith(partial))
    .map(({ key, isFolder }) => complete(key, isFolder));
  // Node inserts what all completions have in common. The empty string keeps it from guessing if there are more.
  return isMore ? [...offered, "", "… and more"] : offered;
}

function asAccess({ object, chain, quote }: Access, key: string, isFolder: boolean): string {
  if (quote === undefined && !isFolder && isIdentifier(key)) return `${object}${chain}${key}`;
  const literal = opened(asLiteral(key, quote), isFolder);
  return `${object}${chain === "?." ? chain : ""}[${literal}${isFolder ? "" : "]"}`;
}

function asWord(key: string, isFolder: boolean, quote: Word["quote"]): string {
  const isPrintable = printable(key) === key;
  if (quote === undefined && isPrintable && /^[^\s"'\\]+$/u.test(key)) return key;
  return quote === "'" && isPrintable && !key.includes("'")
    ? opened(`'${key}'`, isFolder)
    : opened(`"${printable(JSON.stringify(key).slice(1, -1))}"`, isFolder);
}

// The name of a folder stays open for further completion.
function opened(literal: string, isFolder: boolean): string {
  return isFolder ? literal.slice(0, -1) : literal;
}
