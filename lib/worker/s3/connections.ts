import type { Agent } from "node:http";
import type { Socket } from "node:net";
import type { S3Client } from "@aws-sdk/client-s3";

interface Agents {
  httpAgent?: Agent;
  httpsAgent?: Agent;
}

const agents = new Set<Agent>();
let most = 0;

/** Has the connections of a client looked at by {@link bytesOnTheWire}. */
export function watchConnections(client: S3Client): void {
  const handler = client.config.requestHandler as { httpHandlerConfigs?: () => Agents };
  const { httpAgent, httpsAgent } = handler.httpHandlerConfigs?.() ?? {};
  if (httpAgent !== undefined) agents.add(httpAgent);
  if (httpsAgent !== undefined) agents.add(httpsAgent);
}

/** How many bytes have come and gone by the connections, those of answers that are not over included. */
export function bytesOnTheWire(): number {
  let bytes = 0;
  for (const { sockets, freeSockets } of agents) {
    for (const socket of [...Object.values(sockets), ...Object.values(freeSockets)].flat()) {
      const { bytesRead, bytesWritten } = socket as Socket;
      bytes += bytesRead + bytesWritten;
    }
  }
  // Those of a connection that was closed are no longer counted.
  return (most = Math.max(most, bytes));
}
