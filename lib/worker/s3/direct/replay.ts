import { Readable } from "node:stream";
import { noteAttempts } from "../attempts/attempt-count.js";
import type { Use } from "../credentials/credentials.js";
import { noteUse } from "../credentials/renewal.js";
import type { Answer } from "./messages.js";

/** Any of the SDK's commands. */
export interface AnyCommand {
  readonly input: object;
  readonly middlewareStack: object;
}

type Handle = (args: unknown) => Promise<{ response: unknown }>;

interface MiddlewareStack {
  add(
    middleware: (next: Handle, context: object) => Handle,
    options: { step: string; priority: string; name: string },
  ): void;
}

const replaying = new WeakSet<object>();

/** Whether what the SDK sends next in this context is only the replay of a try that was made, and logged, elsewhere. */
export function isReplay(context: object): boolean {
  return replaying.has(context);
}

interface ToReplay {
  readonly outcome?: Answer | Error;
  readonly use?: Use | undefined;
  readonly tries?: number;
}

/**
 * Gives the SDK what came of a command's direct attempt, if there was one, as if it had made it itself: what to make of it,
 * whether to try again and what to throw in the end is up to the SDK alone.
 *
 * @returns the command, which does so when it is sent
 */
export function replay<Command extends AnyCommand>(
  command: Command,
  { outcome, use, tries = 1 }: ToReplay,
): Command {
  if (outcome === undefined) return command;
  (command.middlewareStack as MiddlewareStack).add(
    (next, context) => {
      replaying.add(context);
      // The replay counts for the last of them.
      noteAttempts(context, tries - 1);
      return async (args) => {
        if (!replaying.delete(context)) return next(args);
        if (use !== undefined) noteUse(context, use);
        if (outcome instanceof Error) throw outcome;
        const { statusCode, headers } = outcome;
        return { response: { statusCode, headers, body: bodyOf(outcome) } };
      };
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapDirect" },
  );
  return command;
}

const whole = new WeakSet<ArrayBufferLike>();

/** Whether a chunk of a body is in a buffer that has all of it, of so many bytes, and nothing else. */
export function isOfWhole({ buffer }: Uint8Array, length: number): boolean {
  return whole.has(buffer) && buffer.byteLength === length;
}

/** The SDK hashes a chunk at once, and Node's crypto takes less than 2 GiB. */
const CHUNK_BYTES = 64 * 1024 ** 2;

/** What came of a body, as the stream that the SDK wants. */
export function bodyOf({ body, broken, tooLong }: Pick<Answer, "body" | "broken" | "tooLong">): Readable {
  if (broken === undefined && body.length > 0) whole.add(body.buffer);
  let at = 0;
  return new Readable({
    read() {
      if (tooLong) return; // It is refused by its length, unread.
      const chunk = body.subarray(at, at + CHUNK_BYTES);
      at += chunk.length;
      if (chunk.length > 0) this.push(chunk);
      else if (broken === undefined) this.push(null);
      else this.destroy(broken);
    },
  });
}
