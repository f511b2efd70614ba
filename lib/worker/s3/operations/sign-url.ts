import type { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Link } from "../../../bridge/protocol.js";
import { OperationError } from "../../operation-error.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";

/**
 * The longest lifetime of temporary credentials from AWS.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
const LONGEST_SESSION_SECONDS = 36 * 3600;

/**
 * Signs a link. This sends no request to S3, but finding credentials may send requests to other services.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
 */
export async function signUrl(target: Target, key: string, link: Link, signal: AbortSignal): Promise<string> {
  const { client } = target;
  const { method, expiresIn, contentType, disposition } = link;
  const input = keyInput(target, key);
  await checkLifetime(target, expiresIn);
  signal.throwIfAborted();
  if (method === "GET") {
    const shown = { ResponseContentType: contentType, ResponseContentDisposition: disposition };
    const command = new sdk.GetObjectCommand({ ...input, ...shown });
    withoutChecksums(command);
    return client.presign(command, { expiresIn });
  }
  const command = new sdk.PutObjectCommand({ ...input, ContentType: contentType });
  withoutChecksums(command);
  // By default, the presigner leaves the Content-Type unsigned, and the link would store any Content-Type.
  const signed = contentType === undefined ? {} : { signableHeaders: new Set(["content-type"]) };
  return client.presign(command, { expiresIn, ...signed });
}

/** A link expires with the credentials that it was signed with. @throws if the credentials expire before the link */
async function checkLifetime({ client }: Target, expiresIn: number): Promise<void> {
  const { expiration, sessionToken } = await client.identity();
  if (expiration !== undefined) {
    const left = Math.floor((expiration.getTime() - Date.now()) / 1000);
    if (left < expiresIn)
      throw tooShort(
        `the credentials expire in ${Math.max(0, left)} seconds, and a link signed with them expires then, too`,
      );
  } else if (sessionToken !== undefined && expiresIn > LONGEST_SESSION_SECONDS) {
    throw tooShort(
      "the credentials are temporary, so they expire after at most 36 hours, and a link signed with them expires then, too",
    );
  }
}

function tooShort(reason: string): OperationError {
  return new OperationError("CredentialsEndFirst", reason);
}

interface HttpRequest {
  headers: Record<string, string>;
}

/**
 * Removes the checksum headers that the SDK adds. The effect is that of requestChecksumCalculation "WHEN_REQUIRED". The
 * checksum of a PUT would be that of an empty body, and S3 would reject any other body.
 */
function withoutChecksums({ middlewareStack }: { middlewareStack: object }): void {
  (middlewareStack as PutObjectCommand["middlewareStack"]).add(
    (next) => (args) => {
      const { headers } = args.request as HttpRequest;
      for (const name of Object.keys(headers))
        if (/^x-amz-(?:sdk-)?checksum-/i.test(name)) delete headers[name];
      return next(args);
    },
    { step: "build", priority: "low", name: "s3bucketmapNoChecksum" },
  );
}
