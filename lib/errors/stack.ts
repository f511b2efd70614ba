import { libraryFolder } from "../library-folder.js";

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
    return error; // The program has frozen Error.
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
