import { Recoverable } from "node:repl";
import { setWriter } from "./prompt.js";
import type { Prompt } from "./prompt.js";

/** How a line ended. A "part" needs further lines. */
export type Outcome = "value" | "thrown" | "part" | "command";

export interface LineEvents {
  /** A line is about to be evaluated, or run as a command. */
  begin?(): void;
  /** Formats what was thrown. */
  thrown(error: unknown): string;
  /** The line's output is complete, and the prompt is about to return. */
  end?(outcome: Outcome): void;
}

/** Reports what happens to each line. Node has no events for this, so it is derived from the members that Node calls. */
export function followLines(prompt: Prompt, events: LineEvents): void {
  let outcome: Outcome | undefined;
  prompt.prependListener("line", () => {
    outcome = "command";
    events.begin?.();
  });

  const evaluate = prompt.eval;
  prompt.eval = function (code, context, file, done) {
    // Node also evaluates for completions, between lines.
    if (outcome === undefined) return evaluate.call(this, code, context, file, done);
    outcome = "thrown";
    // Pass on the exact number of arguments: without a result, Node prints nothing, not even undefined.
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
    // Between lines, Node writes only what a callback threw, such as a timer's.
    if (outcome !== "thrown" && outcome !== undefined) return write(value);
    // For a longer text, Node would break the line after "Uncaught".
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
