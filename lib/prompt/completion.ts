import { types } from "node:util";
import vm from "node:vm";
import { within } from "../bridge/call-limit.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Mapping } from "../facade/bucket-object.js";
import { asLiteral } from "../text/format.js";
import { peekAt } from "./peek.js";
import type { Peeked } from "./peek.js";
import { accessAtEnd, isIdentifier } from "./line.js";
import type { Access } from "./line.js";
import type { Prompt } from "./prompt.js";

/** How long Tab may block the prompt. */
const DEADLINE_MS = 1000;

/** At most so many keys and folders are offered. */
const OFFERED = 100;

/** How long what was listed may be offered again. */
const KEPT_MS = 5000;

const DELIMITER = "/";

interface Kept {
  map: Mapping<unknown>;
  prefix: string;
  /** Undefined where the listing failed: that, too, need not be waited for again at once. */
  peeked: Peeked | undefined;
  until: number;
}

/**
 * Completes the keys of facades at Tab, by one small LIST. Whatever the prompt looks at while someone only
 * types, for its previews, sends nothing: Node would list the bucket at each key after the dot, and read the
 * object before a second dot.
 */
export function completeKeys(prompt: Prompt): void {
  const node = prompt.completer.bind(prompt);
  let isTab = false;
  let kept: Kept[] = [];
  prompt.input.prependListener("keypress", (_text: string, key?: { name?: string }) => {
    isTab = key?.name === "tab";
  });
  // Any line may have changed the bucket.
  prompt.prependListener("line", () => (kept = []));

  function peekAgain(map: Mapping<unknown>, prefix: string): Peeked | undefined {
    const now = performance.now();
    kept = kept.filter(({ until }) => until > now);
    const known = kept.find((one) => one.map === map && (one.prefix === prefix || tellsAll(one, prefix)));
    if (known !== undefined) return known.peeked;
    let peeked: Peeked | undefined;
    try {
      peeked = within(DEADLINE_MS, () => peekAt(map, { prefix, delimiter: DELIMITER, limit: OFFERED }));
    } catch {
      // Not into the prompt: whoever then asks for a key is told what is wrong.
    }
    kept.push({ map, prefix, peeked, until: performance.now() + KEPT_MS });
    return peeked;
  }

  prompt.completer = (line, callback) => {
    const mayAsk = isTab;
    // The preview that follows a Tab is typing again.
    isTab = false;
    try {
      const access = accessAtEnd(line);
      const map = access && mapAt(prompt, access.path);
      if (map !== undefined && !mayAsk) return callback(null, [[], line]);
      if (access === undefined || map === undefined) {
        within(mayAsk ? DEADLINE_MS : 0, () => node(line, callback));
        return;
      }
      const peeked = peekAgain(map, access.partial);
      callback(null, [peeked === undefined ? [] : offer(access, peeked), access.typed]);
    } catch {
      callback(null, [[], line]);
    }
  };
}

// A listing that was complete tells of longer prefixes, too, as long as they are in the same folder.
function tellsAll({ prefix, peeked }: Kept, longer: string): boolean {
  if (peeked === undefined || peeked.isMore || !longer.startsWith(prefix)) return false;
  return !longer.slice(prefix.length).includes(DELIMITER);
}

/** The map behind the facade that a path of names leads to; none is looked for by way of a getter or a Proxy. */
function mapAt(prompt: Prompt, [first, ...rest]: string[]): Mapping<unknown> | undefined {
  let value: unknown;
  try {
    const script = new vm.Script(first ?? "");
    value = prompt.useGlobal ? script.runInThisContext() : script.runInContext(prompt.context);
  } catch {
    return undefined; // No such variable, or one that is not set yet.
  }
  for (const name of rest) {
    if (mapBehind(value) !== undefined) return undefined;
    const own = typeof value === "object" && value !== null && !types.isProxy(value);
    value = own ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  }
  return mapBehind(value);
}

function offer(access: Access, { entries, isMore }: Peeked): string[] {
  const offered = entries
    .filter(({ key }) => key.startsWith(access.partial))
    .map(({ key, isFolder }) => complete(access, key, isFolder));
  // It has nothing in common with the others, so nothing is completed of which not all is known.
  return isMore ? [...offered, "", "… and more"] : offered;
}

function complete({ object, chain, quote }: Access, key: string, isFolder: boolean): string {
  if (quote === undefined && !isFolder && isIdentifier(key)) return `${object}${chain}${key}`;
  const literal = asLiteral(key, quote);
  // A folder is left open, to be completed further.
  return `${object}${chain === "?." ? chain : ""}[${isFolder ? literal.slice(0, -1) : `${literal}]`}`;
}
