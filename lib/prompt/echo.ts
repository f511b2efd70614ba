import { inspect, types } from "node:util";
import { within } from "../bridge/call-limit.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Mapping } from "../facade/bucket-object.js";
import { asBytes, asCount } from "../text/format.js";
import { listFirst, tableOf } from "./listing.js";
import type { Listing } from "./listing.js";
import { interruptible, isInterruption, paint, setWriter } from "./prompt.js";
import type { Prompt, Writer } from "./prompt.js";

/** How long the echo of a bucket may wait for its first keys. */
const DEADLINE_MS = 2000;

/** The limit of that listing. */
const MAX_LISTED = 20;

/** Longer strings are cut. */
const SHOWN_CHARACTERS = 400;

/** `inspect` shows this many bytes. */
const SHOWN_BYTES = 50;

/** The text of any other value is cut at this length. */
const SHOWN_TEXT = 8000;

/**
 * Echoes a facade as its class, its location and its first keys: 1 LIST. Node's previews, which appear while someone types,
 * do not use the writer, and so send nothing.
 */
export function echoFacades(prompt: Prompt): void {
  const node = prompt.writer;
  // Otherwise a facade within another value, or in a preview, would be shown as a Proxy's target and handler.
  node.options.showProxy = false;
  setWriter(prompt, (value) => {
    const map = mapBehind(value);
    return map === undefined ? node(value) : describe(prompt, value, map);
  });
}

/** Cuts long values in the echo, and adds their lengths. */
export function shortenLong(prompt: Prompt): void {
  const before = prompt.writer;
  setWriter(prompt, (value) => {
    if (typeof value === "string") return shortenString(value, before, prompt);
    const text = before(value);
    if (types.isUint8Array(value) && value.length > SHOWN_BYTES)
      return `${text} ${paint(prompt, "gray", `(${asBytes(value.length)})`)}`;
    if (text.length <= SHOWN_TEXT || mapBehind(value) !== undefined) return text;
    const cut = text.slice(0, text.lastIndexOf("\n", SHOWN_TEXT) + 1 || SHOWN_TEXT);
    const left = text.slice(cut.length).split("\n").length;
    return `${cut}${paint(prompt, "gray", `… ${asCount(left)} more lines, ${asCount(text.length)} characters in all: console.log(_) shows them`)}`;
  });
}

function shortenString(value: string, before: Writer, prompt: Prompt): string {
  if (value.length <= SHOWN_CHARACTERS) return before(value);
  const beginning = before(value.slice(0, SHOWN_CHARACTERS).toWellFormed());
  const bytes = asBytes(Buffer.byteLength(value));
  return `${beginning} ${paint(prompt, "gray", `… ${asCount(value.length)} characters, ${bytes}: console.log(_) shows them`)}`;
}

function describe(prompt: Prompt, facade: unknown, map: Mapping<unknown>): string {
  const heading = paint(prompt, "bold", inspect(facade, { showProxy: false }));
  return [heading, ...keysOf(prompt, map)].join("\n");
}

function keysOf(prompt: Prompt, map: Mapping<unknown>): string[] {
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
  const how = Object.hasOwn(prompt.commands, "ls") ? ": .ls lists them" : "";
  return listing.isMore ? [...rows, paint(prompt, "gray", `  … and more${how}`)] : rows;
}

function reasonOf(error: unknown, ms: number): string {
  if (isInterruption(error)) return "(interrupted)";
  const { code, message } = error as { code?: string; message?: string };
  if (code === "TimedOut" && ms > DEADLINE_MS / 2)
    return `(its keys were not listed within ${DEADLINE_MS / 1000} s)`;
  return `(its keys cannot be listed: ${code ?? message})`;
}
