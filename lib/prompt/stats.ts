import type { RequestCount } from "../bridge/protocol.js";
import { asBytes, asCount } from "../text/format.js";

/** Requests by operation, as the worker counted them. */
export type Requests = readonly RequestCount[];

/** A row for each of S3's operations, and their sum. */
export function statsTable(requests: Requests): string[] {
  if (requests.length === 0) return ["No requests yet."];
  const heading = ["operation", "requests", "failed", "sent", "received", "time", "each"];
  const rows = [...requests, sum(requests)].map((count) => [
    count.operation,
    asCount(count.requests),
    asCount(count.failed),
    asBytes(count.bytesSent),
    asBytes(count.bytesReceived),
    `${asCount(Math.round(count.ms))} ms`,
    `${(count.ms / count.requests).toFixed(1)} ms`,
  ]);
  const widths = heading.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)));
  return [heading, ...rows].map(
    (row) =>
      `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[at]!))).join("  ")}`,
  );
}

/** How many requests there were more, and of which operations: `2 requests (GetObject, PutObject)`. */
export function difference(before: Requests, after: Requests): string {
  const more = after
    .map(({ operation: name, requests }) => {
      const known = before.find(({ operation }) => operation === name);
      return { name, count: requests - (known?.requests ?? 0) };
    })
    .filter(({ count }) => count > 0);
  const all = more.reduce((total, { count }) => total + count, 0);
  const names = more.map(({ name, count }) => (count === 1 ? name : `${asCount(count)} ${name}`));
  const which = names.length === 0 ? "" : ` (${names.join(", ")})`;
  return `${all === 1 ? "1 request" : `${asCount(all)} requests`}${which}`;
}

function sum(counts: readonly RequestCount[]): RequestCount {
  const all = { operation: "all", requests: 0, failed: 0, bytesSent: 0, bytesReceived: 0, ms: 0 };
  for (const count of counts) {
    for (const name of ["requests", "failed", "bytesSent", "bytesReceived", "ms"] as const)
      all[name] += count[name];
  }
  return all;
}
