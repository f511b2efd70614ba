import type { S3Client } from "@aws-sdk/client-s3";
import type { SdkError } from "../sdk-errors.js";
import type { MapCredentials, Use } from "./credentials.js";

/** The credentials that a command's last attempt was signed with, by the context in which the SDK sends it. */
const uses = new WeakMap<object, Use>();

/** Records the credentials that a direct attempt was signed with. */
export function noteUse(context: object, use: Use): void {
  uses.set(context, use);
}

/**
 * If S3 responds that the credentials of a request have expired or are unknown, they are read again, and the request is
 * sent once more. Such a response means that nothing was done, so even a write may be repeated.
 */
export function renewCredentials(client: S3Client, credentials: MapCredentials): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const use = uses.get(context);
        if (use === undefined || !(await credentials.renewAfter(error as SdkError, use))) throw error;
        return await next(args);
      }
    },
    // Runs around all of the SDK's attempts, when the request is complete except for its signature.
    { step: "build", priority: "low", name: "s3bucketmapRenewal" },
  );
  client.middlewareStack.add(
    (next, context) => (args) => {
      uses.set(context, credentials.use);
      return next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "s3bucketmapUse" },
  );
}
