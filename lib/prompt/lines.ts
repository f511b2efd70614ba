import { Recoverable } from "node:repl";
import { setWriter } from "./prompt.js";
import type { Prompt } from "./prompt.js";

/** How a line ended; a "part" is one that needs further lines. */
export type Outcome = "value" | "thrown" | "part" | "command";

export interface LineEvents {
  /** A line begins to be evaluated, or carried out as a command. */
  begin?(): void;
  /** How what was thrown is shown. */
  thrown(error: unknown): string;
  /** All of it has been printed, and the prompt is about to come back. */
  end?(outcome: Outcome): void;
}

/** Follows the lines of a prompt. Node tells of none of this: it is seen from what it calls. */
export function followLines(prompt: Prompt, events: LineEvents): void {
  let outcome: Outcome | undefined;
  prompt.prependListener("line", () => {
    outcome = "command";
    events.begin?.();
  });

  const evaluate = prompt.eval;
  prompt.eval = function (code, context, file, done) {
    // For a completion Node evaluates, too, while no line is under way.
    if (outcome === undefined) return evaluate.call(this, code, context, file, done);
    outcome = "thrown";
    // As many arguments as there are: without a result nothing is printed, not even undefined.
    evaluate.call(this, code, context, file, (...ended) => {
      if (!ended[0]) outcome = "value";
      else if (ended[0] instanceof Recoverable) outcome = "part";
      done(...ended);
    });
  };

  const write = prompt.writer;
  const { options } = write;
  const { breakLength } = options;
  setWriter(prompt, (value) => {
    if (outcome !== "thrown") return write(value);
    // From this length on Node would break the line after its "Uncaught".
    options.breakLength = Infinity;
    return events.thrown(value);
  });

  const displayPrompt = prompt.displayPrompt.bind(prompt);
  prompt.displayPrompt = (preserveCursor) => {
    const ended = outcome;
    outcome = undefined;
    options.breakLength = breakLength;
    if (ended !== undefined) events.end?.(ended);
    displayPrompt(preserveCursor);
  };
}
