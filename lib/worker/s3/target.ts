import type { OperationError } from "../operation-error.js";
import type { ClientConfig } from "../../bridge/protocol.js";
import type { Client } from "./client.js";

/** How a service wants an ETag in If-Match. */
export type Quoting = "quoted" | "bare";

/** What a service was seen to make of the conditions of a PUT and of a DELETE; the error says that it ignores them. */
export interface Conditions {
  put?: Quoting | OperationError;
  delete?: Quoting | OperationError;
  /** Keys of trials that may still be there. A deletion was refused, or it is not known what became of it. */
  readonly left: Map<string, "refused" | "unsure">;
}

/** What every operation is given. */
export interface Target {
  readonly client: Client;
  readonly settings: ClientConfig;
  /** Whether an answer has proved that the bucket exists: a HEAD's 404 does not tell. */
  bucketProved: boolean;
  /** What has been found out of the service's conditions. */
  readonly conditions: Conditions;
  /** How the service takes DeleteObjects, where that is known. */
  bulkDeletes?: "plain" | "with MD5" | "none";
}
