import { libraryFolder } from "../library-folder.js";

/**
 * Makes an error's stack begin at the line of the user's program: the library's own frames, and the
 * built-in ones between them (`Object.keys`, `Array.from`), say nothing to whoever must fix that line.
 */
export function startAtCaller<E extends Error>(error: E): E {
  const limit = Error.stackTraceLimit;
  try {
    // The frames that are cut away must not use up the user's own.
    Error.stackTraceLimit = limit + 30;
    Error.captureStackTrace(error, startAtCaller);
    Error.stackTraceLimit = limit;
  } catch {
    return error; // A program that has frozen Error keeps the stack as it is.
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
  return frame.includes(libraryFolder) || frame.endsWith("(<anonymous>)");
}
