interface Answered {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** What time it is at the service, as its last answer said. It may differ from this machine's. */
export class ServiceClock {
  #last: { readonly date: number; readonly at: number } | undefined;

  /** Refusals are not heard: a proxy may have made them, with a clock of its own. */
  hear({ statusCode, headers }: Answered): void {
    const date = Date.parse(headers["date"] ?? "");
    if (statusCode < 300 && !Number.isNaN(date)) this.#last = { date, at: performance.now() };
  }

  /** Milliseconds since the epoch; undefined while no answer has said. */
  get now(): number | undefined {
    return this.#last && this.#last.date + performance.now() - this.#last.at;
  }
}
