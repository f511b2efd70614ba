import type { Failure } from "../bridge/protocol.js";

/** A failure that the library detected, not the SDK. */
export class OperationError extends Error {
  override name = "OperationError";
  readonly code: string;
  readonly details: Omit<Failure, "code" | "reason">;

  constructor(code: string, reason: string, details: Omit<Failure, "code" | "reason"> = {}) {
    super(reason);
    this.code = code;
    this.details = details;
  }
}
