/** The limits of one attempt on a dead network, within the deadline of the call. */
export const limits = {
  /** The time until a connection is established. */
  connectMs: 5_000,
  /**
   * The time without a byte in either direction. The SDK checks this limit only after the first 3 s of an attempt, or
   * later if the limit is 6 s or more.
   */
  idleMs: 20_000,
  /** How often a request is sent, at most. */
  tries: 3,
} as const;
