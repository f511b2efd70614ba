import readline from "node:readline";
import { PassThrough, Writable } from "node:stream";
import { inspect } from "node:util";
import { isInterruption } from "../bridge/interruption.js";
import { mapBehind } from "../facade/bucket-object.js";
import type { Arguments } from "./arguments.js";
import { defineCommands } from "./commands.js";
import { shortenLong } from "./echo.js";
import { followLines } from "./lines.js";
import type { Outcome } from "./lines.js";
import { isWithinStatement, PROMPT, setWriter } from "./prompt.js";
import { Session } from "./session.js";

/** A shell's exit code for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

const UNSETTLED = "The code waits for a promise that nothing is left to settle.";

/**
 * Evaluates piped input line by line, and prints each result as the prompt would. Ends at the first error.
 *
 * @returns the exit code
 */
export async function runPiped(given: Arguments): Promise<number> {
  const { evaluate, show, hasFailed, isUnfinished, fail } = open(given);
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const ended = await evaluate(line);
    if (ended.outcome === "thrown") return fail(ended.value);
    if (ended.isOver) return 0;
    if (hasFailed()) return 1;
    if ("value" in ended && ended.outcome === "value") process.stdout.write(`${show(ended.value)}\n`);
  }
  if (isUnfinished()) return fail(new SyntaxError("The input ends in the middle of a statement."));
  return 0;
}

/**
 * Evaluates the code of `--eval` and prints its result: text with a newline, bytes as they are, JSON with `--json`.
 *
 * @returns the exit code
 */
export async function runCode(given: Arguments, code: string): Promise<number> {
  const { evaluate, show, fail } = open(given);
  const ended = await evaluate(code);
  if (ended.outcome === "thrown") return fail(ended.value);
  if (ended.outcome === "part") return fail(new SyntaxError("The code ends in the middle of a statement."));
  try {
    if ("value" in ended) printResult(ended.value, given, show);
    return 0;
  } catch (thrown) {
    return fail(thrown);
  }
}

interface Ended {
  outcome: Outcome;
  /** The result, if any, or what was thrown. */
  value?: unknown;
  /** `.exit` ended the session. */
  isOver: boolean;
}

interface Headless {
  evaluate: (line: string) => Promise<Ended>;
  /** Whether a callback of an earlier line, such as a timer's, has thrown. The error has been printed. */
  hasFailed: () => boolean;
  /** Whether the lines so far end in the middle of a statement. */
  isUnfinished: () => boolean;
  /** Formats a value as the prompt would. */
  show: (value: unknown) => string;
  /** Prints what was thrown, and returns the exit code. */
  fail: (thrown: unknown) => number;
}

function open(given: Arguments): Headless {
  let failed: { thrown: unknown } | undefined;
  const session = new Session(
    given,
    // Node's own output, such as prompts and "Uncaught", does not belong into a pipe.
    { input: new PassThrough(), output: new Nowhere(), terminal: false, prompt: PROMPT, useColors: false },
    {
      print: (line) => void process.stdout.write(`${line}\n`),
      problem: (thrown) => (failed = { thrown }),
      pageLength: () => Infinity,
    },
  );
  const { prompt } = session;
  const fail = (thrown: unknown): number => {
    process.stderr.write(`${session.problemLine(thrown)}\n`);
    return isInterruption(thrown) ? INTERRUPTED : 1;
  };
  defineCommands(session);
  let isOver = false;
  let isEvaluating = false;
  let hasFailed = false;
  let done: (ended: Ended) => void = () => {};
  // Node does not emit this if the code itself ends the process.
  process.once("beforeExit", () => {
    if (isEvaluating) process.exitCode = fail(new Error(UNSETTLED));
  });
  let value: { value?: unknown } = {};
  prompt.on("exit", () => {
    isOver = true;
    isEvaluating = false;
    done({ outcome: "command", isOver });
  });
  shortenLong(prompt, session.output.pageLength);
  const show = prompt.writer;
  setWriter(prompt, (result) => {
    value = { value: result };
    return "";
  });
  followLines(prompt, {
    thrown(error) {
      if (isEvaluating) {
        failed = { thrown: error };
      } else if (!hasFailed) {
        // Node may pass the same error twice.
        hasFailed = true;
        process.exitCode = fail(error);
      }
      return "";
    },
    end(outcome) {
      isEvaluating = false;
      const thrown = failed && { outcome: "thrown" as const, value: failed.thrown, isOver };
      done(thrown ?? { outcome, ...value, isOver });
    },
  });
  return {
    show,
    fail,
    hasFailed: () => hasFailed,
    isUnfinished: () => isWithinStatement(prompt),
    evaluate: (line) =>
      new Promise((resolve) => {
        done = resolve;
        value = {};
        failed = undefined;
        isEvaluating = true;
        prompt.emit("line", line);
      }),
  };
}

class Nowhere extends Writable {
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

function printResult(value: unknown, { layer }: Arguments, show: Headless["show"]): void {
  const { stdout } = process;
  if (value instanceof Uint8Array && !stdout.isTTY) {
    stdout.write(value);
    return;
  }
  const isBucket = mapBehind(value) !== undefined;
  const text = layer === "json" && !isBucket ? toJson(value) : typeof value === "string" ? value : undefined;
  stdout.write(`${text ?? (isBucket ? show(value) : inspect(value))}\n`);
}

/** Undefined for `undefined`, functions and symbols. @throws for a BigInt, a cycle, or too long a text */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, null, 2);
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new TypeError(`The code ran, but its result cannot be printed as JSON: ${error.message}`, {
      cause: error,
    });
  }
}
