import { asBytes, asKey, asTime } from "../text/format.js";
import type { Entry } from "./peek.js";
import { paint } from "./paint.js";

interface Colored {
  readonly useColors: boolean;
}

/** A row for each entry: size, when it was modified, key. The key comes last, for none knows how wide it is. */
export function rowsOf(colors: Colored, entries: readonly Entry[]): string[] {
  const sizes = entries.map(({ size }) => (size === undefined ? "" : asBytes(size)));
  const widest = Math.max(...sizes.map(({ length }) => length), "size".length);
  return entries.map(({ key, isFolder, lastModified }, at) => {
    const time = lastModified === undefined ? "" : asTime(lastModified);
    const facts = `  ${(sizes[at] ?? "").padStart(widest)}  ${time.padEnd(TIME)}`;
    const shown = asKey(key);
    return `${paint(colors, "gray", facts)}  ${isFolder ? paint(colors, "blue", shown) : shown}`;
  });
}

const TIME = "2026-01-01 00:00:00".length;

/** The names of the columns, over the rows of the same entries. */
export function headingOf(colors: Colored, entries: readonly Entry[]): string {
  const sizes = entries.map(({ size }) => (size === undefined ? 0 : asBytes(size).length));
  const widest = Math.max(...sizes, "size".length);
  return paint(colors, "gray", `  ${"size".padStart(widest)}  ${"modified".padEnd(TIME)}  key`);
}
