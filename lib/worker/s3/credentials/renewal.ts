import type { S3Client } from "@aws-sdk/client-s3";
import type { MapCredentials, Refused, Use } from "./credentials.js";

/** By the context of what the SDK sends: what its last try was signed with. */
const uses = new WeakMap<object, Use>();

/** Says what a direct attempt was signed with. */
export function noteUse(context: object, use: Use): void {
  uses.set(context, use);
}

/**
 * Where S3 says that the credentials of a request have expired or are unknown, has them read again and sends the request
 * once more. That is a definite no: nothing was done, and a write may be sent again.
 */
export function renewCredentials(client: S3Client, credentials: MapCredentials): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const use = uses.get(context);
        if (use === undefined || !(await credentials.renewAfter(error as Refused, use))) throw error;
        return await next(args);
      }
    },
    // Around all of the SDK's tries, and after what makes the request but its signature.
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
