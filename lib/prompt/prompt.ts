import type { REPLEval, REPLServer } from "node:repl";
import type { InspectOptions } from "node:util";

/** How a prompt turns a value into text, with the options by which Node also inspects for its previews. */
export type Writer = ((value: unknown) => string) & { options: InspectOptions };

/** The completions, and the end of the line that they stand for. */
export type Completions = [string[], string];

export type Completer = (
  line: string,
  callback: (error: Error | null, completions?: Completions) => void,
) => void;

/** Node's REPL with what is replaced here of it. */
export type Prompt = Omit<REPLServer, "writer" | "eval" | "completer" | "input"> & {
  writer: Writer;
  eval: (this: unknown, ...args: Parameters<REPLEval>) => void;
  completer: Completer;
  readonly input: NodeJS.ReadableStream & Partial<Pick<NodeJS.ReadStream, "isRaw" | "setRawMode">>;
};

/** The prompt that a REPL of Node's is. */
export function asPrompt(repl: REPLServer): Prompt {
  return repl as unknown as Prompt;
}

/** Replaces what a prompt writes values with; its options stay the same object, which others may hold. */
export function setWriter(prompt: Prompt, write: (value: unknown) => string): void {
  prompt.writer = Object.assign(write, { options: prompt.writer.options });
}
