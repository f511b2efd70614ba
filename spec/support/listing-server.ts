import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** A service that lists many keys, without the time it takes to store them. */
export interface ListingServer {
  endpoint: string;
  /** How many pages it has given. */
  requests(): Promise<number>;
  end(): void;
}

export async function startListingServer(
  count: number,
  shape: string,
  oddity: "none" | "ignores start-after" | "short pages" = "none",
): Promise<ListingServer> {
  const file = path.join(__dirname, "listing-server.js");
  const child = spawn(process.execPath, [file, "0", String(count), shape, oddity], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = (await once(child.stdout, "data")) as [Buffer];
  const endpoint = `http://127.0.0.1:${port.toString().trim()}`;
  return {
    endpoint,
    requests: async () => Number(await (await fetch(`${endpoint}/requests`)).text()),
    end: () => void child.stdin.end(),
  };
}
