import { isBundled, libraryFolder } from "../library-folder.js";

/**
 * Makes an error's stack begin at the line of the user's program, by cutting off the frames of the library and the built-in
 * ones between them (`Object.keys`, `Array.from`).
 */
export function startAtCaller<E extends Error>(error: E): E {
  const limit = Error.stackTraceLimit;
  try {
    // Room for the frames that are cut off.
    Error.stackTraceLimit = limit + 30;
    Error.captureStackTrace(error, startAtCaller);
    Error.stackTraceLimit = limit;
  } catch {
    return error; // The program froze Error.
  }
  const stack: unknown = error.stack;
  if (typeof stack !== "string") return error;
  const heading = `${error.name}: ${error.message}`;
  const from = stack.indexOf("\n    at ");
  if (from === -1) return error;
  const frames = stack.slice(from + 1).split("\n");
  const first = frames.findIndex((frame) => !isInside(frame));
  if (first !== -1) error.stack = [heading, ...frames.slice(first, first + limit)].join("\n");
  return error;
}

function isInside(frame: string): boolean {
  if (frame.endsWith("(<anonymous>)")) return true;
  if (!isBundled()) return frame.includes(libraryFolder);
  const at = positionOf(frame);
  return at !== undefined && parts().some(([start, end]) => isBetween(start, at, end));
}

interface Position {
  file: string;
  line: number;
  column: number;
}

/** The position of one of the library's files in a bundle: its start and its end. */
type Part = readonly [start: Position, end: Position];

const marks = Symbol.for("s3bucketmap.files");

let known: Part[] = [];
let counted = 0;

// In a bundle, the library and the program are one file. The build puts a function at the start and one at the end of each
// file of the library: bundlers and minifiers keep what is between them there.
function parts(): Part[] {
  const loaded = ((globalThis as { [marks]?: (() => Error)[][] })[marks] ?? []).filter(
    (ends) => ends.length === 2,
  );
  if (counted !== loaded.length) {
    counted = loaded.length;
    known = loaded.map((ends) => ends.map((end) => positionOf(end().stack))).filter((part) => isPart(part));
  }
  return known;
}

function isPart(part: (Position | undefined)[]): part is [Position, Position] {
  const [start, end] = part;
  return start !== undefined && end !== undefined && start.file === end.file;
}

/** Of the first frame in a text. */
function positionOf(stack: string | undefined): Position | undefined {
  const [, file, line, column] = /^ *at (?:.*? \()?(.*):(\d+):(\d+)\)?$/m.exec(stack ?? "") ?? [];
  return file === undefined ? undefined : { file, line: Number(line), column: Number(column) };
}

function isBetween(start: Position, at: Position, end: Position): boolean {
  return at.file === start.file && isBefore(start, at) && isBefore(at, end);
}

function isBefore(one: Position, other: Position): boolean {
  return one.line < other.line || (one.line === other.line && one.column < other.column);
}
