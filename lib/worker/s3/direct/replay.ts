import type { Readable } from "node:stream";
import type { GetObjectCommand } from "@aws-sdk/client-s3";
import { noteAttempts } from "../attempts/watch-attempts.js";
import { bodyOf } from "../body/whole-body.js";
import type { Use } from "../credentials/credentials.js";
import { noteUse } from "../credentials/renewal.js";
import type { Answer, AnswerHead } from "./messages.js";

/** A response whose body has not been read: it is read when the SDK reads it. */
export interface Streamed extends AnswerHead {
  readonly stream: Readable;
}

/** The outcome of a direct attempt. */
export interface Tried<Result> {
  result?: Result;
  /** If there is no result, but a request was sent: its outcome, which the SDK has to handle. */
  outcome?: Answer | Error;
  /** The credentials that the request was signed with. */
  use?: Use | undefined;
  /** How often the request was sent: twice if a reused connection was lost. */
  tries?: number;
}

type Stack = GetObjectCommand["middlewareStack"];

const replaying = new WeakSet<object>();

/** Whether the SDK's next attempt in this context replays a direct attempt, which has been sent and logged. */
export function isReplay(context: object): boolean {
  return replaying.has(context);
}

/**
 * Makes the SDK treat the outcome of a direct attempt as that of its own first attempt. The SDK then decides how to
 * parse it, whether to retry, and what to throw.
 *
 * @returns the command
 */
export function replay<Command extends { readonly middlewareStack: object }>(
  command: Command,
  {
    outcome,
    use,
    tries = 1,
  }: Omit<Tried<unknown>, "result" | "outcome"> & {
    outcome?: Answer | Streamed | Error;
  },
): Command {
  if (outcome === undefined) return command;
  // The middleware stacks of all commands are alike, but their types have nothing in common.
  (command.middlewareStack as Stack).add(
    (next, context) => {
      replaying.add(context);
      // The SDK counts the replay as one attempt.
      noteAttempts(context, tries - 1);
      return async (args) => {
        if (!replaying.delete(context)) return next(args);
        if (use !== undefined) noteUse(context, use);
        if (outcome instanceof Error) throw outcome;
        const { statusCode, headers } = outcome;
        const body = "stream" in outcome ? outcome.stream : bodyOf(outcome);
        return { response: { statusCode, headers, body } };
      };
    },
    { step: "deserialize", priority: "low", name: "s3bucketmapDirect" },
  );
  return command;
}
