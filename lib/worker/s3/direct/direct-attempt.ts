import type { Client } from "../client.js";
import type { Use } from "../credentials/credentials.js";
import { Sending } from "../attempts/doubt.js";
import { tellRequest } from "../transport/request-log.js";
import { isAmbiguous, isRefusal } from "../attempts/ambiguous.js";
import { wasOnUsedConnection } from "./exchange.js";
import type { Answer, Request, InParts } from "./messages.js";
import { pathOf } from "./route.js";
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

/** What came of a direct attempt. */
export interface Tried<Result> {
  /** The answer, where it was the plain one that was hoped for. */
  result?: Result;
  /** Otherwise, where anything was sent: what the SDK is to make something of ({@link replay}). */
  outcome?: Answer | Error;
  /** What it was signed with. */
  use?: Use | undefined;
  /** How often it was sent until there was an answer: twice where a used connection was lost. */
  tries?: number;
}

/**
 * Sends the first attempt of a request directly, without the SDK: the SDK's own work is most of what a small request
 * costs, and loading it is most of what a program's first request takes.
 *
 * Without a result, the SDK is to send it: either nothing has been sent yet, or the SDK is given what came of it as its
 * own first attempt. So each failure has one and the same way to be handled, no request is sent more often than the SDK
 * would, and attempts count right. Only where a used connection was lost, it is sent once more by a new one.
 *
 * @param input - that of the SDK's command
 */
export async function directAttempt<Result>(
  client: Client,
  input: object,
  operation: Operation<Result>,
  signal: AbortSignal,
): Promise<Tried<Result>> {
  const { route } = client;
  const draft = route && operation.draft(route);
  if (draft === undefined || signal.aborted) return {};
  const request: Request = {
    method: draft.method,
    path: pathOf(route!.basePath, draft.key),
    search: draft.search ?? "",
    headers: { ...route!.headers, ...draft.headers },
  };
  if (draft.body !== undefined) request.body = draft.body;
  // Without credentials it fails as the SDK would.
  await route!.sign(request);
  const use = client.credentials?.use;

  const started = performance.now();
  let tries = 0;
  const send = async (): Promise<Answer> => {
    tries += 1;
    const sending = new Sending(operation.name);
    try {
      const answer = await sending.during(
        () => route!.exchange(request, operation.maxBytes, signal, operation.inParts),
        client.isLocal,
      );
      if (isRefusal(answer.statusCode)) sending.didNothing();
      return answer;
    } catch (error) {
      if (!isAmbiguous(error as Error)) sending.didNothing();
      if (!signal.aborted) tellRequest(operation.name, input, tries, started, request, error as Error);
      throw error;
    }
  };
  let answer: Answer;
  try {
    answer = await send().catch((error: Error) => {
      if (signal.aborted || !wasOnUsedConnection(error)) throw error;
      return send(); // By a new one.
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return { outcome: error as Error, use, tries };
  }
  tellRequest(operation.name, input, tries, started, request, answer);
  const isWhole = answer.broken === undefined && answer.tooLong === undefined;
  const result = isWhole ? operation.read(answer) : undefined;
  return result === undefined ? { outcome: answer, use, tries } : { result };
}
