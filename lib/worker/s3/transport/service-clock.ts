interface Answered {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The time of the service, according to its last response. It may differ from the time of this machine. */
export class ServiceClock {
  #last: { readonly date: number; readonly at: number } | undefined;

  /** Only successful responses are used. Others may come from a proxy, which has its own clock. */
  hear({ statusCode, headers }: Answered): void {
    const date = Date.parse(headers["date"] ?? "");
    if (statusCode < 300 && !Number.isNaN(date)) this.#last = { date, at: performance.now() };
  }

  /** Milliseconds since the epoch; undefined as long as no response has contained a date. */
  get now(): number | undefined {
    return this.#last && this.#last.date + performance.now() - this.#last.at;
  }
}
