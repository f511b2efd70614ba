import { types } from "node:util";
import vm from "node:vm";
import { within } from "../bridge/call-limit.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Mapping } from "../facade/bucket-object.js";
import { asLiteral, printable } from "../text/format.js";
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

/** What the end of a line completes to. */
interface Wanted {
  /** Where the keys are that complete it. */
  map: Mapping<unknown> | undefined;
  /** What completes it, if no key does. */
  members?: string[];
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
      within(mayAsk ? DEADLINE_MS : 0, () => {
        const wanted = wantedAt(prompt, line, base);
        if (wanted === undefined) return withoutEffects(prompt, () => node(line, callback));
        const { map, members = [], typed } = wanted;
        if (map === undefined) return callback(null, [members, typed]);
        const listing = mayAsk ? listingOf(map, wanted.partial) : undefined;
        callback(null, [listing === undefined ? [] : offer(wanted, listing), typed]);
      });
    } catch {
      callback(null, [[], line]);
    }
  };
}

/**
 * Runs Node's completion, which evaluates what stands before the last dot, calls included: `map.delete("key").` would
 * delete the key, at Tab and for the preview while somebody types. Here it evaluates nothing: {@link membersOf} offers
 * members.
 */
function withoutEffects(prompt: Prompt, complete: () => void): void {
  const evaluate = prompt.eval;
  prompt.eval = (_code, _context, _file, done) => done(null, undefined);
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
  // Node would complete the words of a command as JavaScript.
  if (base !== undefined && isCommand(line))
    return { map: undefined, partial: "", typed: line, complete: String };
  const argument = argumentAtEnd(line);
  if (argument !== undefined) {
    const value = valueOf(prompt, argument.object);
    const complete = (key: string, isFolder: boolean): string =>
      opened(asLiteral(key, argument.quote), isFolder);
    return isMap(value) ? { ...argument, map: value, complete } : undefined;
  }
  const access = accessAtEnd(line);
  if (access === undefined) return undefined;
  const value = valueOf(prompt, access.object);
  const map = mapBehind(value);
  const complete = (key: string, isFolder: boolean): string => asAccess(access, key, isFolder);
  if (map !== undefined || access.quote !== undefined) return { ...access, map, complete };
  const begun = access.partial.toLowerCase();
  const members = membersOf(value).filter((name) => name === "" || name.toLowerCase().startsWith(begun));
  return { ...access, map, members: members.map((name) => name && complete(name, false)), complete };
}

/** The names that can stand after a dot. As Node shows them, an object's own are last, closest to the line. */
function membersOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const seen = new Set<string>();
  const groups: string[][] = [];
  // Strings and Buffers have a property for each character or byte.
  const isLong = typeof value === "string" || ArrayBuffer.isView(value);
  let from: unknown = isLong ? Object.getPrototypeOf(value) : Object(value);
  for (; from !== null; from = Object.getPrototypeOf(from)) {
    const names = Object.getOwnPropertyNames(from).filter((name) => isIdentifier(name) && !seen.has(name));
    for (const name of names) seen.add(name);
    groups.unshift(names.sort(), [""]);
  }
  return groups.flat();
}

// A complete listing also has the keys under a longer prefix in the same folder.
function covers({ prefix, listing }: Kept, longer: string): boolean {
  if (listing === undefined || listing.isMore || !longer.startsWith(prefix)) return false;
  return !longer.slice(prefix.length).includes(DELIMITER);
}

/** The value of a variable, or of plain members of it. */
export function valueOf(prompt: Prompt, code: string): unknown {
  try {
    const script = new vm.Script(code);
    return prompt.useGlobal ? script.runInThisContext() : script.runInContext(prompt.context);
  } catch {
    return undefined; // There is no such variable, it is not initialized, or reading it would send a request.
  }
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
