import { isAws } from "./direct/predicted-route.js";
import type { OperationError } from "../operation-error.js";
import type { ClientConfig } from "../../bridge/protocol.js";
import type { Client } from "./client.js";
import type { Quoting } from "./etag.js";

/**
 * What trials have shown about how a service treats the conditions of a PUT, a DELETE and a copy. AWS and the local S3
 * need no trial, so a method that is still undefined after a conditional write means one of these two.
 */
export interface Conditions {
  /** How the service expects ETags, or the error for a service that ignores conditions. */
  put?: Quoting | OperationError;
  delete?: Quoting | OperationError;
  /** The same for the condition on the source of a copy. */
  copy?: Quoting | OperationError;
  /** Keys of trials that may still exist, because their deletion was rejected, or its outcome is unknown. */
  readonly left: Map<string, "rejected" | "unsure">;
}

/** The bucket that operations work on. */
export interface Target {
  readonly client: Client;
  readonly settings: ClientConfig;
  /**
   * A response has proved that the bucket exists. A HEAD's 404 proves nothing: it has no body that names the reason.
   */
  bucketProved: boolean;
  readonly conditions: Conditions;
  /** The service rejects its own ETags as a condition on the source of a copy. */
  copiesUnbound?: boolean;
  /** The service may ignore If-None-Match of a CopyObject, and copy over a key that exists. */
  mayCopyOverExisting?: boolean;
  /** How the service accepts DeleteObjects, once that is known. */
  bulkDeletes?: "plain" | "with MD5" | "none";
}

/** Whether a request goes to AWS or the local S3. They honour conditions, and no proxy in front of them repeats a write. */
export function isAwsOrLocal({ settings }: Target, hostname: string): boolean {
  return settings.local !== undefined || isAws(hostname);
}
