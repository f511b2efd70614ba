import type { OperationError } from "../operation-error.js";
import type { ClientConfig } from "../../bridge/protocol.js";
import type { Client } from "./client.js";
import type { Quoting } from "./etag.js";

/** What trials have shown of how a service treats the conditions of a PUT and of a DELETE. */
export interface Conditions {
  /** How it wants ETags, or the error for a service that ignores conditions. */
  put?: Quoting | OperationError;
  delete?: Quoting | OperationError;
  /** Of the source of a copy. */
  copy?: Quoting | OperationError;
  /** Keys of trials that may still exist: their deletion was refused, or its outcome is unknown. */
  readonly left: Map<string, "refused" | "unsure">;
}

/** The bucket that operations work on. */
export interface Target {
  readonly client: Client;
  readonly settings: ClientConfig;
  /** An answer has proved that the bucket exists. A HEAD's 404 proves nothing: it has no body that names the reason. */
  bucketProved: boolean;
  readonly conditions: Conditions;
  /** The service refuses the ETag that it gives as a condition on the source of a copy. */
  copiesUnbound?: boolean;
  /** The service is not known to refuse a copy to a key that exists. */
  copiesOverExisting?: boolean;
  /** How the service takes DeleteObjects, once that is known. */
  bulkDeletes?: "plain" | "with MD5" | "none";
}
