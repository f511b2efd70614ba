import type { Failure } from "../../../bridge/protocol.js";
import { fatalCodes } from "../../../errors/codes.js";
import { checkAnswer } from "../listing/list-answer.js";
import { firstNewName } from "../listing/listed-names.js";
import { listInput, namesOf } from "../operations/list-objects.js";
import type { Target } from "../target.js";
import { sdk } from "../sdk.js";
import type { Answers } from "./answers.js";

/**
 * The first request of a diagnosis: whether there is a key under a prefix. It changes nothing, and its answer tells of
 * a wrong bucket, region, clock and credentials in words, which that of a HEAD does not.
 */
export async function listOne(
  target: Target,
  prefix: string,
  answers: Answers,
  signal: AbortSignal,
): Promise<boolean> {
  const input = listInput(target, { prefix, limit: 1 });
  const command = answers.watch(new sdk.ListObjectsV2Command(input));
  const output = await target.client.send(command, { abortSignal: signal });
  checkAnswer(input, output);
  const listed = (output.Contents ?? []).map(({ Key }) => Key ?? "");
  const names = namesOf(listed, output.EncodingType === "url");
  firstNewName({ prefix, names });
  return names.length > 0;
}

/** Which of the lines it is that the first request's failure is about. */
export function lineOf({ code, statusCode }: Failure): string {
  if (code.startsWith("LocalS3")) return "directory";
  if (code === "NoSuchBucket" || code === "InvalidBucketName") return "bucket";
  if (code === "RequestTimeTooSkewed") return "clock";
  if (/Redirect$|^AuthorizationHeaderMalformed$|^IllegalLocation/.test(code)) return "region";
  if (code === "BadConfiguration" || code === "SdkUnavailable") return "endpoint";
  if (fatalCodes.has(code)) return "credentials";
  const isAnswer = statusCode !== undefined && statusCode < 500 && !/^HTTP\d|^BadAnswer$/.test(code);
  return isAnswer || code === "BadListing" ? "list" : "endpoint";
}
