import type { Failure, Finding } from "../../../bridge/protocol.js";

/** What a check found. */
export type Judgement = Omit<Finding, "name">;

export const ok = (text: string): Judgement => ({ status: "ok", text });
export const unknown = (text: string): Judgement => ({ status: "unknown", text });
export const limited = (text: string, todo: string): Judgement => ({ status: "limited", text, todo });
export const failed = (text: string, todo: string): Judgement => ({ status: "failed", text, todo });

const settings = [
  ...["configuration", "bucket", "directory"],
  ...["endpoint", "region", "addressing", "credentials", "clock"],
];
const checks = [
  ...["list", "read", "write", "delete", "conditional PUT", "conditional DELETE"],
  ...["multipart upload", "DeleteObjects", "checksums"],
];
/** The lines of a report, in their order. */
const names = [...settings, ...checks, "left over", "round trip", "versions"];

/** The findings so far, by the name of their line. */
export class Findings {
  /** Why the remaining checks are not made. */
  over: string | undefined;
  readonly #found = new Map<string, Judgement>();

  set(name: string, judgement: Judgement): void {
    this.#found.set(name, judgement);
  }

  /** Marks a line as failed. The line keeps its text, which names what has failed. */
  fail(name: string, failure: Failure): void {
    this.#found.set(name, { ...this.#found.get(name), status: "failed", failure });
  }

  /** All findings in their order, and a line for each check that was not made. */
  all(): Finding[] {
    return names.flatMap((name) => {
      const found = this.#found.get(name);
      if (found !== undefined) return [{ name, ...found }];
      return checks.includes(name) ? [{ name, status: "unknown", untried: String(this.over) }] : [];
    });
  }
}
