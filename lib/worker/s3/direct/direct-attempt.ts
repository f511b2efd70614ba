import type { Client } from "../client.js";
import { isAmbiguous, isRejection } from "../attempts/ambiguous.js";
import { Sending } from "../attempts/doubt.js";
import type { Task } from "../task.js";
import { tellRequest } from "../transport/seen-requests.js";
import { wasOnUsedConnection } from "./exchange.js";
import { pathOf } from "./messages.js";
import type { Answer, InParts, Request } from "./messages.js";
import type { Tried } from "./replay.js";
import type { Route } from "./route.js";

/** A request before the parts that depend on the route are added. */
export interface Draft {
  method: Request["method"];
  key?: string;
  search?: string;
  headers: Record<string, string>;
  body?: Buffer;
}

/** An S3 operation: its request and its expected response. */
export interface Operation<Result> {
  /** S3's name of the operation. */
  name: string;
  /** @returns undefined if the input needs the SDK */
  draft(route: Route): Draft | undefined;
  /** @returns undefined for any response other than the expected one */
  read(answer: Answer): Result | undefined;
  maxBytes?: number;
  inParts?: InParts | undefined;
}

/**
 * Sends the first attempt of a request without the SDK, because the SDK's own work is most of the cost of a small
 * request.
 *
 * If there is no result, the SDK continues. If a request was sent, the SDK treats its outcome as that of its own first
 * attempt. So all failures are handled in one place, and no request is sent more often than the SDK would send it. The
 * exception is a request lost on a reused connection, which is sent once more on a new connection.
 *
 * @param input - the input of the SDK's command
 */
export async function directAttempt<Result>(
  client: Client,
  input: object,
  operation: Operation<Result>,
  { signal, doubt }: Task,
): Promise<Tried<Result>> {
  const { route } = client;
  if (route === undefined || signal.aborted) return {};
  const draft = operation.draft(route);
  if (draft === undefined) return {};
  const { method, key, search = "", headers, body } = draft;
  const path = pathOf(route.basePath, key);
  // V8 takes microseconds to spread objects whose members are named at run time.
  const all = Object.assign({}, route.headers, headers);
  const request: Request = { method, path, search, headers: all };
  if (body !== undefined) request.body = body;
  // Without credentials this rejects as the SDK would.
  await route.sign(request);
  const use = client.credentials?.use;

  const started = performance.now();
  let tries = 0;
  const send = async (): Promise<Answer> => {
    tries += 1;
    const sending = new Sending(operation.name, doubt);
    try {
      sending.begin(client.isLocal);
      const answer = await route.exchange(request, sending, operation.maxBytes, signal, operation.inParts);
      if (isRejection(answer.statusCode)) sending.didNothing();
      return answer;
    } catch (error) {
      if (!isAmbiguous(error as Error)) sending.didNothing();
      tellRequest(operation.name, input, tries, started, request, error as Error);
      throw error;
    }
  };
  let answer: Answer;
  try {
    answer = await send().catch((error: Error) => {
      if (signal.aborted || !wasOnUsedConnection(error)) throw error;
      return send();
    });
  } catch (error) {
    if (signal.aborted) throw error;
    return { outcome: error as Error, use, tries };
  }
  tellRequest(operation.name, input, tries, started, request, answer);
  client.clock.hear(answer);
  const isWhole = answer.broken === undefined && answer.tooLong === undefined;
  const result = isWhole ? operation.read(answer) : undefined;
  return result === undefined ? { outcome: answer, use, tries } : { result };
}
