/** What a dead network may cost one try, within the deadline of the call. */
export const limits = {
  /** Until a connection is established. */
  connectMs: 5_000,
  /**
   * Without a byte in either direction. The SDK checks it only after the first 3 s of a try, or later with a limit of 6 s or
   * more.
   */
  idleMs: 20_000,
  /** How often a request is sent, at most. */
  tries: 3,
} as const;
