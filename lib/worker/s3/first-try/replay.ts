import { Readable } from "node:stream";
import type { Use } from "../credentials.js";
import { noteUse } from "../renewal.js";
import type { Answer } from "./exchange.js";

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

const replayed = new WeakSet<object>();

/** Whether the first try of what the SDK sends in this context was made, and logged, elsewhere. */
export function wasTried(context: object): boolean {
  return replayed.has(context);
}

interface ToReplay {
  readonly outcome?: Answer | Error;
  readonly use?: Use | undefined;
  readonly tries?: number;
}

/**
 * Gives the SDK what came of a command's first try, if there was one, as if it had made it itself: what to make of it,
 * whether to try again and what to throw in the end is up to the SDK alone.
 *
 * @returns the command, which does so when it is sent
 */
export function replay<Command extends AnyCommand>(
  command: Command,
  { outcome, use, tries = 1 }: ToReplay,
): Command {
  if (outcome === undefined) return command;
  const stack = command.middlewareStack as MiddlewareStack;
  if (tries > 1) countMore(stack, tries - 1);
  let told = false;
  stack.add(
    (next, context) => {
      replayed.add(context);
      return async (args) => {
        if (told) return next(args);
        told = true;
        if (use !== undefined) noteUse(context, use);
        if (outcome instanceof Error) throw outcome;
        const { statusCode, headers } = outcome;
        return { response: { statusCode, headers, body: bodyOf(outcome) } };
      };
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapFirstTry" },
  );
  return command;
}

/** The SDK counts the first try as one. */
function countMore(stack: MiddlewareStack, more: number): void {
  stack.add(
    (next) => (args) =>
      next(args).catch((error: { $metadata?: { attempts?: number } }) => {
        if (error.$metadata?.attempts !== undefined) error.$metadata.attempts += more;
        throw error;
      }),
    { step: "initialize", priority: "high", name: "s3bucketmapFirstTries" },
  );
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
