import { inspect, stripVTControlCharacters, types } from "node:util";
import { within } from "../bridge/call-limit.js";
import { isInterruption } from "../bridge/interruption.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Mapping } from "../facade/bucket-object.js";
import { asBytes, asCount } from "../text/format.js";
import { listFirst, tableOf } from "./listing.js";
import type { Listing } from "./listing.js";
import { interruptible, paint, setWriter } from "./prompt.js";
import type { Prompt } from "./prompt.js";

/** How long the echo of a bucket may wait for its first keys. */
const DEADLINE_MS = 2000;

/** The limit of that listing. */
const MAX_LISTED = 20;

/** Longer strings are cut. */
const SHOWN_CHARACTERS = 400;

/** `inspect` shows this many bytes. */
const SHOWN_BYTES = 50;

/** No value fills more rows, and none more than the screen has. */
const SHOWN_ROWS = 100;

/**
 * Echoes a facade as its class, its location and its first keys: 1 LIST. Node's previews, which appear while someone types,
 * do not use the writer, and so send nothing.
 *
 * @param base - the map that `.ls` lists
 */
export function echoFacades(prompt: Prompt, base?: object): void {
  const node = prompt.writer;
  // Otherwise a facade within another value, or in a preview, would be shown as a Proxy's target and handler.
  node.options.showProxy = false;
  setWriter(prompt, (value) => {
    const map = mapBehind(value);
    if (map !== undefined) {
      const heading = paint(prompt, "bold", inspect(value, { showProxy: false }));
      const all = map === base ? ".ls lists them" : "Object.keys(_) has them all";
      return [heading, ...keysOf(prompt, map, all)].join("\n");
    }
    const isIterator = types.isGeneratorObject(value) && Symbol.iterator in value;
    return isIterator
      ? `${node(value)} ${paint(prompt, "gray", "[..._] shows what it yields")}`
      : node(value);
  });
}

/** Cuts long values in the echo, and adds their lengths. */
export function shortenLong(prompt: Prompt, pageLength: () => number): void {
  const before = prompt.writer;
  setWriter(prompt, (value) => {
    const isText = typeof value === "string";
    const isCut = isText && value.length > SHOWN_CHARACTERS;
    const text = before(isCut ? value.slice(0, SHOWN_CHARACTERS).toWellFormed() : value);
    if (types.isUint8Array(value) && value.length > SHOWN_BYTES)
      return `${text} ${paint(prompt, "gray", `(${asBytes(value.length)})`)}`;
    if (mapBehind(value) !== undefined) return text;
    const shown = beginningOf(text, Math.min(pageLength(), SHOWN_ROWS));
    if (!isCut && shown === text) return text;
    const lines = text.split("\n").length;
    const size = isText
      ? `${asCount(value.length)} characters, ${asBytes(Buffer.byteLength(value))}`
      : `${lines === 1 ? "" : `${asCount(lines)} lines, `}${asCount(stripVTControlCharacters(text).length)} characters`;
    return `${shown}${shown === text ? " " : "\n"}${paint(prompt, "gray", `… ${size}: console.log(_) shows them`)}`;
  });
}

/** What of a text fits into so many rows of the screen. */
function beginningOf(text: string, rows: number): string {
  const columns = process.stdout.columns ?? 80;
  const shown: string[] = [];
  let left = rows;
  for (const line of text.split("\n")) {
    if (left <= 0) break;
    const plain = stripVTControlCharacters(line);
    const needed = Math.max(1, Math.ceil(plain.length / columns));
    shown.push(needed > left ? plain.slice(0, left * columns) : line);
    left -= needed;
  }
  return shown.join("\n");
}

function keysOf(prompt: Prompt, map: Mapping<unknown>, all: string): string[] {
  let listing: Listing;
  const started = performance.now();
  try {
    listing = within(DEADLINE_MS, () =>
      interruptible(prompt, () => listFirst(map, { prefix: "", limit: MAX_LISTED })),
    );
  } catch (error) {
    return [paint(prompt, "red", `  ${reasonOf(error, performance.now() - started)}`)];
  }
  if (listing.entries.length === 0) return [paint(prompt, "gray", "  (no keys)")];
  const { rows } = tableOf(prompt, listing.entries);
  return listing.isMore ? [...rows, paint(prompt, "gray", `  … and more: ${all}`)] : rows;
}

function reasonOf(error: unknown, ms: number): string {
  if (isInterruption(error)) return "(interrupted)";
  const { code, message } = error as { code?: string; message?: string };
  if (code === "TimedOut" && ms > DEADLINE_MS / 2)
    return `(its keys were not listed within ${DEADLINE_MS / 1000} s)`;
  return `(its keys cannot be listed: ${code ?? message})`;
}
