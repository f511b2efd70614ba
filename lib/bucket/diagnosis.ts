import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import type { Failure, Finding } from "../bridge/protocol.js";
import { adviceFor, saidOf } from "../errors/revive.js";
import type { BucketCalls } from "./bucket-calls.js";
import { S3BucketMapError } from "../errors/errors.js";
import { printable } from "../text/format.js";
import { checkFlag, checkOptions } from "../arguments/checks.js";

/** Options of `diagnose`. */
export interface DiagnoseOptions {
  /** Skips everything that writes. */
  readOnly?: boolean | undefined;
}

/** The result of one check. */
export interface DiagnosisLine {
  /** `endpoint`, `region`, `credentials`, `clock`, `list`, `read`, `write`, `delete`, `conditional PUT`, … */
  readonly name: string;
  /**
   * `"limited"`: the library works around it, or throws for calls that need it. `"unknown"`: it was not tested, or the
   * test was inconclusive.
   */
  readonly status: "ok" | "limited" | "failed" | "unknown";
  /** The finding, and the source of a setting. Never a secret: at most the last 4 characters of an access key id. */
  readonly text: string;
  /** The remedy. */
  readonly todo?: string;
}

/** The result of `diagnose`. Printed, or as a string, it is a report. */
export interface Diagnosis {
  /** Whether everything that is needed works. */
  readonly ok: boolean;
  readonly lines: readonly DiagnosisLine[];
  toString(): string;
}

/** Failures are part of the report. @throws TypeError for wrong options */
export function diagnose(calls: BucketCalls, options: DiagnoseOptions | undefined): Diagnosis {
  const readOnly = isReadOnly(options);
  const { prefix, bucket } = calls;
  // Chosen here, so that the report can name it even if the worker does not answer.
  const trialKey = `${prefix}.s3bucketmap-diagnosis-${randomBytes(9).toString("base64url")}`;
  let findings: Finding[];
  try {
    findings = calls.call({ op: "diagnose", prefix, trialKey, readOnly });
    const { localFrom } = calls.shared.settings;
    for (const one of findings) if (one.name === "directory") one.text = `${one.text} (${localFrom})`;
  } catch (error) {
    if (!(error instanceof S3BucketMapError)) throw error;
    const { code, message: text } = error;
    findings = [
      { name: "diagnosis", status: "failed", text, ...(code === "TimedOut" ? { todo: MORE_TIME } : {}) },
    ];
    if (code !== "Closed" && !readOnly) {
      const text = `the key ${JSON.stringify(trialKey)} may have been written`;
      findings.push({ name: "left over", status: "unknown", text });
    }
  }
  return new Report(`s3://${bucket}/${prefix}`, findings);
}

class Report implements Diagnosis {
  readonly ok: boolean;
  readonly lines: readonly DiagnosisLine[];
  readonly #where: string;
  /** Why checks were not made, by the names of their lines. */
  readonly #untried: Map<string, string> = new Map();

  constructor(where: string, findings: readonly Finding[]) {
    this.#where = where;
    this.lines = Object.freeze(findings.map(toLine));
    for (const { name, untried } of findings)
      if (untried !== undefined) this.#untried.set(name, printable(untried));
    this.ok = this.lines.every(({ status }) => status !== "failed");
    Object.freeze(this);
  }

  toString(): string {
    const failed = this.lines.filter(({ status }) => status === "failed").map(({ name }) => name);
    const found = this.ok ? "nothing that is needed has failed" : `failed: ${failed.join(", ")}`;
    const told = this.lines.filter(({ name }) => !this.#untried.has(name));
    const widest = Math.max(...told.map(({ name }) => name.length));
    return [
      `${printable(this.#where)}: ${found}`,
      ...told.flatMap(({ name, status, text, todo }) => [
        `${signs[status].padEnd(STATUS)}${name.padEnd(widest)}  ${text}`,
        ...(todo === undefined ? [] : [`${" ".repeat(STATUS + widest + 2)}→ ${todo}`]),
      ]),
      ...untriedLines(this.#untried),
    ].join("\n");
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Groups by reason the checks that were skipped. Usually there is one reason. */
function untriedLines(untried: ReadonlyMap<string, string>): string[] {
  return Array.from(new Set(untried.values()), (reason) => {
    const names = [...untried.keys()].filter((name) => untried.get(name) === reason);
    return `Not tried (${reason}): ${names.join(", ")}`;
  });
}

const signs = { ok: "ok", limited: "limited", failed: "FAILED", unknown: "?" } as const;
const STATUS = 9;
const MORE_TIME = "Check the network and the endpoint, or set a larger timeoutMs.";

function toLine({ name, status, text, untried, failure, todo }: Finding): DiagnosisLine {
  const said = [text, untried && `not tried: ${untried}`, failure && saidOf(failure)]
    .filter((part) => part !== undefined)
    .join(": ");
  const toDo = todo ?? (failure && (adviceFor(failure) ?? otherAdvice(failure)));
  // The text may come from the service, which can send any characters.
  const line = { name, status, text: printable(said) };
  return Object.freeze(toDo === undefined ? line : { ...line, todo: printable(toDo) });
}

function otherAdvice({ code, statusCode }: Failure): string {
  if (code === "TimedOut") return MORE_TIME;
  if (statusCode === 403 || statusCode === 401)
    return "Use credentials that have the permission, or have it granted to these.";
  return "Look the code up in the documentation of the service.";
}

function isReadOnly(options: unknown): boolean {
  if (options === undefined) return false;
  checkOptions(options, ["readOnly"], "diagnose");
  const { readOnly = false } = options as DiagnoseOptions;
  checkFlag(readOnly, "readOnly");
  return readOnly;
}
