import type { PutObjectCommand } from "@aws-sdk/client-s3";
import type { Link } from "../../../bridge/protocol.js";
import { OperationError } from "../../operation-error.js";
import { sdk } from "../sdk.js";
import { keyInput } from "../bucket-input.js";
import type { Target } from "../target.js";

/** AWS gives no temporary credentials for longer. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
const LONGEST_SESSION_SECONDS = 36 * 3600;

/**
 * Signs a link. No request to S3; finding credentials may take some to others.
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
  // The presigner leaves the Content-Type unsigned unless told: the link would store any.
  const signed = contentType === undefined ? {} : { signableHeaders: new Set(["content-type"]) };
  return client.presign(command, { expiresIn, ...signed });
}

/** A link ends with the credentials that it was signed with. @throws if that is before it expires */
async function checkLifetime({ client }: Target, expiresIn: number): Promise<void> {
  const { expiration, sessionToken } = await client.identity();
  if (expiration !== undefined) {
    const left = Math.floor((expiration.getTime() - Date.now()) / 1000);
    if (left < expiresIn)
      throw tooShort(
        `the credentials end in ${Math.max(0, left)} seconds, and a link signed with them ends then, too`,
      );
  } else if (sessionToken !== undefined && expiresIn > LONGEST_SESSION_SECONDS) {
    throw tooShort(
      "the credentials are temporary, which last 36 hours at most, and a link signed with them ends with them",
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
 * Removes the checksum headers that the SDK adds, as it does with requestChecksumCalculation "WHEN_REQUIRED": the checksum
 * of a PUT would be that of an empty body, and S3 would refuse any other.
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
