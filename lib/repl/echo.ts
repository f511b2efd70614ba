import type { REPLServer, REPLWriter } from "node:repl";
import { inspect, types } from "node:util";
import type { InspectOptions } from "node:util";
import { within } from "../bridge/call-limit.js";
import { mapBehind } from "../bucket-object.js";
import type { Mapping } from "../bucket-object.js";
import { asBytes, asCount } from "../format.js";
import { glanceAt } from "./glance.js";
import type { Glanced } from "./glance.js";
import { interruptible, isInterruption } from "./interruptible.js";
import { paint } from "./paint.js";
import { rowsOf } from "./table.js";

/** How long the echo of a bucket waits for its first keys. */
const DEADLINE_MS = 2000;

/** How many of them it shows. */
const SHOWN_KEYS = 20;

/** A longer string is shortened. */
const SHOWN_CHARACTERS = 1000;

/** What `inspect` shows of bytes. */
const SHOWN_BYTES = 50;

/** Of any other value, so much of its text. */
const SHOWN_TEXT = 8000;

/** A REPL's writer, with the options by which it inspects. */
export type Writer = REPLWriter & { options: InspectOptions };

/**
 * Has the prompt show a facade as what it is, where it points and its first keys: 1 LIST. Only the echo does:
 * what Node inspects for its previews, while someone types, sends nothing.
 */
export function echoFacades(repl: REPLServer): void {
  const node = repl.writer as Writer;
  // Else every facade within another value, and the preview of each, would be a Proxy's target and handler.
  node.options.showProxy = false;
  const echo = (value: unknown): string => {
    const map = mapBehind(value);
    return map === undefined ? node(value) : describe(repl, value, map);
  };
  repl.writer = Object.assign(echo, { options: node.options }) as Writer;
}

/** Has the prompt shorten what is long, and say how long it is. */
export function shortenLong(repl: REPLServer): void {
  const before = repl.writer as Writer;
  const shorten = (value: unknown): string => {
    if (typeof value === "string") return shortenString(value, before, repl);
    const text = before(value);
    if (types.isUint8Array(value) && value.length > SHOWN_BYTES)
      return `${text} ${paint(repl, "gray", `(${asBytes(value.length)})`)}`;
    if (text.length <= SHOWN_TEXT || mapBehind(value) !== undefined) return text;
    const cut = text.slice(0, text.lastIndexOf("\n", SHOWN_TEXT) + 1 || SHOWN_TEXT);
    const left = text.slice(cut.length).split("\n").length;
    return `${cut}${paint(repl, "gray", `… ${asCount(left)} more lines, ${asCount(text.length)} characters in all`)}`;
  };
  repl.writer = Object.assign(shorten, { options: before.options }) as Writer;
}

function shortenString(value: string, before: Writer, repl: REPLServer): string {
  if (value.length <= SHOWN_CHARACTERS) return before(value);
  const beginning = before(value.slice(0, SHOWN_CHARACTERS).toWellFormed());
  const bytes = asBytes(Buffer.byteLength(value));
  return `${beginning} ${paint(repl, "gray", `… ${asCount(value.length)} characters, ${bytes}`)}`;
}

function describe(repl: REPLServer, facade: unknown, map: Mapping<unknown>): string {
  const heading = paint(repl, "bold", inspect(facade, { showProxy: false }));
  return [heading, ...keysOf(repl, map)].join("\n");
}

function keysOf(repl: REPLServer, map: Mapping<unknown>): string[] {
  let glanced: Glanced;
  const started = performance.now();
  try {
    glanced = within(DEADLINE_MS, () =>
      interruptible(repl, () => glanceAt(map, { prefix: "", limit: SHOWN_KEYS })),
    );
  } catch (error) {
    return [paint(repl, "red", `  ${reasonOf(error, performance.now() - started)}`)];
  }
  if (glanced.entries.length === 0) return [paint(repl, "gray", "  (no keys)")];
  const rows = rowsOf(repl, glanced.entries);
  return glanced.isMore ? [...rows, paint(repl, "gray", "  … and more")] : rows;
}

function reasonOf(error: unknown, ms: number): string {
  if (isInterruption(error)) return "(interrupted)";
  const { code, message } = error as { code?: string; message?: string };
  if (code === "TimedOut" && ms > DEADLINE_MS / 2)
    return `(its keys were not listed within ${DEADLINE_MS / 1000} s)`;
  return `(its keys cannot be listed: ${code ?? message})`;
}
