import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

export interface VersionedOptions {
  /** How many versions a page has at most. Default: 1000. */
  pageSize?: number;
  oddity?:
    | "begins with the marker"
    | "ignores the marker"
    | "knows no versions"
    | "versions first"
    | "markers first"
    | "oldest first";
}

export interface VersionedService {
  readonly endpoint: string;
  /** The requests since the last time, such as "GET versions". */
  log(): Promise<string[]>;
  end(): Promise<unknown>;
}

/**
 * An S3 that keeps versions. It has any bucket: "off" keeps none, "suspended" says that it no longer does, "denied" does not
 * say, and all others do.
 */
export async function startVersionedService(options: VersionedOptions = {}): Promise<VersionedService> {
  const worker = new Worker(path.join(__dirname, "versioned-service.js"), {
    workerData: { pageSize: 1000, ...options },
  });
  const [port] = (await once(worker, "message")) as [number];
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    log: async () => (await fetch(`${endpoint}/?log`)).json() as Promise<string[]>,
    end: () => worker.terminate(),
  };
}
