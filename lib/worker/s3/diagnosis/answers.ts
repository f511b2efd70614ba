import type { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";

/** Where a request goes. */
export interface SentRequest {
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
}

/** What is measured of a diagnosis's requests, successful or not. */
export class Answers {
  /** Where the last request was sent. */
  sentTo: SentRequest | undefined;
  /** How far this machine's clock is ahead of the service's, by the last answer. */
  aheadMs: number | undefined;
  count = 0;
  quickestMs: number = Infinity;

  /** Observes each try of a command. */
  watch<C extends GetObjectCommand | ListObjectsV2Command>(command: C): C {
    // The stacks differ in the types of input and output only, which are not looked at here.
    (command.middlewareStack as GetObjectCommand["middlewareStack"]).add(
      (next) => async (args) => {
        this.sentTo = args.request as SentRequest;
        const started = performance.now();
        const result = await next(args);
        const { headers } = result.response as { headers: Record<string, string> };
        this.#measure(performance.now() - started, headers["date"]);
        return result;
      },
      // Next to the network, where a refusal is still an answer and not yet an error.
      { step: "deserialize", priority: "low", name: "s3bucketmapDiagnosis" },
    );
    return command;
  }

  #measure(ms: number, date: string | undefined): void {
    this.count += 1;
    this.quickestMs = Math.min(this.quickestMs, ms);
    const atService = Date.parse(date ?? "");
    // The header has whole seconds, and was written about halfway through the round trip.
    if (!Number.isNaN(atService)) this.aheadMs = Date.now() - ms / 2 - (atService + 500);
  }
}
