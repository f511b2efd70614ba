import type { REPLEval, REPLServer } from "node:repl";
import { styleText } from "node:util";
import type { InspectOptions } from "node:util";
import { interruptibly } from "../bridge/interruption.js";

/** How a prompt formats values. Node uses the same options for its previews. */
export type Writer = ((value: unknown) => string) & { options: InspectOptions };

/** The completions, and the part of the line that they replace. */
export type Completions = [string[], string];

export type Completer = (
  line: string,
  callback: (error: Error | null, completions?: Completions) => void,
) => void;

/** Node's REPL, with more exact types for the members that are replaced here. */
export type Prompt = Omit<REPLServer, "writer" | "eval" | "completer" | "input"> & {
  writer: Writer;
  eval: (this: unknown, ...args: Parameters<REPLEval>) => void;
  completer: Completer;
  readonly input: NodeJS.ReadableStream & Partial<Pick<NodeJS.ReadStream, "isRaw" | "setRawMode">>;
};

/** What a prompt shows before a line. */
export const PROMPT = "> ";

/** Whether the line that comes next goes on with a statement. Node then shows something else before it. */
export function isWithinStatement(prompt: Prompt): boolean {
  return prompt.getPrompt() !== PROMPT;
}

export function asPrompt(repl: REPLServer): Prompt {
  // Node's types declare these members read-only, or less exactly.
  return repl as unknown as Prompt;
}

/** Replaces a prompt's writer. Keeps the options object, to which others may refer. */
export function setWriter(prompt: Prompt, write: (value: unknown) => string): void {
  prompt.writer = Object.assign(write, { options: prompt.writer.options });
}

/** Styles text if the prompt uses colours. */
export function paint(
  { useColors }: { readonly useColors: boolean },
  style: "red" | "gray" | "bold" | "blue",
  text: string,
): string {
  // Node has already decided on colours for this prompt, so do not examine stdout again.
  return useColors ? styleText(style, text, { validateStream: false }) : text;
}

/**
 * Runs blocking work so that Ctrl-C interrupts it. While the terminal is in raw mode, Ctrl-C is an ordinary character, which
 * nothing reads as long as the thread is blocked.
 *
 * The `deasync` wait recognises this function on the stack by its name.
 *
 * @throws what `work` throws, or an interruption
 */
export function interruptible<T>({ input }: Prompt, work: () => T): T {
  const isRaw = input.isRaw === true;
  if (isRaw) input.setRawMode?.(false);
  try {
    return interruptibly(work);
  } finally {
    if (isRaw) input.setRawMode?.(true);
  }
}
