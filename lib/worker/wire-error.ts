import type { WireError } from "../bridge/protocol.js";

/** An error without its other properties, which can hold a signed request. */
export function toWireError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(typeof code === "string" ? { code } : {}),
    ...(error.cause === undefined || depth > 4 ? {} : { cause: toWireError(error.cause, depth + 1) }),
  };
}
