/** Below the deadline of a call, no dead network blocks a try for longer than these. */
export const limits = {
  /** Until a connection stands. */
  connectMs: 5_000,
  /**
   * Without a byte on a connection, whoever's turn it is. The SDK only begins to look after the first 3 s of a
   * try, and never before with a limit of 6 s or more.
   */
  idleMs: 20_000,
  /** How often a request is sent at most. */
  tries: 3,
} as const;
