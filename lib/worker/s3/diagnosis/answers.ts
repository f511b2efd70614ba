import type { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";

/** Where a request goes. */
export interface SentRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
}

/** Measurements of a diagnosis's requests, successful or not. */
export class Answers {
  /** Where the last request was sent. */
  sentTo: SentRequest | undefined;
  /** How far this machine's clock is ahead of the service's, according to the last response. */
  aheadMs: number | undefined;
  count = 0;
  quickestMs: number = Infinity;

  /** Observes each attempt of a command. */
  watch<C extends GetObjectCommand | ListObjectsV2Command>(command: C): C {
    // The middleware stacks differ only in the types of input and output, which are not used here.
    (command.middlewareStack as GetObjectCommand["middlewareStack"]).add(
      (next) => async (args) => {
        this.sentTo = args.request as SentRequest;
        const started = performance.now();
        const result = await next(args);
        const { headers } = result.response as { headers: Record<string, string> };
        this.#measure(performance.now() - started, headers["date"]);
        return result;
      },
      // This runs next to the network, where a rejection is still a response and not yet an error.
      { step: "deserialize", priority: "low", name: "s3bucketmapDiagnosis" },
    );
    return command;
  }

  #measure(ms: number, date: string | undefined): void {
    this.count += 1;
    this.quickestMs = Math.min(this.quickestMs, ms);
    const atService = Date.parse(date ?? "");
    // The header contains whole seconds, and was written about halfway through the round trip.
    if (!Number.isNaN(atService)) this.aheadMs = Date.now() - ms / 2 - (atService + 500);
  }
}
