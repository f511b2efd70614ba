import type { RequestCount } from "../../bridge/protocol.js";
import { watchRequests } from "../s3/transport/seen-requests.js";

const counts = new Map<string, RequestCount>();
let isCounting = false;

/** Starts counting requests. */
export function countRequests(): void {
  if (isCounting) return;
  isCounting = true;
  watchRequests(({ operation, outcome, ms, bytesSent, bytesReceived }) => {
    const count = counts.get(operation) ?? {
      operation,
      requests: 0,
      failed: 0,
      bytesSent: 0,
      bytesReceived: 0,
      ms: 0,
    };
    count.requests += 1;
    // A missing key is not a failure.
    if (typeof outcome !== "number" || (outcome >= 300 && outcome !== 404)) count.failed += 1;
    count.bytesSent += bytesSent ?? 0;
    if (operation !== "HeadObject") count.bytesReceived += bytesReceived ?? 0;
    count.ms += ms;
    counts.set(operation, count);
  });
}

export function requestCounts(): RequestCount[] {
  return [...counts.values()];
}
