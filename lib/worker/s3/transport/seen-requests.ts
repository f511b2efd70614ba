import { channel } from "node:diagnostics_channel";

/** One try of a request, when it is over. */
export interface SeenRequest {
  /** S3's name of the operation. */
  operation: string;
  /** The key, or for a listing the prefix. */
  key: string;
  attempt: number;
  ms: number;
  /** By the headers, where they tell. What a HEAD tells is not received. */
  bytesSent?: number;
  bytesReceived?: number;
  /** The HTTP status, or what went wrong instead of one. */
  outcome: number | string;
}

// A channel, for those who send requests should not know who watches them.
const seen = channel("s3bucketmap.request");

/** Whether anybody watches: nothing need be done for a request otherwise. */
export function areRequestsWatched(): boolean {
  return seen.hasSubscribers;
}

export function sayRequest(request: SeenRequest): void {
  seen.publish(request);
}

export function watchRequests(watcher: (request: SeenRequest) => void): void {
  seen.subscribe((request) => watcher(request as SeenRequest));
}

const listed = channel("s3bucketmap.listed");

/** How many keys a listing gave. */
export function sayListed(keys: number): void {
  if (listed.hasSubscribers) listed.publish(keys);
}

export function watchListed(watcher: (keys: number) => void): void {
  listed.subscribe((keys) => watcher(keys as number));
}
