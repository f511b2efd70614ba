import type { S3Client } from "@aws-sdk/client-s3";
import type { InParts } from "../ranged-get.js";
import { tellRequest } from "../request-log.js";
import type { Answer, Request } from "./exchange.js";
import { replay } from "./replay.js";
import type { AnyCommand } from "./replay.js";
import { pathOf, routeOf } from "./route.js";
import type { Route } from "./route.js";

/** A request before it is signed and sent on a route. */
export interface Draft {
  method: Request["method"];
  key?: string;
  /** Escaped. */
  search?: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

/** One of S3's operations: how it is asked, and what its plain answer looks like. */
export interface Operation<Result> {
  /** @returns undefined for an input that is not of the plain kind */
  draft(route: Route): Draft | undefined;
  /** @returns undefined for any answer that is not of the plain kind */
  read(answer: Answer): Result | undefined;
  /** As S3 calls it. */
  name: string;
  maxBytes?: number;
  /** For the body of a long object. */
  inParts?: InParts | undefined;
}

/**
 * Makes the first try of a command without the SDK, whose work is most of what a small request costs. What it
 * resolves with is the answer, if it was the plain one that was hoped for.
 *
 * With undefined, the command is to be sent by the SDK: either nothing has been sent yet, or the SDK is given
 * what came of it as its own first try. So each failure has one and the same way to be handled, no request is
 * sent more often than the SDK would, and attempts count right.
 */
export async function firstTry<Result>(
  client: S3Client,
  command: AnyCommand,
  operation: Operation<Result>,
  signal: AbortSignal,
): Promise<Result | undefined> {
  const route = routeOf(client);
  const draft = route && operation.draft(route);
  if (draft === undefined || signal.aborted) return undefined;
  const request: Request = {
    method: draft.method,
    path: pathOf(route!.basePath, draft.key),
    search: draft.search ?? "",
    headers: { ...route!.headers, ...draft.headers },
  };
  if (draft.body !== undefined) request.body = draft.body;
  try {
    await route!.sign(request);
  } catch {
    return undefined; // Without credentials, for example. The SDK will say so.
  }

  const { input } = command;
  const started = performance.now();
  let answer: Answer;
  try {
    answer = await route!.exchange(request, operation.maxBytes ?? Infinity, signal, operation.inParts);
  } catch (error) {
    if (signal.aborted) throw error;
    tellRequest(operation.name, input, 1, started, request, error as Error);
    replay(command, error as Error);
    return undefined;
  }
  tellRequest(operation.name, input, 1, started, request, answer);
  const isWhole = answer.broken === undefined && answer.tooLong === undefined;
  const result = isWhole ? operation.read(answer) : undefined;
  if (result === undefined) replay(command, answer);
  else route!.recordSuccess();
  return result;
}
