/** Where a request goes. */
export interface SentRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
}

interface Command {
  middlewareStack: {
    add(
      middleware: (
        next: (args: { request: unknown }) => Promise<{ response: unknown }>,
      ) => (args: never) => Promise<never>,
      options: object,
    ): void;
  };
}

/** What the requests of the diagnosis tell, whatever the service makes of them. */
export class Answers {
  /** What the last request was sent to. */
  sentTo: SentRequest | undefined;
  /** How far this machine's clock is ahead of the service's, by its last answer. */
  aheadMs: number | undefined;
  /** How many there were, and how long the quickest took. */
  count = 0;
  quickestMs: number = Infinity;

  /** Follows each try of a command. */
  watch<C extends object>(command: C): C {
    (command as unknown as Command).middlewareStack.add(
      (next) => async (args: { request: unknown }) => {
        this.sentTo = args.request as SentRequest;
        const started = performance.now();
        const result = await next(args);
        const { headers } = result.response as { headers: Record<string, string> };
        this.#took(performance.now() - started, headers["date"]);
        return result as never;
      },
      // As near to the network as there is, where answers that are refusals are still answers.
      { step: "deserialize", priority: "low", name: "s3bucketmapDiagnosis" },
    );
    return command;
  }

  #took(ms: number, date: string | undefined): void {
    this.count += 1;
    this.quickestMs = Math.min(this.quickestMs, ms);
    const atService = Date.parse(date ?? "");
    // It tells whole seconds, of a moment in the middle between question and answer.
    if (!Number.isNaN(atService)) this.aheadMs = Date.now() - ms / 2 - (atService + 500);
  }
}
