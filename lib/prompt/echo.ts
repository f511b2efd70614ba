import { inspect, types } from "node:util";
import { within } from "../bridge/call-limit.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Mapping } from "../facade/bucket-object.js";
import { asBytes, asCount } from "../text/format.js";
import { peekAt } from "./peek.js";
import type { Peeked } from "./peek.js";
import { interruptible, isInterruption } from "./interruptible.js";
import { paint } from "./paint.js";
import { setWriter } from "./prompt.js";
import type { Prompt, Writer } from "./prompt.js";
import { rowsOf } from "./table.js";

/** How long the echo of a bucket waits for its first keys. */
const DEADLINE_MS = 2000;

/** How many of them it shows. */
const SHOWN_KEYS = 20;

/** A longer string is shortened. */
const SHOWN_CHARACTERS = 400;

/** What `inspect` shows of bytes. */
const SHOWN_BYTES = 50;

/** Of any other value, so much of its text. */
const SHOWN_TEXT = 8000;

/**
 * Has the prompt show a facade as what it is, where it points and its first keys: 1 LIST. Only the echo does:
 * what Node inspects for its previews, while someone types, sends nothing.
 */
export function echoFacades(prompt: Prompt): void {
  const node = prompt.writer;
  // Else every facade within another value, and the preview of each, would be a Proxy's target and handler.
  node.options.showProxy = false;
  setWriter(prompt, (value) => {
    const map = mapBehind(value);
    return map === undefined ? node(value) : describe(prompt, value, map);
  });
}

/** Has the prompt shorten what is long, and say how long it is. */
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
    return `${cut}${paint(prompt, "gray", `… ${asCount(left)} more lines, ${asCount(text.length)} characters in all`)}`;
  });
}

function shortenString(value: string, before: Writer, prompt: Prompt): string {
  if (value.length <= SHOWN_CHARACTERS) return before(value);
  const beginning = before(value.slice(0, SHOWN_CHARACTERS).toWellFormed());
  const bytes = asBytes(Buffer.byteLength(value));
  return `${beginning} ${paint(prompt, "gray", `… ${asCount(value.length)} characters, ${bytes}`)}`;
}

function describe(prompt: Prompt, facade: unknown, map: Mapping<unknown>): string {
  const heading = paint(prompt, "bold", inspect(facade, { showProxy: false }));
  return [heading, ...keysOf(prompt, map)].join("\n");
}

function keysOf(prompt: Prompt, map: Mapping<unknown>): string[] {
  let peeked: Peeked;
  const started = performance.now();
  try {
    peeked = within(DEADLINE_MS, () =>
      interruptible(prompt, () => peekAt(map, { prefix: "", limit: SHOWN_KEYS })),
    );
  } catch (error) {
    return [paint(prompt, "red", `  ${reasonOf(error, performance.now() - started)}`)];
  }
  if (peeked.entries.length === 0) return [paint(prompt, "gray", "  (no keys)")];
  const rows = rowsOf(prompt, peeked.entries);
  return peeked.isMore ? [...rows, paint(prompt, "gray", "  … and more")] : rows;
}

function reasonOf(error: unknown, ms: number): string {
  if (isInterruption(error)) return "(interrupted)";
  const { code, message } = error as { code?: string; message?: string };
  if (code === "TimedOut" && ms > DEADLINE_MS / 2)
    return `(its keys were not listed within ${DEADLINE_MS / 1000} s)`;
  return `(its keys cannot be listed: ${code ?? message})`;
}
